"""LB-UNet: a very light U-Net that predicts where boundaries are and uses them."""

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, interpolate, max_pool2d

from feathermr.core.errors import UsageError
from feathermr.models.one_shot import OneShot
from feathermr.nn.group_shuffle import GroupShuffleAttention

#: channels of the six levels in units of the first one's
LEVELS = (1, 2, 4, 6, 9, 12)
#: weights of the predicted regions and boundaries in the skip connections, fine to coarse
REGION_WEIGHTS = (0.5, 0.4, 0.3, 0.2, 0.1)
BOUNDARY_WEIGHTS = (0.3, 0.2, 0.1)
NORM_GROUPS = 4
#: of the last layer's initial weights: training starts close to the zero-filled image
LAST = 0.1


@dataclass(frozen=True)
class LbUnetConfig:
    """Settings of LB-UNet.

    Attributes:
        channels: in and out; 2 for a complex image.
        width: channels of the first level, a multiple of four.
        consistency: CG iterations of the step at the end; 0 for none.
    """

    channels: int = 2
    width: int = 32
    consistency: int = 6


def lb_unet(config: LbUnetConfig) -> OneShot:
    """LB-UNet as a model."""
    return OneShot(LbUnet(config), multiple=2**5, consistency=config.consistency)


@final
class LbUnet(nn.Module):
    """A real image (batch, channels, y, x) plus what a boundary-assisted U-Net says is missing.

    Xu and Tong 2024, "LB-UNet: a lightweight boundary-assisted UNet for skin lesion segmentation",
    MICCAI, https://papers.miccai.org/miccai-2024/446-Paper2135.html: three convolutional levels,
    three of group shuffle attention, and in the decoder a predicted region at every level and a
    predicted boundary at the three finest, which weight the decoder's features and the skip
    connections.

    Made for segmentation, it is adapted to reconstruction, so that it is a fair baseline: levels
    of 32 to 384 channels instead of 8 to 64 make it one of a million parameters; the last level is
    brought to full resolution by a sub-pixel convolution instead of interpolation, and is added to
    the input; group normalisation takes the place of batch normalisation everywhere, because
    batches are small. Regions are learned from the image's loss alone, and so are boundaries
    unless a loss is put on ``boundaries``, for which `boundary_target` makes the target.

    Args:
        config: height and width of the image must be multiples of 32.

    Raises:
        UsageError: the width is no multiple of four.
    """

    def __init__(self, config: LbUnetConfig) -> None:
        super().__init__()
        if config.width % NORM_GROUPS:
            raise UsageError(f"the width must be a multiple of {NORM_GROUPS}, not {config.width}")
        widths = [config.width * factor for factor in LEVELS]
        pairs = list(zip([config.channels, *widths], widths, strict=False))
        self.encoders = nn.ModuleList(
            [
                nn.Conv2d(*pairs[0], 3, padding=1),
                nn.Conv2d(*pairs[1], 3, padding=1),
                nn.Sequential(nn.Conv2d(*pairs[2], 3, padding=1), WideBlock(widths[2])),
                *(GroupShuffleAttention(*pair) for pair in pairs[3:]),
            ]
        )
        self.halvings = nn.ModuleList(Halving(width) for width in widths[:3])
        self.pooled_norms = nn.ModuleList(nn.GroupNorm(NORM_GROUPS, width) for width in widths[3:5])
        back = [(after, before) for before, after in pairs[1:]]
        self.decoders = nn.ModuleList(
            [
                nn.Conv2d(*back[0], 3, padding=1),
                nn.Conv2d(*back[1], 3, padding=1),
                *(GroupShuffleAttention(*pair) for pair in back[2:]),
            ]
        )
        self.norms = nn.ModuleList(nn.GroupNorm(NORM_GROUPS, width) for width in widths[:5])
        self.regions = nn.ModuleList(nn.Conv2d(width, 1, 1) for width in widths[:5])
        self.boundary_heads = nn.ModuleList(nn.Conv2d(width, 1, 1) for width in widths[:3])
        self.last = nn.Conv2d(widths[0], 4 * config.channels, 3, padding=1)
        with torch.no_grad():
            for parameter in self.last.parameters():
                parameter.mul_(LAST)
        self.shuffle = nn.PixelShuffle(2)

    def forward(self, image: Tensor) -> Tensor:
        """The network."""
        features, _ = self._decode(image)
        answer: Tensor = image + self.shuffle(self.last(features))
        return answer

    def boundaries(self, image: Tensor) -> tuple[Tensor, ...]:
        """Predicted boundaries in 0 to 1, (batch, 1, y / s, x / s) with s = 2, 4, 8."""
        return tuple(self._decode(image)[1])

    def _encode(self, image: Tensor) -> list[Tensor]:
        """Features at strides 2, 4, 8, 16, 32, and 32 again."""
        found = []
        for level, encoder in enumerate(self.encoders):
            image = encoder(image)
            if level < 3:
                image = self.halvings[level](image)
            elif level < 5:
                image = max_pool2d(self.pooled_norms[level - 3](image), 2)
            image = gelu(image)
            found.append(image)
        return found

    def _decode(self, image: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Features at stride 2 and the boundaries, fine to coarse."""
        *skipped, features = self._encode(image)
        boundaries: list[Tensor] = []
        for level in reversed(range(5)):
            features = self.norms[level](self.decoders[level](features))
            if level < 4:
                features = interpolate(
                    features, scale_factor=2.0, mode="bilinear", align_corners=False
                )
            features = gelu(features)
            region = self.regions[level](features).sigmoid()
            inside, beside = 1 + region, 1 + REGION_WEIGHTS[level] * region
            if level < 3:
                boundary = self.boundary_heads[level](features).sigmoid()
                boundaries.insert(0, boundary)
                inside = inside + boundary
                beside = beside + BOUNDARY_WEIGHTS[level] * boundary
            features = features * inside + skipped[level] * beside
        return features, boundaries


@final
class Halving(nn.Module):
    """Group normalisation twice and a 2 x 2 convolution of stride 2."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.GroupNorm(NORM_GROUPS, channels), nn.Conv2d(channels, channels, 2, stride=2)
        )

    def forward(self, image: Tensor) -> Tensor:
        """Features of half the size."""
        features: Tensor = self.layers(image)
        return features


@final
class WideBlock(nn.Module):
    """A depthwise 7 x 7 convolution and a perceptron at each pixel, four times as wide inside."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, channels, 7, padding=3, groups=channels, padding_mode="reflect"),
            nn.GroupNorm(NORM_GROUPS, channels),
            nn.Conv2d(channels, 4 * channels, 1),
            nn.GELU(),
            nn.Conv2d(4 * channels, channels, 1),
            nn.GroupNorm(NORM_GROUPS, channels),
            nn.GELU(),
        )

    def forward(self, image: Tensor) -> Tensor:
        """Features of the same size."""
        features: Tensor = self.layers(image)
        return features


def boundary_target(magnitude: Tensor, stride: int) -> Tensor:
    """Where the boundaries of an image are: what ``LbUnet.boundaries`` may be trained on.

    The largest ``|grad |x||`` within each cell of ``stride`` pixels, over the largest of the
    image; forward differences, zero past the end.

    Args:
        magnitude: (batch, 1, y, x), of multiples of the stride.
        stride: of the boundaries, 2, 4 or 8.

    Returns:
        Of (batch, 1, y / stride, x / stride), in 0 to 1.
    """
    in_y = torch.diff(magnitude, dim=-2, append=magnitude[..., -1:, :])
    in_x = torch.diff(magnitude, dim=-1, append=magnitude[..., -1:])
    steepness = max_pool2d(torch.hypot(in_y, in_x), stride)
    largest = steepness.amax((-2, -1), keepdim=True)
    return steepness / torch.where(largest > 0, largest, torch.ones_like(largest))
