"""A light U-Net that starts at half the resolution, of any inputs and answers."""

import itertools
import math
from typing import final

import torch
from torch import Tensor, nn
from torch.nn.functional import pixel_shuffle, relu

from feathermr.nn.layers import convolution
from feathermr.nn.temporal_mixing import TemporalMixing

#: torch draws layers whose answer has a third of the variance of their input; this makes up for
#: that and for the half that a ReLU takes
HE = math.sqrt(6)
#: what a residual block, and the network, add before training
SMALL, TINY = 0.3, 0.03


def layer(
    kronecker: int,
    channels_in: int,
    channels_out: int,
    kernel: int,
    stride: int = 1,
    gain: float = 1.0,
) -> nn.Module:
    """A convolution that keeps the size, or halves it; He et al. 2015, arXiv:1502.01852."""
    made = convolution(
        kronecker,
        channels_in,
        channels_out,
        kernel,
        stride=stride,
        padding=kernel // 2,
        bias=False,
    )
    with torch.no_grad():
        for name, parameter in made.named_parameters():
            if name in ("weight", "factors"):
                parameter.mul_(HE * gain)
    return made


@final
class ResidualBlock(nn.Module):
    """``f + C_2 relu(C_1 f)`` with 3 x 3 convolutions."""

    def __init__(self, width: int, kronecker: int) -> None:
        super().__init__()
        self.first = layer(kronecker, width, width, 3)
        self.second = layer(kronecker, width, width, 3, gain=SMALL)

    def forward(self, features: Tensor) -> Tensor:
        """Features of the same shape."""
        change: Tensor = self.second(relu(self.first(features)))
        return features + change


@final
class SmallUnet(nn.Module):
    """Channels at half the resolution in, channels at full resolution out.

    Four pixels are four channels (sub-pixel, Shi et al. 2016, arXiv:1609.05158), so that the widest
    maps, and with them most of the time, are a quarter. No layer has a bias and none normalises, so
    that the network is homogeneous of degree one, ``U(a z) = a U(z)`` for positive ``a`` (Mohan et
    al. 2020, arXiv:1906.05478), and its layers fold and quantise as they are.

    Args:
        channels_in: channels at half the resolution.
        answers: channels at full resolution.
        width: channels at half the resolution; each coarser level has half of it more.
        levels: resolutions, the first included.
        kronecker: ``n`` of the layers; 1 for dense ones.
        temporal: frames are mixed before each block, else each image goes by itself.
    """

    def __init__(
        self,
        channels_in: int,
        answers: int,
        *,
        width: int = 32,
        levels: int = 3,
        kronecker: int = 2,
        temporal: bool = False,
    ) -> None:
        super().__init__()
        widths = [width + level * (width // 2) for level in range(levels)]
        pairs = list(itertools.pairwise(widths))
        self.head = layer(min(kronecker, 2), channels_in, width, 3)
        self.fine = nn.ModuleList(ResidualBlock(fine, kronecker) for fine, _ in pairs)
        self.down = nn.ModuleList(
            layer(kronecker, fine, coarse, 3, stride=2) for fine, coarse in pairs
        )
        self.middle = nn.Sequential(*(ResidualBlock(widths[-1], kronecker) for _ in range(2)))
        self.up = nn.ModuleList(layer(kronecker, coarse, 4 * fine, 1) for fine, coarse in pairs)
        self.merged = nn.ModuleList(ResidualBlock(fine, kronecker) for fine, _ in pairs)
        self.tail = layer(kronecker, width, 4 * answers, 3, gain=TINY)
        places = [*widths[:-1], widths[-1], widths[-1], *reversed(widths[:-1])]
        self.mixing = nn.ModuleList(
            TemporalMixing(channels, kronecker) for channels in places if temporal
        )

    def forward(self, inputs: Tensor, frames: int = 1) -> Tensor:
        """Channels (batch, answers, 2 y, 2 x).

        Args:
            inputs: (batch, channels_in, y, x), whose sides are multiples of ``2^(levels - 1)``.
            frames: number of frames of a film.
        """
        features = relu(self.head(inputs))
        mixings = iter(self.mixing)

        def refine(block: nn.Module, features: Tensor) -> Tensor:
            mixing = next(mixings, None)
            refined: Tensor = block(features if mixing is None else mixing(features, frames))
            return refined

        skipped = []
        for block, down in zip(self.fine, self.down, strict=True):
            features = refine(block, features)
            skipped.append(features)
            features = relu(down(features))
        for block in self.middle:
            features = refine(block, features)
        for block, up in zip(reversed(self.merged), reversed(self.up), strict=True):
            features = refine(block, relu(pixel_shuffle(up(features), 2) + skipped.pop()))
        return pixel_shuffle(self.tail(features), 2)
