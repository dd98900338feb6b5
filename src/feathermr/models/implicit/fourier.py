"""Random Fourier features of the coordinates, read by a small network."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import final

import torch
from torch import Tensor, nn

from feathermr.models.implicit.coordinates import Domain
from feathermr.models.implicit.field import by_points, checked, complex_values


@dataclass(frozen=True)
class FourierConfig:
    """Frequencies and size of the network.

    Attributes:
        features: frequencies drawn; each gives a sine and a cosine.
        in_space: their deviation along y and x over the highest that the pixels hold.
        in_time: their deviation along time in cycles over the film.
        width: of the hidden layers.
        layers: hidden layers, with ReLU.
    """

    features: int = 128
    in_space: float = 0.5
    in_time: float = 1.5
    width: int = 128
    layers: int = 3


@final
class FourierFeatures(nn.Module):
    """``v -> MLP(sin(2 pi B v), cos(2 pi B v))`` with Gaussian ``B``.

    Tancik et al. 2020, arXiv:2006.10739.
    """

    frequencies: Tensor

    def __init__(self, config: FourierConfig, domain: Domain) -> None:
        super().__init__()
        self.domain = domain
        self.floats_per_point = 4 * config.features + 3 * config.width * config.layers
        # coordinates run over 2: n pixels hold n / 4 cycles a unit at most
        space = config.in_space * max(domain.shape) / 4
        scales = [space, space] + [config.in_time / 2] * domain.timed
        scales = [0.25] * domain.family + scales
        drawn = torch.randn(domain.axes, config.features) * torch.tensor(scales)[:, None]
        self.register_buffer("frequencies", drawn)
        sizes = [2 * config.features] + [config.width] * config.layers
        hidden: list[nn.Module] = []
        for before, after in pairwise(sizes):
            hidden += [nn.Linear(before, after), nn.ReLU()]
        self.layers = nn.Sequential(*hidden, nn.Linear(config.width, 2))

    def forward(self, coordinates: Tensor) -> Tensor:
        """Complex values (...) at coordinates (..., axis)."""
        angles = 2 * math.pi * (checked(coordinates, self.domain) @ self.frequencies)
        return complex_values(self.layers(torch.cat([angles.sin(), angles.cos()], -1)))

    def on_grid(self, y: Tensor, x: Tensor, t: Tensor, level: Tensor | None = None) -> Tensor:
        """Complex film (t, y, x)."""
        return by_points(self, y, x, t, level)
