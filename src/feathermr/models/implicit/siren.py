"""SIREN: a multi-layer perceptron with sines, from coordinates to a complex value."""

from dataclasses import dataclass
from itertools import pairwise
from typing import final

from torch import Tensor, nn

from feathermr.models.implicit.coordinates import Domain
from feathermr.models.implicit.field import by_points, checked, complex_values
from feathermr.nn.sine import Sine, sine_weights


@dataclass(frozen=True)
class SirenConfig:
    """Size of a SIREN.

    Attributes:
        layers: sine layers.
        width: features of each.
        omega: factor in every sine; larger ones start with finer detail.
    """

    layers: int = 12
    width: int = 256
    omega: float = 30.0


@final
class Siren(nn.Module):
    """``v -> W sin(omega (W_n ... sin(omega (W_1 v + b_1)) ...)) + b``, complex.

    Sitzmann et al. 2020, arXiv:2006.09661.
    """

    def __init__(self, config: SirenConfig, domain: Domain) -> None:
        super().__init__()
        self.domain = domain
        self.floats_per_point = 3 * config.layers * config.width
        sizes = [domain.axes] + [config.width] * config.layers
        self.layers = nn.Sequential(
            *(
                Sine(before, after, config.omega, first=index == 0)
                for index, (before, after) in enumerate(pairwise(sizes))
            ),
            sine_weights(nn.Linear(config.width, 2), config.omega),
        )

    def forward(self, coordinates: Tensor) -> Tensor:
        """Complex values (...) at coordinates (..., axis)."""
        return complex_values(self.layers(checked(coordinates, self.domain)))

    def on_grid(self, y: Tensor, x: Tensor, t: Tensor, level: Tensor | None = None) -> Tensor:
        """Complex film (t, y, x)."""
        return by_points(self, y, x, t, level)
