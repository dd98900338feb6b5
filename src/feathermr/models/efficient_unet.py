"""Efficient U-Net: an EfficientNet encodes, a light decoder brings its features back."""

from dataclasses import dataclass
from typing import NamedTuple, final

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from feathermr.models.one_shot import OneShot
from feathermr.nn.mbconv import GROUP, MBConv, group_norm

#: of the last layer's initial weights: training starts close to the zero-filled image
LAST = 0.1


class Stage(NamedTuple):
    """Blocks of one kind; the stride is that of the first."""

    expansion: int
    width: int
    blocks: int
    stride: int
    kernel: int


STEM = 32
#: EfficientNet-B0
STAGES = (
    Stage(1, 16, 1, 1, 3),
    Stage(6, 24, 2, 2, 3),
    Stage(6, 40, 2, 2, 5),
    Stage(6, 80, 3, 2, 3),
    Stage(6, 112, 3, 1, 5),
    Stage(6, 192, 4, 2, 5),
    Stage(6, 320, 1, 1, 3),
)
#: stages whose features are handed over to the decoder, at strides 2, 4, 8 and 16
SKIPPED = (0, 1, 2, 4)
#: channels of the decoder at these strides
DECODER = (32, 64, 128, 224)


@dataclass(frozen=True)
class EfficientUnetConfig:
    """Settings of the Efficient U-Net.

    Attributes:
        channels: in and out; 2 for a complex image.
        width: factor of all channel counts, which are rounded to multiples of eight; 1.0 is
            EfficientNet-B0.
        consistency: CG iterations of the step at the end; 0 for none.
    """

    channels: int = 2
    width: float = 1.0
    consistency: int = 6


def efficient_unet(config: EfficientUnetConfig) -> OneShot:
    """The Efficient U-Net as a model."""
    return OneShot(EfficientUnet(config), multiple=2**5, consistency=config.consistency)


@final
class EfficientUnet(nn.Module):
    """A real image (batch, channels, y, x) plus what a U-Net of inverted residuals says is missing.

    The encoder is that of Tan and Le 2019, arXiv:1905.11946. At each level of the decoder the
    coarser features are narrowed, interpolated, put beside the encoder's, and mixed by one
    depthwise separable block; a sub-pixel convolution brings the last ones to full resolution.

    Args:
        config: height and width of the image must be multiples of 32.
    """

    def __init__(self, config: EfficientUnetConfig) -> None:
        super().__init__()
        stem = _width(STEM, config)
        widths = [_width(stage.width, config) for stage in STAGES]
        decoder = [_width(width, config) for width in DECODER]
        self.stem = nn.Sequential(
            nn.Conv2d(config.channels, stem, 3, stride=2, padding=1, bias=False),
            group_norm(stem),
            nn.SiLU(),
        )
        self.stages = nn.ModuleList(
            _stage(stage, before, width)
            for stage, before, width in zip(STAGES, [stem, *widths[:-1]], widths, strict=True)
        )
        beside = [widths[place] for place in SKIPPED]
        coarser = [*decoder[1:], widths[-1]]
        self.narrowings = nn.ModuleList(
            nn.Conv2d(before, width, 1) for before, width in zip(coarser, decoder, strict=True)
        )
        self.mixers = nn.ModuleList(
            MBConv(width + skipped, width, 1, 5)
            for width, skipped in zip(decoder, beside, strict=True)
        )
        self.last = nn.Conv2d(decoder[0], 4 * config.channels, 3, padding=1)
        with torch.no_grad():
            for parameter in self.last.parameters():
                parameter.mul_(LAST)
        self.shuffle = nn.PixelShuffle(2)

    def forward(self, image: Tensor) -> Tensor:
        """The network."""
        features, skipped = self.stem(image), []
        for place, stage in enumerate(self.stages):
            features = stage(features)
            if place in SKIPPED:
                skipped.append(features)
        for level in reversed(range(len(SKIPPED))):
            narrowed = self.narrowings[level](features)
            grown = interpolate(narrowed, scale_factor=2.0, mode="bilinear", align_corners=False)
            features = self.mixers[level](torch.cat([grown, skipped[level]], dim=1))
        answer: Tensor = image + self.shuffle(self.last(features))
        return answer


def _stage(stage: Stage, before: int, width: int) -> nn.Sequential:
    return nn.Sequential(
        *(
            MBConv(
                width if index else before,
                width,
                stage.expansion,
                stage.kernel,
                1 if index else stage.stride,
            )
            for index in range(stage.blocks)
        )
    )


def _width(channels: int, config: EfficientUnetConfig) -> int:
    """The channel count at the width of the configuration."""
    return max(GROUP, round(channels * config.width / GROUP) * GROUP)
