"""The light U-Net that takes noise of a given level from an image, or from a film."""

import itertools
import math
from typing import final

import torch
from torch import Tensor, nn
from torch.nn.functional import pad, pixel_shuffle, pixel_unshuffle, relu

from feathermr.nn.averages import CHOICES, chosen
from feathermr.nn.components import concatenate
from feathermr.nn.layers import convolution
from feathermr.nn.temporal_mixing import TemporalMixing

#: torch draws layers whose answer has a third of the variance of their input; this makes up for
#: that and for the half that a ReLU takes
HE = math.sqrt(6)
#: what a residual block, and the network, add before training
SMALL, TINY = 0.3, 0.03
#: brings the plane of the noise level nearer to the values of an image
BRIGHTER = 5.0


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
class Denoiser(nn.Module):
    """``D(z, sigma) = z + U(z, sigma)`` with a U-Net ``U`` that starts at half the resolution.

    Four pixels become channels (sub-pixel, Shi et al. 2016, arXiv:1609.05158), so that the widest
    maps, and with them most of the time, are a quarter; nothing is lost, because the answer is put
    together again from four channels. The noise level is a plane of its own (Zhang et al. 2022,
    doi:10.1109/TPAMI.2021.3088914). No layer has a bias and none normalises, so that
    ``D(a z, a sigma) = a D(z, sigma)`` for positive ``a``: what is learned at one intensity holds
    at all (Mohan et al. 2020, arXiv:1906.05478), and the layers fold and quantise as they are.

    For films there are two more inputs: the mean over the frames, in which still tissue has the
    least noise, and another estimate of the film, made in another way. Frames are mixed before
    each block, and the answer also chooses among that estimate and averages (`chosen`).

    Args:
        width: channels at half the resolution; each coarser level has half of it more.
        levels: resolutions, the first included.
        kronecker: ``n`` of the layers; 1 for dense ones.
        temporal: for films, else every frame is denoised by itself.
    """

    def __init__(
        self, width: int = 32, levels: int = 3, kronecker: int = 2, temporal: bool = False
    ) -> None:
        super().__init__()
        widths = [width + level * (width // 2) for level in range(levels)]
        pairs = list(itertools.pairwise(widths))
        self.multiple = 2**levels
        self.head = layer(min(kronecker, 2), 26 if temporal else 10, width, 3)
        self.fine = nn.ModuleList(ResidualBlock(fine, kronecker) for fine, _ in pairs)
        self.down = nn.ModuleList(
            layer(kronecker, fine, coarse, 3, stride=2) for fine, coarse in pairs
        )
        self.middle = nn.Sequential(*(ResidualBlock(widths[-1], kronecker) for _ in range(2)))
        self.up = nn.ModuleList(layer(kronecker, coarse, 4 * fine, 1) for fine, coarse in pairs)
        self.merged = nn.ModuleList(ResidualBlock(fine, kronecker) for fine, _ in pairs)
        answers = 8 + 4 * CHOICES if temporal else 8
        self.tail = layer(kronecker, width, answers, 3, gain=TINY)
        places = [*widths[:-1], widths[-1], widths[-1], *reversed(widths[:-1])]
        self.mixing = nn.ModuleList(
            TemporalMixing(channels, kronecker) for channels in places if temporal
        )

    def forward(
        self, image: Tensor, sigma: Tensor, frames: int = 1, other: Tensor | None = None
    ) -> Tensor:
        """The image without noise (batch, 2, y, x).

        Args:
            image: real and imaginary parts (batch, 2, y, x); of films, frame after frame.
            sigma: deviation of the noise in each part of each image (batch,).
            frames: number of frames of a film.
            other: another estimate of the film, of the image's shape; itself by default.
        """
        height, width = image.shape[-2:]
        below, right = -height % self.multiple, -width % self.multiple
        border = (0, right, 0, below)
        packed = pixel_unshuffle(pad(image, border), 2)
        plane = BRIGHTER * sigma.to(packed.dtype).reshape(-1, 1, 1, 1)
        inputs = [packed, plane.expand(-1, 2, *packed.shape[-2:])]
        other = image if other is None else other
        if self.mixing:
            inputs[1:1] = [still(packed, frames), pixel_unshuffle(pad(other, border), 2)]
        features = relu(self.head(concatenate(inputs, 2)))
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
        answer = pixel_shuffle(self.tail(features), 2)[..., :height, :width].to(image.dtype)
        if not self.mixing:
            return image + answer
        noise = sigma.to(image.dtype).reshape(-1, 1, 1, 1)
        return image + answer[:, :2] + chosen(image, other, answer[:, 2:], noise, frames)


def still(channels: Tensor, frames: int) -> Tensor:
    """The mean over the frames of each film, (slice * frame, ...), for each frame."""
    film = channels.unflatten(0, (-1, frames))  # type: ignore[no-untyped-call]
    mean: Tensor = film.mean(1, keepdim=True).expand_as(film).flatten(0, 1)
    return mean
