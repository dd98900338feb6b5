"""Separable filters of images, mirrored at the border.

Sums of shifted images in place of convolutions: as fast for one channel, in full precision also
where convolutions are mixed, and with gradients that are the same in every run.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from feathermr.core.errors import ShapeError


def filtered(images: Tensor, weights: Sequence[float], axis: int) -> Tensor:
    """``sum_k w_k image[i + k]`` along one axis, ``k`` from ``-n // 2`` to ``n // 2``.

    Beyond the border the image is mirrored at its outermost pixel, which is not repeated.

    Args:
        images: real (..., y, x).
        weights: an odd number of them.
        axis: -1 or -2.

    Raises:
        ShapeError: the image is not larger than half of the filter.
    """
    size, reach = images.shape[axis], len(weights) // 2
    if size <= reach:
        raise ShapeError(
            f"a filter of {len(weights)} pixels needs images of more than {reach}, not {size}"
        )
    before = images.narrow(axis, 1, reach).flip(axis)
    after = images.narrow(axis, size - 1 - reach, reach).flip(axis)
    wide = torch.cat([before, images, after], axis)
    answer = torch.zeros_like(images)
    for shift, weight in enumerate(weights):
        answer = answer + weight * wide.narrow(axis, shift, size)
    return answer


def box_mean(images: Tensor, window: int) -> Tensor:
    """Means over ``window x window`` pixels, an odd number, around each."""
    weights = [1 / window] * window
    return filtered(filtered(images, weights, -2), weights, -1)
