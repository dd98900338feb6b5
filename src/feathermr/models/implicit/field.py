"""What a field is: complex values at coordinates, or on a grid of them."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from feathermr.core.complexes import from_channels
from feathermr.core.errors import ShapeError
from feathermr.models.implicit.coordinates import Domain


@runtime_checkable
class Field(Protocol):
    """A continuous image or film, an ``nn.Module`` too.

    Attributes:
        domain: what it is defined on; says which coordinates there are.
        floats_per_point: real numbers kept for each point between a pass and its gradient.
    """

    domain: Domain
    floats_per_point: int

    def __call__(self, coordinates: Tensor) -> Tensor:
        """Complex values (...) at coordinates (..., axis) in [-1, 1].

        The axes are (lambda, x, y, t), the first only in a family, the last only in a film.
        """
        ...

    def on_grid(self, y: Tensor, x: Tensor, t: Tensor, level: Tensor | None = None) -> Tensor:
        """Complex film (t, y, x) at vectors of coordinates; ``level`` is that of lambda."""
        ...


def by_points(field: Field, y: Tensor, x: Tensor, t: Tensor, level: Tensor | None = None) -> Tensor:
    """The film (t, y, x) of a field, point by point."""
    domain = field.domain
    shape = (len(t), len(y), len(x))
    parts = [x.expand(shape), y[:, None].expand(shape)]
    if domain.timed:
        parts.append(t[:, None, None].expand(shape))
    if domain.family:
        parts.insert(0, needed(level).to(x).expand(shape))
    return field(torch.stack(parts, -1))


def needed(level: Tensor | None) -> Tensor:
    """The coordinate of lambda of a family.

    Raises:
        ShapeError: none was given.
    """
    if level is None:
        raise ShapeError("a field of a family needs the coordinate of lambda")
    return level


def checked(coordinates: Tensor, domain: Domain) -> Tensor:
    """Coordinates whose last axis fits the domain.

    Raises:
        ShapeError: it has another size.
    """
    if coordinates.shape[-1] != domain.axes:
        raise ShapeError(
            f"coordinates must have {domain.axes} values a point for this field, not "
            f"{coordinates.shape[-1]}"
        )
    return coordinates


def complex_values(channels: Tensor) -> Tensor:
    """Real and imaginary parts (..., 2) as complex values (...)."""
    return from_channels(channels.reshape(-1, 2)).reshape(channels.shape[:-1])
