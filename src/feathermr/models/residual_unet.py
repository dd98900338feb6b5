"""A light residual U-Net, whose layers may be Kronecker layers."""

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, pixel_shuffle, pixel_unshuffle, silu

from feathermr.core.errors import ShapeError, UsageError
from feathermr.models.one_shot import OneShot
from feathermr.nn.components import concatenate
from feathermr.nn.layers import convolution

#: by how much the last convolution starts smaller: at first the image is nearly kept
LAST = 0.1


@dataclass(frozen=True)
class ResidualUnetConfig:
    """Settings of the residual U-Net.

    Attributes:
        channels: in and out; 2 for a complex image.
        width: channels of the first level, doubled at each further one; a multiple of ``groups``.
        depth: how often features are halved.
        groups: of the group normalisation.
        patch: pixels along each axis that the first level takes as channels; 1 works at full size
            and costs about four times as much as 2.
        dropout: probability with which a feature map is dropped while training.
        kronecker: ``n`` of Kronecker layers; 1 for plain ones.
        consistency: CG iterations of the step at the end; 0 for none.
    """

    channels: int = 2
    width: int = 32
    depth: int = 3
    groups: int = 8
    patch: int = 2
    dropout: float = 0.0
    kronecker: int = 2
    consistency: int = 6


def residual_unet(config: ResidualUnetConfig) -> OneShot:
    """The residual U-Net as a model."""
    network = ResidualUnet(config)
    return OneShot(network, network.multiple, config.consistency)


@final
class ResidualUnet(nn.Module):
    """``image + network(image)`` for real images (batch, channels, y, x).

    The residual blocks of diffusion models (Ho et al. 2020, arXiv:2006.11239) in a U-Net, without
    what tells them the time. It is light on a processor: the first convolution takes patches of
    pixels, up-sampling is a 1 x 1 convolution before pixels are repeated, and the last one
    gives whole patches again. Height and width must be multiples of ``patch * 2**depth``.

    Raises:
        UsageError: ``groups`` does not divide ``width``.
    """

    def __init__(self, config: ResidualUnetConfig) -> None:
        super().__init__()
        if min(config.groups, config.depth, config.patch) < 1 or config.width % config.groups:
            raise UsageError(
                f"a residual U-Net takes a depth and a patch of at least 1 and a width that its "
                f"groups divide, not depth {config.depth}, patch {config.patch}, width "
                f"{config.width} and {config.groups} groups"
            )
        self.patch, self.kronecker = config.patch, config.kronecker
        self.multiple = config.patch * 2**config.depth
        widths = [config.width * 2**level for level in range(config.depth + 1)]
        pixels = config.channels * config.patch**2
        self.first = _convolution(config, pixels, widths[0])
        self.encoder = nn.ModuleList(ResidualBlock(config, width, width) for width in widths[:-1])
        self.down = nn.ModuleList(
            _convolution(config, width, 2 * width, stride=2) for width in widths[:-1]
        )
        self.middle = nn.Sequential(
            ResidualBlock(config, widths[-1], widths[-1]),
            ResidualBlock(config, widths[-1], widths[-1]),
        )
        upwards = widths[-2::-1]
        self.up = nn.ModuleList(
            _convolution(config, 2 * width, width, kernel=1) for width in upwards
        )
        self.decoder = nn.ModuleList(ResidualBlock(config, 2 * width, width) for width in upwards)
        self.normalise = nn.GroupNorm(config.groups, widths[0])
        self.last = _convolution(config, widths[0], pixels)
        with torch.no_grad():
            for name, parameter in self.last.named_parameters():
                if name != "algebra":  # the weight is the product of the algebra and the factors
                    parameter.mul_(LAST)

    def forward(self, image: Tensor) -> Tensor:
        """The network.

        Raises:
            ShapeError: height or width is no multiple of ``patch * 2**depth``.
        """
        height, width = image.shape[-2:]
        if height % self.multiple or width % self.multiple:
            raise ShapeError(
                f"this residual U-Net takes heights and widths that {self.multiple} divides, not "
                f"{height} x {width}; pad the image, as OneShot does"
            )
        features = self.first(pixel_unshuffle(image, self.patch))
        skipped = []
        for block, down in zip(self.encoder, self.down, strict=True):
            features = block(features)
            skipped.append(features)
            features = down(features)
        features = self.middle(features)
        for up, block in zip(self.up, self.decoder, strict=True):
            features = interpolate(up(features), scale_factor=2.0, mode="nearest")
            features = block(concatenate([features, skipped.pop()], self.kronecker))
        correction = self.last(silu(self.normalise(features)))
        return image + pixel_shuffle(correction, self.patch)


@final
class ResidualBlock(nn.Module):
    """``s(x) + r(x)``, ``r`` twice: group normalisation, SiLU, 3 x 3 convolution.

    ``s`` is a 1 x 1 convolution where the number of channels changes.
    """

    def __init__(self, config: ResidualUnetConfig, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.GroupNorm(config.groups, channels_in),
            nn.SiLU(),
            _convolution(config, channels_in, channels_out),
            nn.GroupNorm(config.groups, channels_out),
            nn.SiLU(),
            nn.Dropout2d(config.dropout),
            _convolution(config, channels_out, channels_out),
        )
        same = channels_in == channels_out
        self.skip = nn.Identity() if same else _convolution(config, channels_in, channels_out, 1)

    def forward(self, features: Tensor) -> Tensor:
        """Features of the same size."""
        kept: Tensor = self.skip(features)
        change: Tensor = self.layers(features)
        return kept + change


def _convolution(
    config: ResidualUnetConfig,
    channels_in: int,
    channels_out: int,
    kernel: int = 3,
    stride: int = 1,
) -> nn.Module:
    return convolution(
        config.kronecker, channels_in, channels_out, kernel, stride=stride, padding=kernel // 2
    )
