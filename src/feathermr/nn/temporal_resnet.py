"""A residual network over frames, rows and columns of a film."""

from typing import TypeVar, final

import torch
from torch import Tensor, nn

Convolution = TypeVar("Convolution", nn.Conv2d, nn.Conv3d)

#: of the first parameters of a last layer
SMALL = 0.1


@final
class TemporalResnet(nn.Module):
    """``x + c(b_n(... b_1(f(x))))``: 3 x 3 x 3 convolutions that see neighbouring frames.

    Each layer ``b`` is one residual block of two convolutions; ``c`` is a 1 x 1 x 1 convolution.
    Nothing is normalised. After He et al. 2016, doi:10.1109/CVPR.2016.90, with the third axis of
    Hara et al. 2017, doi:10.1109/ICCVW.2017.373.

    Args:
        channels: in and out; 2 for real and imaginary part.
        width: channels inside.
        blocks: layers of one residual block.
        slope: of the leaky ReLUs.
    """

    def __init__(self, channels: int, width: int, blocks: int, slope: float) -> None:
        super().__init__()
        self.first = nn.Sequential(
            nn.Conv3d(channels, width, 3, padding=1), nn.LeakyReLU(slope, inplace=True)
        )
        self.blocks = nn.Sequential(*(_Block(width, slope) for _ in range(blocks)))
        self.last = begun_small(nn.Conv3d(width, channels, 1))

    def forward(self, film: Tensor) -> Tensor:
        """A film (batch, channel, frame, y, x) to another of the same size."""
        changed: Tensor = film + self.last(self.blocks(self.first(film)))
        return changed


@final
class _Block(nn.Module):
    """``s(x + c_2(s(c_1(x))))`` with leaky ReLUs ``s``."""

    def __init__(self, width: int, slope: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv3d(width, width, 3, padding=1),
            nn.LeakyReLU(slope, inplace=True),
            nn.Conv3d(width, width, 3, padding=1),
        )
        self.activation = nn.LeakyReLU(slope, inplace=True)

    def forward(self, features: Tensor) -> Tensor:
        """Features of the same size."""
        better: Tensor = self.activation(features + self.layers(features))
        return better


@torch.no_grad()
def begun_small(convolution: Convolution) -> Convolution:
    """A last layer whose first parameters are small: a training begins near the network's input."""
    for parameter in convolution.parameters():
        parameter.mul_(SMALL)
    return convolution
