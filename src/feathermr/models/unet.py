"""The U-Net of the fastMRI challenge, key by key, so that its trained weights can be loaded."""

from dataclasses import dataclass
from typing import final

from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, pad

from feathermr.core.errors import ShapeError, UsageError
from feathermr.core.tracing import is_traced
from feathermr.models.one_shot import OneShot
from feathermr.nn.components import concatenate
from feathermr.nn.layers import convolution, transposed_convolution

SLOPE = 0.2


@dataclass(frozen=True)
class UnetConfig:
    """Settings of the U-Net.

    Attributes:
        channels: in and out; 2 for a complex image.
        width: channels of the first level, doubled at each further one.
        depth: how often the image is halved.
        dropout: probability with which a feature map is dropped while training.
        kronecker: ``n`` of Kronecker layers; 1 for plain ones.
        consistency: CG iterations of the step at the end; 0 for none.
    """

    channels: int = 2
    width: int = 32
    depth: int = 4
    dropout: float = 0.0
    kronecker: int = 1
    consistency: int = 6


def unet(config: UnetConfig) -> OneShot:
    """The U-Net as a model."""
    return OneShot(Unet(config), consistency=config.consistency)


@final
class Unet(nn.Module):
    """A real image (batch, channels, y, x) to another of the same size, of any size.

    Zbontar et al. 2018, arXiv:1811.08839, after Ronneberger et al. 2015,
    doi:10.1007/978-3-319-24574-4_28. With ``kronecker = 1`` names and shapes of the parameters
    are those of the published implementation.
    """

    def __init__(self, config: UnetConfig) -> None:
        super().__init__()
        if config.depth < 1 or config.width < 1:
            raise UsageError(
                f"a U-Net takes a depth and a width of at least 1, not {config.depth} and "
                f"{config.width}"
            )
        self.depth, self.kronecker = config.depth, config.kronecker
        widths = [config.width * 2**level for level in range(config.depth + 1)]
        dropout, n = config.dropout, config.kronecker
        self.down_sample_layers = nn.ModuleList(
            Block(before, after, dropout, n)
            for before, after in zip([config.channels, *widths[:-2]], widths[:-1], strict=True)
        )
        self.conv = Block(widths[-2], widths[-1], dropout, n)
        self.up_transpose_conv = nn.ModuleList(
            Upsampling(2 * width, width, n) for width in reversed(widths[:-1])
        )
        self.up_conv = nn.ModuleList(
            Block(2 * width, width, dropout, n) for width in reversed(widths[1:-1])
        )
        self.up_conv.append(
            nn.Sequential(
                Block(2 * widths[0], widths[0], dropout, n),
                convolution(n, widths[0], config.channels, 1),
            )
        )

    def forward(self, image: Tensor) -> Tensor:
        """The network.

        Raises:
            ShapeError: the image is too small to be halved ``depth`` times.
        """
        least = 2**self.depth
        if min(image.shape[-2:]) < least or max(image.shape[-2:]) < 2 * least:
            raise ShapeError(
                f"a U-Net of depth {self.depth} takes images of at least {least} x {2 * least}, "
                f"not {image.shape[-2]} x {image.shape[-1]}"
            )
        skipped = []
        for block in self.down_sample_layers:
            image = block(image)
            skipped.append(image)
            image = avg_pool2d(image, 2)
        image = self.conv(image)
        for upsampling, block in zip(self.up_transpose_conv, self.up_conv, strict=True):
            beside = skipped.pop()
            image = _grown(upsampling(image), beside)
            image = block(concatenate([image, beside], self.kronecker))
        return image


@final
class Block(nn.Module):
    """Twice: 3 x 3 convolution, instance normalisation, leaky ReLU, dropout of feature maps."""

    def __init__(self, channels_in: int, channels_out: int, dropout: float, n: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            convolution(n, channels_in, channels_out, 3, padding=1, bias=False),
            nn.InstanceNorm2d(channels_out),
            nn.LeakyReLU(SLOPE),
            nn.Dropout2d(dropout),
            convolution(n, channels_out, channels_out, 3, padding=1, bias=False),
            nn.InstanceNorm2d(channels_out),
            nn.LeakyReLU(SLOPE),
            nn.Dropout2d(dropout),
        )

    def forward(self, image: Tensor) -> Tensor:
        """Features of the same size."""
        features: Tensor = self.layers(image)
        return features


@final
class Upsampling(nn.Module):
    """Transposed 2 x 2 convolution of stride 2, instance normalisation, leaky ReLU."""

    def __init__(self, channels_in: int, channels_out: int, n: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            transposed_convolution(n, channels_in, channels_out, 2, stride=2, bias=False),
            nn.InstanceNorm2d(channels_out),
            nn.LeakyReLU(SLOPE),
        )

    def forward(self, image: Tensor) -> Tensor:
        """Features of twice the size."""
        features: Tensor = self.layers(image)
        return features


def _grown(image: Tensor, like: Tensor) -> Tensor:
    """The image with its last row and column mirrored where pooling has lost one."""
    missing = [like.shape[axis] - image.shape[axis] for axis in (-1, -2)]
    if not any(missing) and not is_traced():  # an exported graph takes any size
        return image
    return pad(image, (0, missing[0], 0, missing[1]), mode="reflect")
