"""Linear and cubic B-splines as matrices: values at places from coefficients at knots."""

import torch
from torch import Tensor


def hats(places: Tensor, count: int) -> Tensor:
    """Linear interpolation (place, knot) between ``count`` knots at 0, 1, ..., constant outside.

    Example:
        >>> hats(torch.tensor([0.25, 2.0, 9.0]), 3).tolist()
        [[0.75, 0.25, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 1.0]]
    """
    inside = places.clamp(0, count - 1)
    knots = torch.arange(count, dtype=places.dtype, device=places.device)
    return (1 - (inside[:, None] - knots).abs()).clamp_min(0)


def cubic_knots(intervals: int, cyclic: bool) -> int:
    """Coefficients of a cubic spline of ``intervals`` equal pieces."""
    return intervals if cyclic else intervals + 3


def cubic(instants: Tensor, intervals: int, cyclic: bool) -> Tensor:
    """Uniform cubic B-splines (place, knot) at places in [-1, 1]; every row sums to 1.

    Args:
        instants: places; outside of [-1, 1] they wrap around if cyclic, else are moved inside.
        intervals: equal pieces between -1 and 1; at least 4 if cyclic.
        cyclic: whether 1 is the same place as -1.
    """
    count = cubic_knots(intervals, cyclic)
    knots = torch.arange(count, dtype=instants.dtype, device=instants.device)
    if cyclic:
        distance = (instants[:, None] + 1) / 2 * intervals - knots
        distance = (distance + intervals / 2) % intervals - intervals / 2
    else:
        distance = (instants.clamp(-1, 1)[:, None] + 1) / 2 * intervals - (knots - 1)
    away = distance.abs()
    near = (4 - 6 * away.square() + 3 * away**3) / 6
    far = (2 - away).clamp_min(0) ** 3 / 6
    return torch.where(away < 1, near, far)
