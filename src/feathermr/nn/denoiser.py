"""The light U-Net between two steps of consistency."""

import itertools
import math
from typing import final

import torch
from torch import Tensor, nn
from torch.nn.functional import pad, pixel_shuffle, pixel_unshuffle, relu

from feathermr.nn.components import concatenate
from feathermr.nn.layers import convolution

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
    gain: float = 1,
) -> nn.Module:
    """A convolution that keeps the size, or halves it; He et al. 2015, arXiv:1502.01852."""
    made = convolution(
        kronecker, channels_in, channels_out, kernel, stride=stride, padding=kernel // 2
    )
    with torch.no_grad():
        for name, parameter in made.named_parameters():
            if name in ("weight", "factors"):
                parameter.mul_(HE * gain)
            elif name == "bias":
                parameter.zero_()
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
class Denoiser(nn.Module):
    """What is to be added to an image, by a U-Net that starts at half the resolution.

    Four pixels become channels (sub-pixel, Shi et al. 2016, arXiv:1609.05158), so that the widest
    maps, and with them most of the time, are a quarter; nothing is lost, because the answer is put
    together again from four channels. No normalisation: the answer of a slice depends on that
    slice alone, and the layers fold and quantise as they are.

    Args:
        width: channels at half the resolution; each coarser level has half of it more.
        levels: resolutions, the first included.
        kronecker: ``n`` of the layers; 1 for dense ones.
        remembers: takes the features of the step before; the first step has none.
    """

    def __init__(
        self, width: int = 32, levels: int = 3, kronecker: int = 4, remembers: bool = True
    ) -> None:
        super().__init__()
        widths = [width + level * (width // 2) for level in range(levels)]
        pairs = list(itertools.pairwise(widths))
        self.multiple = 2**levels
        self.head = layer(min(kronecker, 2), 18, width, 3)
        self.memory = layer(kronecker, width, width, 1, gain=SMALL) if remembers else None
        self.fine = nn.ModuleList(ResidualBlock(fine, kronecker) for fine, _ in pairs)
        self.down = nn.ModuleList(
            layer(kronecker, fine, coarse, 3, stride=2) for fine, coarse in pairs
        )
        self.middle = nn.Sequential(*(ResidualBlock(widths[-1], kronecker) for _ in range(2)))
        self.up = nn.ModuleList(layer(kronecker, coarse, 4 * fine, 1) for fine, coarse in pairs)
        self.merged = nn.ModuleList(ResidualBlock(fine, kronecker) for fine, _ in pairs)
        self.tail = layer(kronecker, width, 8, 3, gain=TINY)

    def forward(self, image: Tensor, noise: Tensor, memory: Tensor | None) -> tuple[Tensor, Tensor]:
        """The change of the image, and what the next step should remember.

        Args:
            image: real parts of image and mismatch, then imaginary parts (batch, 4, y, x).
            noise: of each image (batch,), as a logarithm.
            memory: features that the step before gave back (batch, width, y / 2, x / 2), padded.
        """
        height, width = image.shape[-2:]
        below, right = -height % self.multiple, -width % self.multiple
        packed = pixel_unshuffle(pad(image, (0, right, 0, below)), 2)
        level = noise.to(packed.dtype).reshape(-1, 1, 1, 1).expand(-1, 2, *packed.shape[-2:])
        features = self.head(concatenate([packed, level], 2))
        if self.memory is not None and memory is not None:
            features = features + self.memory(memory)
        features = relu(features)
        skipped = []
        for block, down in zip(self.fine, self.down, strict=True):
            features = block(features)
            skipped.append(features)
            features = relu(down(features))
        features = self.middle(features)
        for block, up in zip(reversed(self.merged), reversed(self.up), strict=True):
            features = block(relu(pixel_shuffle(up(features), 2) + skipped.pop()))
        change = pixel_shuffle(self.tail(features), 2)
        return change[..., :height, :width], features
