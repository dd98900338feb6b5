"""Sub-pixel convolution, and a denoiser that changes resolution by it alone."""

from typing import final

import torch
from torch import Tensor, nn

from feathermr.nn.layers import convolution

#: of the last layer's initial weights: training starts close to leaving the image as it is
LAST = 0.1


@final
class SubPixel(nn.Sequential):
    """A convolution to ``factor^2`` times the channels, which then become finer pixels.

    Nothing is interpolated and no zeros are put between pixels. Shi et al. 2016,
    doi:10.1109/CVPR.2016.207.

    Args:
        channels_in: of the coarse features.
        channels_out: of the fine ones.
        factor: fine pixels along each side of a coarse one.
        kernel: of the convolution, odd.
        kronecker: ``n`` of the convolution.
    """

    def __init__(
        self, channels_in: int, channels_out: int, factor: int, kernel: int = 3, kronecker: int = 1
    ) -> None:
        wide = channels_out * factor**2
        super().__init__(
            convolution(kronecker, channels_in, wide, kernel, padding=kernel // 2),
            nn.PixelShuffle(factor),
        )


@final
class Residual(nn.Module):
    """``x + conv(relu(conv(x)))``.

    Args:
        width: channels.
        kronecker: ``n`` of the convolutions.
    """

    def __init__(self, width: int, kronecker: int = 1) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            convolution(kronecker, width, width, 3, padding=1),
            nn.ReLU(),
            convolution(kronecker, width, width, 3, padding=1),
        )

    def forward(self, features: Tensor) -> Tensor:
        """Features of the same shape."""
        answer: Tensor = features + self.layers(features)
        return answer


@final
class SubPixelDenoiser(nn.Module):
    """What is to be added to an image (batch, channel, y, x).

    Two pixels by two become channels, so that no convolution runs at full resolution; residual
    blocks work at a half and at a quarter of it, and sub-pixel convolutions lead back. Height and
    width must be multiples of 4.

    Args:
        channels: of the image.
        width: channels at half resolution; twice as many at a quarter.
        depth: residual blocks at a quarter of the resolution; one more before and after them.
        kronecker: ``n`` of the convolutions.
    """

    def __init__(self, channels: int, width: int, depth: int, kronecker: int = 1) -> None:
        super().__init__()
        n = kronecker
        self.encode = nn.Sequential(
            nn.PixelUnshuffle(2),
            convolution(n, 4 * channels, width, 3, padding=1),
            Residual(width, n),
        )
        self.deep = nn.Sequential(
            convolution(n, width, 2 * width, 2, stride=2),
            *(Residual(2 * width, n) for _ in range(depth)),
        )
        self.up = SubPixel(2 * width, width, 2, 3, n)
        self.decode = Residual(width, n)
        self.last = SubPixel(width, channels, 2, 3, n)
        with torch.no_grad():
            for name, parameter in self.last.named_parameters():
                if not name.endswith("algebra"):
                    parameter.mul_(LAST)

    def forward(self, image: Tensor) -> Tensor:
        """The change."""
        shallow = self.encode(image)
        change: Tensor = self.last(self.decode(shallow + self.up(self.deep(shallow))))
        return change
