"""The perceptual loss: images compared by the features that VGG19 finds in them."""

from collections.abc import MutableMapping
from typing import Any

import torch
from torch import Tensor, nn

from feathermr.training.vgg import Vgg19Features

#: of relu1_2, relu2_2, relu3_4, relu4_4, relu5_4
LAYER_WEIGHTS = (0.1, 0.1, 1.0, 1.0, 1.0)
#: mean and standard deviation of red, green and blue in the images that VGG19 was trained with
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class Perceptual(nn.Module):
    """``sum_l w_l mean |phi_l(p) - phi_l(t)|`` over five features of the magnitudes.

    A magnitude, bright tissue about 1, is taken as red, green and blue alike, and each is
    normalised by ImageNet's mean and standard deviation; it is not clipped, so that what is too
    bright keeps its gradient. Johnson et al., "Perceptual losses for real-time style transfer and
    super-resolution" (2016), doi:10.1007/978-3-319-46475-6_43.

    The features are frozen and stay out of the state dict: a checkpoint would grow by 80 MB of
    weights that never change.

    Args:
        features: with trained weights; their gradients are switched off.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, features: Vgg19Features) -> None:
        super().__init__()
        self.features = features.requires_grad_(False)
        for name, values in (("mean", IMAGENET_MEAN), ("std", IMAGENET_STD)):
            self.register_buffer(name, torch.tensor(values).reshape(1, 3, 1, 1), persistent=False)
        self.register_state_dict_post_hook(_leave_out)  # type: ignore[no-untyped-call]
        self.register_load_state_dict_post_hook(_not_missing)  # type: ignore[no-untyped-call]

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        """The distance of two images (slice, frame, y, x), complex or magnitude."""
        found = self.features(self.as_colours(prediction))
        with torch.no_grad():
            wanted = self.features(self.as_colours(target))
        distances = [
            weight * (p - t).abs().mean()
            for weight, p, t in zip(LAYER_WEIGHTS, found, wanted, strict=True)
        ]
        return torch.stack(distances).sum()

    def as_colours(self, image: Tensor) -> Tensor:
        """What VGG19 sees of an image (slice, frame, y, x): (slice * frame, 3, y, x)."""
        magnitude = image.abs().to(self.mean.dtype)
        return (magnitude.reshape(-1, 1, *magnitude.shape[-2:]) - self.mean) / self.std


def _leave_out(
    module: nn.Module, state: MutableMapping[str, Any], prefix: str, metadata: dict[str, Any]
) -> None:
    """Forget the features in a state dict."""
    for name in [name for name in state if name.startswith(f"{prefix}features.")]:
        del state[name]


def _not_missing(module: nn.Module, incompatible: Any) -> None:
    """A state dict without the features is complete."""
    own = {f"features.{name}" for name, _ in module.features.named_parameters()}  # type: ignore[union-attr]
    incompatible.missing_keys[:] = [
        name for name in incompatible.missing_keys if not name.endswith(tuple(own))
    ]
