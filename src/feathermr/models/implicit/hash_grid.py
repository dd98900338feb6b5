"""A grid of many resolutions in tables of limited size, read by a small network."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product
from typing import final

import torch
from torch import Tensor, nn

from feathermr.models.implicit.coordinates import Domain
from feathermr.models.implicit.field import by_points, checked, complex_values

#: multipliers of the hash, one an axis
PRIMES = (1, 2654435761, 805459861, 3674653429)
#: nodes along log10 lambda
DECADE_NODES = 6


@dataclass(frozen=True)
class HashConfig:
    """Size of the tables and of the network.

    Attributes:
        resolutions: number of grids.
        features: numbers a node.
        coarsest: intervals of the coarsest grid along the longer side.
        table: log2 of the largest number of nodes kept of a grid; beyond it nodes share.
        width: of the two hidden layers.
    """

    resolutions: int = 6
    features: int = 4
    coarsest: int = 8
    table: int = 17
    width: int = 48


@final
class HashGrid(nn.Module):
    """Features interpolated linearly from nested grids, through a perceptron with ReLU.

    A grid with more nodes than its table has rows finds a node's row by a hash.
    Müller et al. 2022, doi:10.1145/3528223.3530127.
    """

    def __init__(self, config: HashConfig, domain: Domain) -> None:
        super().__init__()
        self.domain = domain
        self.sizes = [_nodes(config, domain, index) for index in range(config.resolutions)]
        self.rows = [min(math.prod(size), 2**config.table) for size in self.sizes]
        table = torch.empty(sum(self.rows), config.features)
        self.table = nn.Parameter(nn.init.uniform_(table, -1e-2, 1e-2))
        total = config.resolutions * config.features
        self.layers = nn.Sequential(
            nn.Linear(total, config.width),
            nn.ReLU(),
            nn.Linear(config.width, config.width),
            nn.ReLU(),
            nn.Linear(config.width, 2),
        )
        corners = config.resolutions * 2**domain.axes
        self.floats_per_point = corners * (config.features + 12) + 5 * config.width

    def forward(self, coordinates: Tensor) -> Tensor:
        """Complex values (...) at coordinates (..., axis)."""
        points = checked(coordinates, self.domain).reshape(-1, self.domain.axes)
        features, start = [], 0
        for size, rows in zip(self.sizes, self.rows, strict=True):
            features.append(self._read(points, size, rows, start))
            start += rows
        values = complex_values(self.layers(torch.cat(features, -1)))
        return values.reshape(coordinates.shape[:-1])

    def on_grid(self, y: Tensor, x: Tensor, t: Tensor, level: Tensor | None = None) -> Tensor:
        """Complex film (t, y, x)."""
        return by_points(self, y, x, t, level)

    def _read(self, points: Tensor, size: tuple[int, ...], rows: int, start: int) -> Tensor:
        """Features (point, feature) of one grid."""
        last = points.new_tensor([nodes - 1 for nodes in size])
        place = torch.minimum(((points + 1) / 2).clamp_min(0) * last, last)
        below = torch.minimum(place.detach().floor(), last - 1)
        share, corner = place - below, below.long()
        total: Tensor | float = 0.0
        for offset in product((0, 1), repeat=len(size)):
            step = corner.new_tensor(offset)
            node, weight = corner + step, torch.where(step == 1, share, 1 - share).prod(-1)
            total = total + weight[:, None] * self.table[start + _row(node, size, rows)]
        assert isinstance(total, Tensor)
        return total


def _nodes(config: HashConfig, domain: Domain, index: int) -> tuple[int, ...]:
    """Nodes along (lambda, x, y, t) of a grid; the finest has about one a pixel and frame."""
    share = index / max(1, config.resolutions - 1)
    longest = max(domain.shape)
    space = round(config.coarsest * (longest / config.coarsest) ** share) + 1
    sizes = [space, space]
    if domain.timed:
        sizes.append(max(2, round(2 * (len(domain.times) / 2) ** share)) + 1)
    return (DECADE_NODES, *sizes) if domain.family else tuple(sizes)


def _row(node: Tensor, size: tuple[int, ...], rows: int) -> Tensor:
    """Row of each node (point, axis) in the table of its grid."""
    if math.prod(size) <= rows:
        index = node[:, 0]
        for axis in range(1, len(size)):
            index = index * size[axis] + node[:, axis]
        return index
    index = node[:, 0] * PRIMES[0]
    for axis in range(1, len(size)):
        index = index ^ (node[:, axis] * PRIMES[axis])
    return index % rows
