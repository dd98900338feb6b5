"""Convolutions over frames, rows and columns that know how a film ends."""

import math
from typing import final

import torch
from torch import Tensor, nn

from feathermr.nn.layers import convolution

#: torch draws layers whose answer has a third of the variance of their input; this makes up for
#: that and for the half that a ReLU takes: He et al. 2015, arXiv:1502.01852
HE = math.sqrt(6)


@final
class FilmConvolution(nn.Module):
    """A 3 x 3 x 3 convolution that keeps the size of a film (batch, channel, frame, y, x).

    The first frame precedes itself and the last follows itself, so that nothing is assumed beyond
    the ends; in a cyclic film, such as a gated heart beat, the first follows the last.

    Args:
        channels_in: of the film.
        channels_out: of the answer.
        kronecker: ``n`` of the layer; 1 for a dense one.
        gain: factor of the first weights; `HE` before a ReLU.
    """

    def __init__(
        self, channels_in: int, channels_out: int, kronecker: int = 1, gain: float = HE
    ) -> None:
        super().__init__()
        self.layer = scaled(
            convolution(kronecker, channels_in, channels_out, 3, padding=(0, 1, 1), axes=3), gain
        )

    def forward(self, film: Tensor, cyclic: bool = False) -> Tensor:
        """The convolved film."""
        first, last = film[:, :, :1], film[:, :, -1:]
        before, after = (last, first) if cyclic else (first, last)
        convolved: Tensor = self.layer(torch.cat([before, film, after], dim=2))
        return convolved


def fusion(channels_in: int, channels_out: int, kronecker: int = 1, gain: float = 1.0) -> nn.Module:
    """A 1 x 1 x 1 convolution."""
    return scaled(convolution(kronecker, channels_in, channels_out, 1, axes=3), gain)


@torch.no_grad()
def scaled(layer: nn.Module, gain: float) -> nn.Module:
    """The layer, plain or Kronecker, with larger or smaller first weights."""
    for name, parameter in layer.named_parameters():
        if name in ("weight", "factors"):
            parameter.mul_(gain)
    return layer
