"""Signed distances of simple shapes: metres, negative inside; every argument broadcasts."""

from collections.abc import Sequence

import torch
from torch import Tensor

Number = Tensor | float
Point = tuple[Number, Number]


def rotate(y: Tensor, x: Tensor, angle: Number) -> tuple[Tensor, Tensor]:
    """Coordinates ``(y, x)`` in a frame turned by ``angle`` (radians)."""
    angle = torch.as_tensor(angle, device=y.device)
    cosine, sine = torch.cos(angle), torch.sin(angle)
    return cosine * y - sine * x, sine * y + cosine * x


def length(y: Tensor, x: Tensor) -> Tensor:
    """``|(y, x)|``; several times faster than `torch.hypot`, whose care for overflow is not needed.

    A tiny constant keeps gradients finite at the origin.
    """
    return torch.sqrt(y * y + x * x + 1e-14)


def ellipse(
    y: Tensor, x: Tensor, center: Point, radii: Point, angle: Number | None = None
) -> Tensor:
    """Distance to an ellipse to first order: exact on its edge and for a circle.

    With ``k = |p / r|`` and ``g = |p / r**2|``: ``k (k - 1) / g``.
    """
    y, x = y - center[0], x - center[1]
    if angle is not None:
        y, x = rotate(y, x, angle)
    v, u = y / radii[0], x / radii[1]
    scaled = length(v, u)
    return scaled * (scaled - 1.0) / length(v / radii[0], u / radii[1])


def disc(y: Tensor, x: Tensor, center: Point, radius: Number) -> Tensor:
    """Distance to a disc."""
    return length(y - center[0], x - center[1]) - radius


def segment(y: Tensor, x: Tensor, start: Point, end: Point) -> tuple[Tensor, Tensor]:
    """Distance to the line between two points, and where along it (0 to 1) the nearest point is."""
    dy, dx = end[0] - start[0], end[1] - start[1]
    along = ((y - start[0]) * dy + (x - start[1]) * dx) / (dy * dy + dx * dx + 1e-12)
    along = along.clamp(0.0, 1.0)
    distance = length(y - start[0] - along * dy, x - start[1] - along * dx)
    return distance, along


def tube(y: Tensor, x: Tensor, points: Sequence[Point], radii: Sequence[Number]) -> Tensor:
    """Distance to a tube along ``points`` whose radius tapers between the given ``radii``."""
    parts = []
    for start, end, first, last in zip(points, points[1:], radii, radii[1:], strict=False):
        distance, along = segment(y, x, start, end)
        parts.append(distance - first - along * (last - first))
    return union(*parts)


def box(y: Tensor, x: Tensor, center: Point, half: Point, rounding: Number = 0.0) -> Tensor:
    """Distance to a rectangle of half sizes ``half`` with rounded corners."""
    v = (y - center[0]).abs() - half[0] + rounding
    u = (x - center[1]).abs() - half[1] + rounding
    outside = length(v.clamp_min(0.0), u.clamp_min(0.0))
    return outside + torch.maximum(v, u).clamp_max(0.0) - rounding


def union(*distances: Tensor) -> Tensor:
    """The shape covered by any."""
    result = distances[0]
    for distance in distances[1:]:
        result = torch.minimum(result, distance)
    return result


def intersection(*distances: Tensor) -> Tensor:
    """The shape covered by all."""
    result = distances[0]
    for distance in distances[1:]:
        result = torch.maximum(result, distance)
    return result


def blend(first: Tensor, second: Tensor, radius: Number) -> Tensor:
    """Union whose joint is filled by a fillet of about ``radius``."""
    near = (radius - (first - second).abs()).clamp_min(0.0) / radius
    return torch.minimum(first, second) - near * near * radius * 0.25


def hide(distance: Tensor, present: Tensor) -> Tensor:
    """The shape where ``present`` is one; nothing where it is zero."""
    return distance + (1.0 - present)
