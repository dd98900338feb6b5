"""Low-rank factors of space and time: a few images, each with its course over time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor, nn

from feathermr.models.implicit.coordinates import LEVELS, Domain
from feathermr.models.implicit.field import checked, needed
from feathermr.models.implicit.splines import cubic, cubic_knots, hats

#: knots a unit of log10 lambda
KNOTS_PER_DECADE = 2


@dataclass(frozen=True)
class FactorsConfig:
    """Size of the factors.

    Attributes:
        rank: images with a course over time.
        resolutions: grids of the images, each twice as coarse as the one before, added up.
        knots: of the courses over the film; 0 for as many as frames.
    """

    rank: int = 16
    resolutions: int = 4
    knots: int = 0


def level_knots() -> list[float]:
    """Coordinates of the knots of log10 lambda, evenly from -1 to 1."""
    intervals = KNOTS_PER_DECADE * int(LEVELS[1] - LEVELS[0])
    return [2 * index / intervals - 1 for index in range(intervals + 1)]


@final
class Factors(nn.Module):
    """``f(y, x, t) = sum_k U_k(y, x) V_k(t)`` with complex ``U`` and ``V``.

    ``U`` is a sum of grids from the scan's resolution to coarser ones, interpolated linearly: a
    gradient step on all of them moves smooth structure faster than single pixels. ``V`` are
    cubic splines in time, cyclic where the film is, and start as the lowest harmonics; in a family
    they also depend on lambda, linearly in its logarithm between knots. A grid is a product
    of two matrices, which makes it many times faster than point by point.
    Partial separability of films: Liang 2007, doi:10.1109/ISBI.2007.356922.
    """

    def __init__(self, config: FactorsConfig, domain: Domain) -> None:
        super().__init__()
        self.domain = domain
        self.floats_per_point = 8
        frames = len(domain.times)
        wanted = config.knots or (frames if domain.cyclic else frames - 1)
        self.intervals = max(4 if domain.cyclic else 1, wanted)
        knots = cubic_knots(self.intervals, domain.cyclic) if domain.timed else 1
        levels = len(level_knots()) if domain.family else 1
        self.rank = min(config.rank, knots * levels)
        self.strides = [2**index for index in range(config.resolutions)]
        self.images = nn.ParameterList(
            torch.zeros(
                2, self.rank, *(math.ceil((size - 1) / stride) + 1 for size in domain.shape)
            )
            for stride in self.strides
        )
        start = self._harmonics(knots)[:, None].expand(-1, levels, -1)
        # of a single image the course is one number, which a second factor need not hold
        moving = domain.timed or domain.family
        self.courses = nn.Parameter(torch.stack([start, torch.zeros_like(start)]), moving)

    def forward(self, coordinates: Tensor) -> Tensor:
        """Complex values (...) at coordinates (..., axis)."""
        points = checked(coordinates, self.domain).reshape(-1, self.domain.axes)
        first = 1 if self.domain.family else 0
        x, y = points[:, first], points[:, first + 1]
        t = points[:, -1] if self.domain.timed else torch.zeros_like(x)
        images = sum(
            torch.einsum("crnw,nw->cnr", torch.einsum("crhw,nh->crnw", grid, rows), columns)
            for grid, rows, columns in self._grids(y, x)
        )
        courses = self._courses(t)
        if self.domain.family:
            courses = torch.einsum("cnrl,nl->cnr", courses, self._decades(points[:, 0]))
        else:
            courses = courses[..., 0]
        assert isinstance(images, Tensor)
        values = (as_complex(images) * as_complex(courses)).sum(-1)
        return values.reshape(coordinates.shape[:-1])

    def on_grid(self, y: Tensor, x: Tensor, t: Tensor, level: Tensor | None = None) -> Tensor:
        """Complex film (t, y, x), as products of matrices."""
        courses = self._courses(t)
        if self.domain.family:
            courses = courses @ self._decades(needed(level).to(t).reshape(1))[0]
        else:
            courses = courses[..., 0]
        film = as_complex(courses) @ as_complex(self.pictures(y, x)).flatten(1)
        return film.reshape(len(t), len(y), len(x))

    def pictures(self, y: Tensor, x: Tensor) -> Tensor:
        """``U`` (part, rank, y, x)."""
        images: Tensor | float = 0.0
        for grid, rows, columns in self._grids(y, x):
            images = images + _times(_times(grid.mT, rows).mT, columns)
        assert isinstance(images, Tensor)
        return images

    def _grids(self, y: Tensor, x: Tensor) -> list[tuple[Tensor, Tensor, Tensor]]:
        """Each grid with the matrices (place, node) of y and of x."""
        down, along = self.domain.pixels(y, 0), self.domain.pixels(x, 1)
        return [
            (grid, hats(down / stride, grid.shape[-2]), hats(along / stride, grid.shape[-1]))
            for grid, stride in zip(self.images, self.strides, strict=True)
        ]

    def _courses(self, t: Tensor) -> Tensor:
        """``V`` (part, time, rank, decade)."""
        if not self.domain.timed:
            return self.courses.permute(0, 3, 1, 2).expand(-1, len(t), -1, -1)
        basis = cubic(t, self.intervals, self.domain.cyclic)
        return torch.einsum("crln,tn->ctrl", self.courses, basis)

    def _decades(self, level: Tensor) -> Tensor:
        """Weights (place, knot) of the knots of log10 lambda."""
        count = self.courses.shape[2]
        return hats((level + 1) / 2 * (count - 1), count)

    def _harmonics(self, knots: int) -> Tensor:
        """Coefficients (rank, knot) of the lowest harmonics, the higher the weaker."""
        place = torch.arange(knots) / knots if self.domain.cyclic else _inner(knots)
        rows = []
        for index in range(self.rank):
            if self.domain.cyclic:
                order, shift = (index + 1) // 2, 0.25 * (index % 2 == 0 and index > 0)
                wave = torch.cos(2 * math.pi * (order * place - shift))
            else:
                order, wave = index, torch.cos(math.pi * index * place)
            rows.append(wave / (1 + order))
        return torch.stack(rows)


def _inner(knots: int) -> Tensor:
    """Places of the knots of a film that is not cyclic, 0 at its start and 1 at its end."""
    return (torch.arange(knots) - 1) / max(1, knots - 3)


def _times(array: Tensor, matrix: Tensor) -> Tensor:
    """``array @ matrix.T``, or the array itself where the matrix changes nothing."""
    rows, columns = matrix.shape
    if rows == columns and torch.equal(matrix, torch.eye(rows).to(matrix)):
        return array
    return array @ matrix.mT


def as_complex(parts: Tensor) -> Tensor:
    """Real and imaginary part (2, ...) as complex."""
    return torch.complex(parts[0], parts[1])
