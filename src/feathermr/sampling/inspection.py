"""What a mask that came from elsewhere turns out to be."""

from torch import Tensor

from feathermr.core.axes import KSPACE, check_axes
from feathermr.core.errors import DataError, UsageError


def achieved_acceleration(mask: Tensor) -> float:
    """Positions in all over positions sampled; the center counts.

    Args:
        mask: boolean, five axes (slice, frame, coil, y, x), any of them of size 1.

    Raises:
        DataError: nothing is sampled.
    """
    check_axes(mask, KSPACE, "mask")
    sampled = int(mask.count_nonzero())
    if sampled == 0:
        raise DataError("the mask samples nothing, so it has no acceleration; use one that does")
    return mask.numel() / sampled


def center_lines(mask: Tensor, axis: int) -> int:
    """Number of central lines along ``axis`` that every slice, frame and coil samples completely.

    They are the largest block of positions ``n // 2 - c // 2`` to ``n // 2 - c // 2 + c - 1``, as
    the patterns place their center. Lines that a pattern drew right beside its center count.

    Args:
        mask: boolean, five axes (slice, frame, coil, y, x), any of them of size 1.
        axis: -2 (y) or -1 (x).
    """
    check_axes(mask, KSPACE, "mask")
    if axis not in (-2, -1):
        raise UsageError(f"lines are counted along axis -2 (y) or -1 (x), not {axis}")
    complete = mask.movedim(axis, 0).flatten(1).all(dim=1).tolist()
    middle = len(complete) // 2
    below = [*complete[:middle][::-1], False].index(False)
    above = [*complete[middle:], False].index(False)
    return min(2 * below + 1, 2 * above)
