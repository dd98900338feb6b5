"""A loss that counts where the object is: noise in the air around it decides nothing."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from feathermr.core.errors import UsageError

#: side of the squares over which a target is averaged to see where the object is
SQUARE = 9
#: share of the brightest hundredth from which a pixel counts fully, and the least that one counts
FULL, LEAST = 0.1, 0.1


@dataclass(frozen=True)
class ObjectConfig:
    """Settings.

    Attributes:
        magnitude: share of the magnitudes' difference; the rest is that of the complex images.
        epsilon: added to a mean square, for images of about 1: below it nothing is gained.
    """

    magnitude: float = 0.5
    epsilon: float = 1e-7

    def __post_init__(self) -> None:
        if not 0 <= self.magnitude <= 1:
            raise UsageError(f"magnitude must be from 0 to 1, not {self.magnitude:g}")
        if self.epsilon <= 0:
            raise UsageError(f"epsilon must be above zero, not {self.epsilon:g}")


def object_weights(target: Tensor) -> Tensor:
    """How much each pixel (slice, frame, y, x) counts; the mean of each slice is 1.

    Args:
        target: the image, complex.
    """
    magnitude = target.detach().abs()
    bright = magnitude.flatten(1)[:, ::5].quantile(0.99, dim=1).clamp_min(1e-6)
    mean = avg_pool2d(magnitude, SQUARE, 1, SQUARE // 2, count_include_pad=False)
    weights = (mean / (FULL * bright.reshape(-1, 1, 1, 1))).clamp(LEAST, 1.0)
    return weights / weights.mean((1, 2, 3), keepdim=True)


def object_errors(prediction: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Weighted mean squares (slice,) of the complex difference, and of that of the magnitudes."""
    weights = object_weights(target)
    parts = torch.view_as_real(prediction - target).square().sum(-1)
    magnitudes = (prediction.abs() - target.abs()).square()
    return (weights * parts).mean((1, 2, 3)), (weights * magnitudes).mean((1, 2, 3))
