"""Two U-Nets, one for real and one for imaginary parts of a film, then a 3D ResNet over frames."""

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor, nn

from feathermr.core.complexes import from_channels, to_channels
from feathermr.core.crop import center_crop, center_pad
from feathermr.core.errors import ShapeError, UsageError
from feathermr.nn.channel_spatial_attention import ChannelSpatialAttention
from feathermr.nn.consistency import Consistency
from feathermr.nn.temporal_resnet import TemporalResnet, begun_small
from feathermr.operators import Encoding

#: groups of channels that are normalised together, where the width allows
GROUPS = 8


@dataclass(frozen=True)
class DualUnetConfig:
    """Sizes of the dual U-Net.

    Attributes:
        frames: of every film; they are the channels of the U-Nets.
        width: channels of a U-Net's first level, doubled at each further one.
        levels: how often the image is halved.
        dropout: probability with which a feature map is dropped while training.
        slope: of the leaky ReLUs.
        attention: to channels and places, at the coarsest level.
        temporal_width: channels of the 3D ResNet.
        temporal_blocks: its layers, one residual block each.
        cascades: times that all this is applied, each with parameters of its own; more than one
            makes the film consistent with the samples after each.
        iterations: of CG in a consistency step.
    """

    frames: int = 20
    width: int = 64
    levels: int = 4
    dropout: float = 0.3
    slope: float = 0.1
    attention: bool = True
    temporal_width: int = 16
    temporal_blocks: int = 3
    cascades: int = 1
    iterations: int = 6

    def __post_init__(self) -> None:
        sizes = self.frames, self.width, self.levels, self.temporal_width, self.temporal_blocks
        if min(*sizes, self.cascades, self.iterations) < 1:
            raise UsageError("sizes, cascades and iterations of a dual U-Net must be at least 1")
        if not 0 <= self.dropout < 1 or not 0 <= self.slope < 1:
            raise UsageError("dropout and slope must be from 0 to below 1")


@final
class DualUnet(nn.Module):
    """``x_0 = A^H y``, ``x_1 = D_1(x_0)``; with several cascades ``x_k = C_k(D_k(x_(k-1)))``.

    ``D`` restores a film, see `DualRestorer`; ``C`` is the consistency step with a positive
    learned weight. The film is complex from the first to the last cascade. What ``D`` sees has a
    mean square of one in each film, and its answer is scaled back: twice the k-space gives twice
    the film. One coil and many go the same way.
    """

    def __init__(self, config: DualUnetConfig) -> None:
        super().__init__()
        self.frames, self.multiple = config.frames, 2**config.levels
        self.restorers = nn.ModuleList(DualRestorer(config) for _ in range(config.cascades))
        self.consistencies = nn.ModuleList(
            Consistency(config.iterations) for _ in range(config.cascades if self.unrolled else 0)
        )

    @property
    def unrolled(self) -> bool:
        """The film is made consistent with the samples."""
        return len(self.restorers) > 1

    def forward(self, kspace: Tensor, encoding: Encoding) -> Tensor:
        """K-space (slice, frame, coil, y, x) to image (slice, frame, y, x).

        Raises:
            ShapeError: another number of frames than the network has channels for.
        """
        return self.images(kspace, encoding)[-1]

    def images(self, kspace: Tensor, encoding: Encoding) -> list[Tensor]:
        """The image after each cascade."""
        if kspace.shape[1] != self.frames:
            raise ShapeError(
                f"this dual U-Net takes films of {self.frames} frames, not {kspace.shape[1]}; "
                "train one with settings.frames as the film has"
            )
        adjoint = encoding.H(kspace)
        image = adjoint
        images = []
        for index, restorer in enumerate(self.restorers):
            image = self._restored(restorer, image)
            if self.unrolled:
                image = self.consistencies[index](image, adjoint, encoding)
            images.append(image)
        return images

    def _restored(self, restorer: nn.Module, image: Tensor) -> Tensor:
        """A film by one restorer, on a size that it takes."""
        power = image.abs().square().mean((-3, -2, -1), keepdim=True)
        scale = torch.where(power > 0, power, torch.ones_like(power)).sqrt()
        height, width = image.shape[-2:]
        padded = tuple(-(-size // self.multiple) * self.multiple for size in (height, width))
        film = to_channels((image / scale)[:, None])
        answer: Tensor = restorer(center_pad(film, (padded[0], padded[1])))
        cropped = center_crop(answer, (height, width)).to(film.dtype)
        return from_channels(cropped)[:, 0] * scale


@final
class DualRestorer(nn.Module):
    """A film (batch, 2, frame, y, x), real part first, to a better one.

    The real part goes through one U-Net and the imaginary part through another, with the frames as
    channels; each adds a change to its part. Then a 3D ResNet sees both parts together.
    """

    def __init__(self, config: DualUnetConfig) -> None:
        super().__init__()
        self.real, self.imaginary = FrameUnet(config), FrameUnet(config)
        self.temporal = TemporalResnet(
            2, config.temporal_width, config.temporal_blocks, config.slope
        )

    def forward(self, film: Tensor) -> Tensor:
        """The restored film."""
        real, imaginary = film.unbind(1)
        parts = [real + self.real(real), imaginary + self.imaginary(imaginary)]
        restored: Tensor = self.temporal(torch.stack(parts, dim=1))
        return restored


@final
class FrameUnet(nn.Module):
    """A U-Net of frames as channels, (batch, frame, y, x) to the same; sizes divide by 2^levels.

    Ronneberger et al. 2015, doi:10.1007/978-3-319-24574-4_28, with attention to channels and places
    between encoder and decoder.
    """

    def __init__(self, config: DualUnetConfig) -> None:
        super().__init__()
        widths = [config.width * 2**level for level in range(config.levels + 1)]
        dropout, slope = config.dropout, config.slope
        self.encoder = nn.ModuleList(
            block(before, after, dropout, slope)
            for before, after in zip([config.frames, *widths[:-2]], widths[:-1], strict=True)
        )
        self.middle = block(widths[-2], widths[-1], dropout, slope)
        self.attention = ChannelSpatialAttention(widths[-1]) if config.attention else nn.Identity()
        self.growth = nn.ModuleList(
            nn.ConvTranspose2d(2 * width, width, 2, stride=2) for width in reversed(widths[:-1])
        )
        self.decoder = nn.ModuleList(
            block(2 * width, width, dropout, slope) for width in reversed(widths[:-1])
        )
        self.last = begun_small(nn.Conv2d(config.width, config.frames, 1))

    def forward(self, frames: Tensor) -> Tensor:
        """The network."""
        skipped = []
        for layers in self.encoder:
            frames = layers(frames)
            skipped.append(frames)
            frames = nn.functional.max_pool2d(frames, 2)
        frames = self.attention(self.middle(frames))
        for growth, layers in zip(self.growth, self.decoder, strict=True):
            frames = layers(torch.cat([growth(frames), skipped.pop()], dim=1))
        answer: Tensor = self.last(frames)
        return answer


def block(channels_in: int, channels_out: int, dropout: float, slope: float) -> nn.Sequential:
    """Twice convolution, group normalisation and leaky ReLU; then dropout of feature maps.

    Groups, because the statistics of a batch of one or two films differ between training and use,
    and because channels normalised one by one forget how large an imaginary part is.
    """
    groups = next(one for one in range(GROUPS, 0, -1) if channels_out % one == 0)
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, padding=1),
        nn.GroupNorm(groups, channels_out),
        nn.LeakyReLU(slope, inplace=True),
        nn.Conv2d(channels_out, channels_out, 3, padding=1),
        nn.GroupNorm(groups, channels_out),
        nn.LeakyReLU(slope, inplace=True),
        nn.Dropout2d(dropout),
    )
