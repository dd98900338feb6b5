"""A field on the pixels and frames of a film, part by part so that memory stays bounded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from feathermr.models.implicit.coordinates import Domain
from feathermr.models.implicit.field import Field

#: real numbers that a pass with its gradient may keep at once, about 400 MB
LARGEST = 10**8


@dataclass(frozen=True)
class Grid:
    """Coordinates of pixels and frames, and lambda's in a family."""

    y: Tensor
    x: Tensor
    t: Tensor

    def parts(self, points: int) -> Iterator[tuple[slice, slice]]:
        """Frames and rows of parts of at most about ``points`` points, a row at least."""
        rows = max(1, min(len(self.y), points // len(self.x)))
        whole = rows == len(self.y)
        frames = max(1, points // (len(self.y) * len(self.x))) if whole else 1
        for frame in range(0, len(self.t), frames):
            for row in range(0, len(self.y), rows):
                yield slice(frame, frame + frames), slice(row, row + rows)

    def part(self, frames: slice, rows: slice) -> Grid:
        """The grid of a part."""
        return Grid(self.y[rows], self.x, self.t[frames])


def grid_of(domain: Domain, like: Tensor, times: tuple[float, ...] | None = None) -> Grid:
    """The pixels and frames of a domain.

    Args:
        domain: of a field.
        like: gives precision and device.
        times: other times in seconds than those of its frames.
    """
    instants = domain.instants
    if times is not None:
        instants = domain.instant(torch.tensor(times, dtype=torch.float64))
    y, x, t = (one.to(like) for one in (domain.rows, domain.columns, instants))
    return Grid(y, x, t)


def film_of(
    field: Field, grid: Grid, level: Tensor | None = None, largest: int = LARGEST
) -> Tensor:
    """The film (t, y, x) of a field, part by part, without a gradient."""
    with torch.no_grad():
        rows: list[Tensor] = []
        shape = len(grid.t), len(grid.y), len(grid.x)
        for frames, lines in grid.parts(largest // field.floats_per_point):
            some = grid.part(frames, lines)
            values = field.on_grid(some.y, some.x, some.t, level)
            if not rows:
                rows.append(values.new_empty(shape))
            rows[0][frames, lines] = values
    return rows[0]
