"""The denoiser of MoDL: convolutions at full resolution."""

import itertools
from typing import final

from torch import Tensor, nn

from feathermr.nn.layers import convolution


@final
class PlainDenoiser(nn.Module):
    """What is to be added to an image, by 3 x 3 convolutions with ReLUs in between.

    Without the batch normalisation of the paper, whose statistics of a batch of a few slices
    differ between training and use.

    Aggarwal et al. 2019, doi:10.1109/TMI.2018.2865356.

    Args:
        width: channels of the inner layers.
        layers: convolutions, at least two.
        kronecker: ``n`` of the layers; 1 for dense ones.
    """

    def __init__(self, width: int = 64, layers: int = 5, kronecker: int = 1) -> None:
        super().__init__()
        widths = [2, *[width] * (layers - 1), 2]
        parts: list[nn.Module] = []
        for channels_in, channels_out in itertools.pairwise(widths):
            inner = channels_in == channels_out
            n = kronecker if inner else min(kronecker, 2)
            parts += [convolution(n, channels_in, channels_out, 3, padding=1), nn.ReLU()]
        self.layers = nn.Sequential(*parts[:-1])

    def forward(self, image: Tensor) -> Tensor:
        """The change of an image, given as real and imaginary parts (batch, 2, y, x)."""
        change: Tensor = self.layers(image)
        return change
