"""What a training makes small, by name: each loss of two complex images, with its terms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, NamedTuple, Protocol

import torch
from torch import Tensor, nn

from feathermr.core.axes import IMAGE, check_axes
from feathermr.core.errors import DataError, UsageError
from feathermr.core.fft import fft
from feathermr.core.registry import look_up
from feathermr.metrics import ssim
from feathermr.metrics.checks import check_pair
from feathermr.training.charbonnier import charbonnier
from feathermr.training.object_loss import ObjectConfig, object_errors
from feathermr.training.perceptual import Perceptual
from feathermr.training.reading import read
from feathermr.training.vgg import load_vgg19

#: a plain transform is ``sqrt(n_y n_x)`` times the orthonormal one
FourierScale = Literal["plain", "orthonormal"]
NO_FEATURES = (
    "the perceptual term of the loss is off, because no file of VGG19's weights was given "
    "(vgg_weights)"
)


class LossTerms(NamedTuple):
    """A loss and what it consists of.

    Attributes:
        total: what is made small; a scalar.
        terms: by name, weighted: they sum to the total. A term of weight zero is absent.
    """

    total: Tensor
    terms: Mapping[str, Tensor]


class Loss(Protocol):
    """What every loss is: a module of two complex images (slice, frame, y, x)."""

    @property
    def note(self) -> str:
        """A sentence that a user has to read before training; mostly empty."""
        ...

    def __call__(self, prediction: Tensor, target: Tensor) -> LossTerms:
        """Compare a network's image with the one that it should give."""
        ...


@dataclass(frozen=True)
class CompositeConfig:
    """Weights of the terms; zero leaves a term out.

    Attributes:
        image: of the Charbonnier penalty of the image.
        fourier: of the Charbonnier penalty of the image's Fourier transform.
        perceptual: of the distance of VGG19's features.
        epsilon: of both penalties, see `charbonnier`.
        fourier_scale: of the transform: ``plain``, without a factor, is what the weight 0.1 is
            meant for; ``orthonormal`` makes it independent of the image's size.
        vgg_weights: file of VGG19's weights, see `load_vgg19`; without one the perceptual term is
            off.
    """

    image: float = 15.0
    fourier: float = 0.1
    perceptual: float = 0.0025
    epsilon: float = 1e-9
    fourier_scale: FourierScale = "plain"
    vgg_weights: str = ""

    def __post_init__(self) -> None:
        check_weights(self)


class CompositeLoss(nn.Module):
    """``alpha C(p - t) + beta C(F (p - t)) + gamma P(p, t)``.

    ``C`` is the Charbonnier penalty of real and imaginary parts, ``F`` the Fourier transform and
    ``P`` the distance of VGG19's features. Huang et al., "Swin transformer for fast MRI" (2022),
    doi:10.1016/j.neucom.2022.04.051.

    Args:
        config: weights.
        perceptual: in place of the file that the configuration names.
    """

    def __init__(self, config: CompositeConfig, perceptual: Perceptual | None = None) -> None:
        super().__init__()
        if config.epsilon <= 0:
            raise UsageError(f"epsilon must be above zero, not {config.epsilon:g}")
        if perceptual is None and config.vgg_weights and config.perceptual > 0:
            perceptual = Perceptual(load_vgg19(config.vgg_weights))
        self.config = config
        self.perceptual = perceptual if config.perceptual > 0 else None
        if self.perceptual is None and config.image == 0 and config.fourier == 0:
            raise UsageError("every term of the composite loss is off; give one a weight")

    @property
    def note(self) -> str:
        """Whether the perceptual term is off although it has a weight."""
        return NO_FEATURES if self.perceptual is None and self.config.perceptual > 0 else ""

    def forward(self, prediction: Tensor, target: Tensor) -> LossTerms:
        """Compare two complex images (slice, frame, y, x)."""
        check_images(prediction, target)
        config = self.config
        terms = {}
        if config.image > 0:
            terms["image"] = config.image * charbonnier(prediction, target, epsilon=config.epsilon)
        if config.fourier > 0:
            terms["fourier"] = config.fourier * self._fourier(prediction, target)
        if self.perceptual is not None:
            terms["perceptual"] = config.perceptual * self.perceptual(prediction, target)
        return summed(terms)

    def _fourier(self, prediction: Tensor, target: Tensor) -> Tensor:
        height, width = target.shape[-2:]
        scale = (height * width) ** 0.5 if self.config.fourier_scale == "plain" else 1.0
        spectra = (scale * fft(image) for image in (prediction, target))
        return charbonnier(*spectra, epsilon=self.config.epsilon)


@dataclass(frozen=True)
class NoConfig:
    """Nothing to set."""


class L1Loss(nn.Module):
    """``mean |p - t|`` of complex images."""

    note = ""

    def __init__(self, config: NoConfig) -> None:
        super().__init__()

    def forward(self, prediction: Tensor, target: Tensor) -> LossTerms:
        """Compare two complex images (slice, frame, y, x)."""
        check_images(prediction, target)
        return summed({"l1": (prediction - target).abs().mean()})


class MseLoss(nn.Module):
    """``mean |p - t|^2`` of complex images."""

    note = ""

    def __init__(self, config: NoConfig) -> None:
        super().__init__()

    def forward(self, prediction: Tensor, target: Tensor) -> LossTerms:
        """Compare two complex images (slice, frame, y, x)."""
        check_images(prediction, target)
        difference = torch.view_as_real(prediction - target)
        return summed({"mse": difference.square().sum(-1).mean()})


@dataclass(frozen=True)
class LogMseConfig:
    """Settings.

    Attributes:
        epsilon: added to the mean square, for images of about 1: below it nothing is gained.
    """

    epsilon: float = 1e-6

    def __post_init__(self) -> None:
        check_weights(self)


class LogMseLoss(nn.Module):
    """``ln(mean |p - t|^2 + epsilon)`` of each slice, averaged: a decibel counts the same in all.

    So neither noisy scans nor clean ones decide alone what is learned.
    """

    note = ""

    def __init__(self, config: LogMseConfig) -> None:
        super().__init__()
        if config.epsilon <= 0:
            raise UsageError(f"epsilon must be above zero, not {config.epsilon:g}")
        self.config = config

    def forward(self, prediction: Tensor, target: Tensor) -> LossTerms:
        """Compare two complex images (slice, frame, y, x)."""
        check_images(prediction, target)
        difference = torch.view_as_real(prediction - target)
        squares = difference.square().sum(-1).mean((1, 2, 3))
        return summed({"log-mse": (squares + self.config.epsilon).log().mean()})


class ObjectLoss(nn.Module):
    """``(1 - s) ln(mean w |p - t|^2) + s ln(mean w (|p| - |t|)^2)`` of each slice, averaged.

    ``w`` is about 1 where the object is and small elsewhere (`object_weights`); a decibel counts
    the same in all slices.
    """

    note = ""

    def __init__(self, config: ObjectConfig) -> None:
        super().__init__()
        self.config = config

    def forward(self, prediction: Tensor, target: Tensor) -> LossTerms:
        """Compare two complex images (slice, frame, y, x)."""
        check_images(prediction, target)
        errors = object_errors(prediction, target)
        shares = {"complex": 1 - self.config.magnitude, "magnitude": self.config.magnitude}
        return summed(
            {
                name: share * (error + self.config.epsilon).log().mean()
                for (name, share), error in zip(shares.items(), errors, strict=True)
                if share > 0
            }
        )


@dataclass(frozen=True)
class CharbonnierConfig:
    """Settings of the penalty.

    Attributes:
        epsilon: see `charbonnier`.
    """

    epsilon: float = 1e-9

    def __post_init__(self) -> None:
        check_weights(self)


class CharbonnierLoss(nn.Module):
    """The Charbonnier penalty of complex images."""

    note = ""

    def __init__(self, config: CharbonnierConfig) -> None:
        super().__init__()
        if config.epsilon <= 0:
            raise UsageError(f"epsilon must be above zero, not {config.epsilon:g}")
        self.config = config

    def forward(self, prediction: Tensor, target: Tensor) -> LossTerms:
        """Compare two complex images (slice, frame, y, x)."""
        check_images(prediction, target)
        return summed({"charbonnier": charbonnier(prediction, target, epsilon=self.config.epsilon)})


@dataclass(frozen=True)
class SsimConfig:
    """Weights of the terms; zero leaves a term out.

    Attributes:
        l1: of the complex difference.
        ssim: of the dissimilarity of the magnitudes.
    """

    l1: float = 1.0
    ssim: float = 0.1

    def __post_init__(self) -> None:
        check_weights(self)


class SsimLoss(nn.Module):
    """``l1 mean |p - t| + ssim (1 - SSIM(|p|, |t|))``.

    The data range of each image is the largest magnitude of its target, or 1 where the target is
    empty. The complex difference keeps the phase, which the magnitudes do not see. Zhao et al.,
    "Loss functions for image restoration with neural networks" (2017),
    doi:10.1109/TCI.2016.2644865.
    """

    note = ""

    def __init__(self, config: SsimConfig) -> None:
        super().__init__()
        if config.l1 == 0 and config.ssim == 0:
            raise UsageError("both terms of the loss are off; give one a weight")
        self.config = config

    def forward(self, prediction: Tensor, target: Tensor) -> LossTerms:
        """Compare two complex images (slice, frame, y, x), at least 7 x 7."""
        check_images(prediction, target)
        terms = {}
        if self.config.l1 > 0:
            terms["l1"] = self.config.l1 * (prediction - target).abs().mean()
        if self.config.ssim > 0:
            magnitude = target.abs()
            largest = magnitude.amax(dim=(-2, -1))
            largest = torch.where(largest > 0, largest, torch.ones_like(largest))
            similarity = ssim(prediction.abs(), magnitude, data_range=largest)
            terms["ssim"] = self.config.ssim * (1 - similarity.mean())
        return summed(terms)


@dataclass(frozen=True)
class LossKind:
    """A row of ``LOSSES``.

    Attributes:
        config: the settings' class.
        build: the loss of a configuration.
        summary: one line.
    """

    config: type[Any]
    build: Callable[[Any], Any]
    summary: str


LOSSES: Mapping[str, LossKind] = {
    "composite": LossKind(
        CompositeConfig, CompositeLoss, "Charbonnier of image and spectrum, and VGG19's features"
    ),
    "l1": LossKind(NoConfig, L1Loss, "mean magnitude of the complex difference"),
    "charbonnier": LossKind(
        CharbonnierConfig, CharbonnierLoss, "a smooth mean magnitude of both parts' differences"
    ),
    "mse": LossKind(NoConfig, MseLoss, "mean squared magnitude of the complex difference"),
    "log-mse": LossKind(
        LogMseConfig, LogMseLoss, "logarithm of each slice's mean squared complex difference"
    ),
    "object-log-mse": LossKind(
        ObjectConfig, ObjectLoss, "the same where the object is, of complex images and magnitudes"
    ),
    "l1-ssim": LossKind(SsimConfig, SsimLoss, "complex l1 and dissimilarity of the magnitudes"),
}


def make_loss(name: str, settings: Mapping[str, object] | None = None) -> Loss:
    """The loss called ``name``.

    Args:
        name: in ``LOSSES``.
        settings: values for its fields.

    Raises:
        UsageError: an unknown loss or setting, or a value of the wrong kind.
        DataError: a file of weights is not one.

    Example:
        >>> make_loss("l1-ssim", {"ssim": 0.2}).config
        SsimConfig(l1=1.0, ssim=0.2)
    """
    kind = look_up(LOSSES, name, "loss")
    loss: Loss = kind.build(read(kind.config, settings, f"the loss {name}"))
    return loss


def check_weights(config: Any) -> None:
    """Refuse a configuration with a negative number.

    Raises:
        UsageError: the sentence names the field.
    """
    for field in fields(config):
        value = getattr(config, field.name)
        if isinstance(value, float) and not 0 <= value < float("inf"):
            raise UsageError(f"{field.name} must be zero or positive and finite, not {value}")


def check_images(prediction: Tensor, target: Tensor) -> None:
    """Refuse what are not two complex images (slice, frame, y, x) of one shape.

    Raises:
        ShapeError: other axes, or shapes that differ.
        DataError: an image is real.
    """
    check_pair(prediction, target)
    check_axes(target, IMAGE, "the images of a loss")
    for name, image in (("prediction", prediction), ("target", target)):
        if not image.is_complex():
            raise DataError(f"a loss compares complex images, but the {name} is {image.dtype}")


def summed(terms: Mapping[str, Tensor]) -> LossTerms:
    """The terms and their sum."""
    return LossTerms(torch.stack(list(terms.values())).sum(), dict(terms))
