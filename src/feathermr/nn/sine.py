"""Sine layers: a linear layer whose activation is a sine, as in a SIREN."""

import math
from typing import final

import torch
from torch import Tensor, nn


@final
class Sine(nn.Module):
    """``sin(omega (W v + b))``.

    The weights are drawn so that what goes into each sine is of deviation about 1 however many
    layers there are: ``W ~ U(-1/n, 1/n)`` in the first layer, whose inputs lie in [-1, 1], and
    ``U(-sqrt(6/n)/omega, sqrt(6/n)/omega)`` in the others.
    Sitzmann et al. 2020, arXiv:2006.09661.

    Args:
        features_in: inputs, the last axis.
        features_out: outputs.
        omega: how many times faster than its argument the sine turns.
        first: whether the inputs are coordinates.
    """

    def __init__(
        self, features_in: int, features_out: int, omega: float = 30.0, *, first: bool = False
    ) -> None:
        super().__init__()
        self.omega = omega
        self.linear = nn.Linear(features_in, features_out)
        if first:
            nn.init.uniform_(self.linear.weight, -1 / features_in, 1 / features_in)
        else:
            sine_weights(self.linear, omega)

    def forward(self, values: Tensor) -> Tensor:
        """Values (..., features_in) to (..., features_out)."""
        return torch.sin(self.omega * self.linear(values))


def sine_weights(linear: nn.Linear, omega: float) -> nn.Linear:
    """Draw the weights of a linear layer that follows a sine layer; the bias stays."""
    bound = math.sqrt(6 / linear.in_features) / omega
    nn.init.uniform_(linear.weight, -bound, bound)
    return linear
