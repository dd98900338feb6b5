"""CHPNet: the light student of distillation, gradient steps and one convolutional denoiser."""

import math
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from feathermr.core.complexes import from_channels, to_channels
from feathermr.core.errors import UsageError
from feathermr.models.magnified import as_image, as_magnitude, matching
from feathermr.nn.sparse_start import sparse_start
from feathermr.nn.subpixel import SubPixel, SubPixelDenoiser
from feathermr.operators import LinearOperator

#: of which the denoiser wants height and width
MULTIPLE = 4


@dataclass(frozen=True)
class ChpnetConfig:
    """Sizes of CHPNet.

    Attributes:
        scale: 1 to reconstruct from k-space; 2, 3, 4 to magnify magnitude images so many times.
        steps: times that the one denoiser is applied.
        width: channels of the denoiser at half resolution.
        depth: its residual blocks at a quarter of the resolution.
        first: ``delta`` and ``eta`` of every step before training.
        sparse: starts from an image of small total variation, where it starts from k-space.
        kernel: pixels along each side of the learned transpose of down-sampling, odd.
        kronecker: ``n`` of the denoiser's layers; 1 for dense ones.
    """

    scale: int = 1
    steps: int = 6
    width: int = 48
    depth: int = 2
    first: tuple[float, float] = (0.1, 0.9)
    sparse: bool = False
    kernel: int = 5
    kronecker: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.scale <= 4:
            raise UsageError(f"scale must be from 1 to 4, not {self.scale}")
        if min(self.steps, self.width, self.kronecker) < 1 or self.depth < 0:
            raise UsageError("steps, width and kronecker must be at least 1, depth at least 0")
        if min(self.first) <= 0 or self.kernel % 2 == 0:
            raise UsageError("both of first must be positive, and kernel must be odd")


@final
class Chpnet(nn.Module):
    """``x_{k+1} = x_k - delta_k (A^H (A x_k - y) + eta_k (x_k - v_k))``, ``v_k`` the denoised.

    ``delta_k`` and ``eta_k`` are learned and stay positive as exponentials; the denoiser has the
    same weights in every step. From k-space, ``x_0`` is ``A^H y`` or an image of small total
    variation, and the adjoint is exact. From an image of low resolution ``A`` is down-sampling,
    ``x_0`` what its kernel interpolates, and in the place of ``A^H`` stands a learned convolution
    with a sub-pixel shuffle. Frames go each by itself.

    The step: Dong et al. 2019, doi:10.1109/TPAMI.2018.2873610.
    """

    def __init__(self, config: ChpnetConfig) -> None:
        super().__init__()
        self.scale, self.sparse = config.scale, config.sparse
        channels = 2 if config.scale == 1 else 1
        self.denoiser = SubPixelDenoiser(channels, config.width, config.depth, config.kronecker)
        self.transpose = None if config.scale == 1 else _transpose(config.scale, config.kernel)
        step, pull = (math.log(value) for value in config.first)
        self.log_step = nn.Parameter(torch.full((config.steps,), step))
        self.log_pull = nn.Parameter(torch.full((config.steps,), pull))

    def forward(self, measured: Tensor, encoding: Any) -> Tensor:
        """K-space, or images of low resolution, to images (slice, frame, y, x)."""
        return self.images(measured, encoding)[-1]

    def images(self, measured: Tensor, encoding: Any) -> list[Tensor]:
        """The image after each step."""
        if self.transpose is None:
            image = encoding.H(measured)
            if self.sparse:
                image = sparse_start(measured, image, encoding)
        else:
            image = as_image(as_magnitude(matching(encoding, self.scale).interpolate(measured)))
        images = []
        for log_step, log_pull in zip(self.log_step, self.log_pull, strict=True):
            gradient = self._gradient(image, measured, encoding)
            pulled = log_pull.exp() * self._change(image)
            image = image - log_step.exp() * (gradient - pulled)
            images.append(image)
        return images

    def _gradient(self, image: Tensor, measured: Tensor, encoding: LinearOperator) -> Tensor:
        if self.transpose is None:
            return encoding.H(encoding(image) - measured)
        missed = as_magnitude((encoding(image) - measured).flatten(0, 1)[:, None])
        return as_image(self.transpose(missed).to(missed.dtype)).reshape(image.shape)

    def _change(self, image: Tensor) -> Tensor:
        """``v - x``."""
        frames = image.flatten(0, 1)[:, None]
        channels = to_channels(frames) if self.transpose is None else as_magnitude(frames)
        height, width = channels.shape[-2:]
        wide = pad(channels, (0, -width % MULTIPLE, 0, -height % MULTIPLE), mode="replicate")
        change = self.denoiser(wide)[..., :height, :width].to(channels.dtype)
        found = from_channels(change) if self.transpose is None else as_image(change)
        return found.reshape(image.shape)


def _transpose(scale: int, kernel: int) -> SubPixel:
    """Of the residual's pixels; before training each fine pixel is the coarse one around it."""
    layer = SubPixel(1, 1, scale, kernel)
    with torch.no_grad():
        for name, parameter in layer.named_parameters():
            parameter.zero_()
            if name.endswith("weight"):
                parameter[..., kernel // 2, kernel // 2] = 1
    return layer
