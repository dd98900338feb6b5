"""What a field is fitted to: the samples, few changes in time, few edges in space."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from feathermr.models.implicit import Domain, Field

#: how changes in time and edges in space are found: between pixels and frames, or of the field
Derivative = Literal["difference", "autograd"]
#: magnitude of a derivative below which its penalty is smooth, for images of about 1
CORNER = 1e-3


@dataclass(frozen=True)
class Weights:
    """Of the penalties.

    Attributes:
        in_time: ``lambda``, of the changes from frame to frame.
        in_space: ``lambda_s``, of the edges.
    """

    in_time: float
    in_space: float

    def __bool__(self) -> bool:
        """Whether anything is penalised."""
        return self.in_time > 0 or self.in_space > 0


def variation(film: Tensor, domain: Domain, weights: Weights) -> Tensor:
    """``lambda ||D_t x||_1 + lambda_s sum |grad x|_2`` of a film (t, y, x), by differences.

    The difference of two frames is divided by the time between them over its mean, those of rows
    and columns by their distances over the geometric mean of both; so a derivative is one a frame
    and a pixel. ``|d|`` is ``sqrt(|d|^2 + e^2) - e`` with ``e`` of ``CORNER``.
    """
    total = film.new_zeros((), dtype=film.real.dtype)
    if weights.in_time > 0 and domain.timed:
        later = film.roll(-1, 0) if domain.cyclic else film[1:]
        steps = domain.steps.to(film.real)[:, None, None]
        change = (later - film[: len(later)]) / steps
        total = total + weights.in_time * _magnitude(change).sum()
    if weights.in_space > 0:
        down, along = (scale / step for scale, step in _steps(domain))
        edges = down * _forward(film, -2), along * _forward(film, -1)
        total = total + weights.in_space * _magnitude(*edges).sum()
    return total


def field_variation(
    field: Field,
    grid: tuple[Tensor, Tensor, Tensor],
    level: Tensor | None,
    weights: Weights,
) -> Tensor:
    """The same penalty by the derivatives of the field itself, at the points of a grid.

    Args:
        field: one that can be differentiated twice.
        grid: coordinates (y, x, t).
        level: that of lambda in a family.
        weights: of the penalties.
    """
    domain = field.domain
    y, x, t = grid
    total = y.new_zeros(())
    if weights.in_time > 0 and domain.timed:
        frame = 2 * _mean_step(domain) / domain.duration
        change = _derivative(lambda at: field.on_grid(y, x, at, level), t)
        total = total + weights.in_time * _magnitude(frame * change).sum()
    if weights.in_space > 0:
        pixel = (domain.pixel[0] * domain.pixel[1]) ** 0.5 / domain.half_width
        down = _derivative(lambda at: field.on_grid(at, x, t, level), y)
        along = _derivative(lambda at: field.on_grid(y, at, t, level), x)
        total = total + weights.in_space * _magnitude(pixel * down, pixel * along).sum()
    return total


def _mean_step(domain: Domain) -> float:
    """Seconds between frames, on average."""
    return domain.duration / max(1, len(domain.steps))


def _steps(domain: Domain) -> list[tuple[float, float]]:
    """The geometric mean of the sides of a pixel, and each side."""
    mean = (domain.pixel[0] * domain.pixel[1]) ** 0.5
    return [(mean, step) for step in domain.pixel]


def _derivative(function: Callable[[Tensor], Tensor], at: Tensor) -> Tensor:
    """Of a film with respect to a coordinate that each of its points has one of.

    ``J 1`` as the gradient of ``<J^T u, 1>`` with respect to ``u``: two passes backwards.
    """
    with torch.enable_grad():
        at = at.detach().requires_grad_()
        film = torch.view_as_real(function(at))
        any_film = torch.zeros_like(film, requires_grad=True)
        (pulled,) = torch.autograd.grad(film, at, any_film, create_graph=True)
        (pushed,) = torch.autograd.grad(pulled, any_film, torch.ones_like(at), create_graph=True)
    return torch.view_as_complex(pushed)


def _forward(film: Tensor, axis: int) -> Tensor:
    """Difference to the next element, zero at the end."""
    last = film.narrow(axis, film.shape[axis] - 1, 1)
    return film.diff(dim=axis, append=last)


def _magnitude(*parts: Tensor) -> Tensor:
    """``sqrt(sum |part|^2 + e^2) - e``."""
    squares = sum(torch.view_as_real(part).square().sum(-1) for part in parts)
    assert isinstance(squares, Tensor)
    return (squares + CORNER**2).sqrt() - CORNER
