"""Cropping and padding about the centre; the one place where images change their size."""

from torch import Tensor
from torch.nn.functional import pad

from feathermr.core.errors import ShapeError


def center_crop(array: Tensor, shape: tuple[int, int]) -> Tensor:
    """The central ``shape`` of the last two axes; index ``n // 2`` stays the centre.

    Raises:
        ShapeError: the array is smaller than what is asked for.
    """
    height, width = array.shape[-2:]
    if shape[0] > height or shape[1] > width:
        raise ShapeError(
            f"cannot crop {height} x {width} to {shape[0]} x {shape[1]}: it is smaller; "
            "use center_pad"
        )
    top, left = height // 2 - shape[0] // 2, width // 2 - shape[1] // 2
    return array[..., top : top + shape[0], left : left + shape[1]]


def center_pad(array: Tensor, shape: tuple[int, int]) -> Tensor:
    """Zeros around the last two axes up to ``shape``; index ``n // 2`` stays the centre.

    Raises:
        ShapeError: the array is larger than what is asked for.
    """
    height, width = array.shape[-2:]
    if shape[0] < height or shape[1] < width:
        raise ShapeError(
            f"cannot pad {height} x {width} to {shape[0]} x {shape[1]}: it is larger; "
            "use center_crop"
        )
    top, left = shape[0] // 2 - height // 2, shape[1] // 2 - width // 2
    return pad(array, (left, shape[1] - width - left, top, shape[0] - height - top))
