"""What every pattern is asked for: how many samples, which of them are the center, and where."""

import math

import torch
from torch import Tensor

from feathermr.core.axes import IMAGE, describe
from feathermr.core.errors import UsageError


def check_request(shape: tuple[int, ...], axis: int) -> None:
    """Refuse a shape that is no image's and an axis that is no phase-encoding axis.

    Raises:
        UsageError: ``shape`` is not four positive sizes, or ``axis`` is neither -2 nor -1.
    """
    if len(shape) != len(IMAGE) or any(size < 1 for size in shape):
        raise UsageError(
            f"the shape of a pattern must be four positive sizes {describe(IMAGE)}, "
            f"not {tuple(shape)}"
        )
    if axis not in (-2, -1):
        raise UsageError(f"lines are skipped along axis -2 (y) or -1 (x), not {axis}")


def _center_side(size: int, center: int | float) -> int:
    """Fully sampled positions along one axis of ``size``."""
    if isinstance(center, int) and not isinstance(center, bool) and 0 < center <= size:
        return center
    if isinstance(center, float) and 0 < center <= 1:
        return max(1, round(center * size))
    raise UsageError(
        f"center must be a number of lines from 1 to {size} (an integer) or a fraction of the axis "
        f"above 0 and up to 1 (with a decimal point), not {center!r}"
    )


def budget(sizes: tuple[int, ...], acceleration: float, center: int | float) -> tuple[int, Tensor]:
    """Number of samples in all, and where the center is.

    Along each axis of size ``n`` the center of ``c`` positions occupies ``n // 2 - c // 2`` to
    ``n // 2 - c // 2 + c - 1``, so it holds ``n // 2``, the sample of a constant image.

    Args:
        sizes: of the phase-encoding axes: one for lines, two for points.
        acceleration: positions in all over samples, at least 1.
        center: an integer counts positions along each axis, a float is the fraction of each axis.

    Returns:
        ``round(positions / acceleration)``, and a boolean array of ``sizes``, true in the center.

    Raises:
        UsageError: a value is out of range, or the center alone has more samples than that.
    """
    if not (math.isfinite(acceleration) and acceleration >= 1):
        raise UsageError(f"acceleration must be a finite number of at least 1, not {acceleration}")
    block = torch.zeros(sizes, dtype=torch.bool)
    sides = [_center_side(size, center) for size in sizes]
    starts = [size // 2 - side // 2 for size, side in zip(sizes, sides, strict=True)]
    block[tuple(slice(a, a + side) for a, side in zip(starts, sides, strict=True))] = True
    positions, sampled = math.prod(sizes), math.prod(sides)
    count = round(positions / acceleration)
    if count < sampled:
        largest = math.floor(100 * positions / sampled) / 100
        raise UsageError(
            f"a center of {sampled} of {positions} positions leaves no room for acceleration "
            f"{acceleration:g}; use at most {largest:.2f}, or a smaller center"
        )
    return count, block


def distance_from_center(size: int) -> Tensor:
    """Distance of each position of an axis from its center: 0 at ``n // 2``, 1 at the far edge."""
    return (torch.arange(size, dtype=torch.float64) - size // 2).abs() / max(1, size // 2)


def draw(weights: Tensor, count: int, block: Tensor, generator: torch.Generator) -> Tensor:
    """The center and a weighted draw without replacement, together ``count`` of the last axis.

    The smallest of exponential variables divided by their weights are such a draw: Efraimidis and
    Spirakis, "Weighted random sampling with a reservoir" (2006), doi:10.1016/j.ipl.2005.11.003.

    Args:
        weights: chance of each position up to a factor (..., position); the leading axes draw
            independently. A weight of 0 is taken only when nothing else is left.
        count: samples along the last axis.
        block: true in the center (position).
        generator: on the CPU.

    Returns:
        Boolean array of the shape of ``weights``.
    """
    # torch's own exponential draws depend on the build of torch; its uniform ones do not
    uniform = torch.rand(weights.shape, dtype=torch.float64, generator=generator)
    waits = (-torch.log1p(-uniform) / weights).masked_fill(block, -1.0)
    chosen = waits.topk(count, dim=-1, largest=False).indices
    return torch.zeros(weights.shape, dtype=torch.bool).scatter_(-1, chosen, True)


def place_lines(lines: Tensor, axis: int) -> Tensor:
    """Lines (frame, position) as a mask that broadcasts to k-space (slice, frame, coil, y, x)."""
    frames, size = lines.shape
    return lines.reshape((1, frames, 1, size, 1) if axis == -2 else (1, frames, 1, 1, size))
