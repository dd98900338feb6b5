"""Convolutions of two dimensions over a film whose frames are channels."""

import itertools
from typing import final

from torch import Tensor, nn
from torch.nn.functional import relu

from feathermr.nn.film_convolution import HE, scaled
from feathermr.nn.layers import convolution


@final
class FrameChannels2d(nn.Module):
    """``L relu(C_n ... relu(C_1 x))`` with 3 x 3 convolutions.

    All frames are seen at once, each by weights of its own, so their number is fixed and nothing
    that is learned for one moment holds for another.

    Args:
        channels_in: of a frame.
        channels_out: features of a frame.
        frames: of every film.
        width: channels inside.
        layers: ``n``.
        kronecker: components of the layers; 1 for dense ones.
    """

    #: of which height and width are multiples
    multiple = 1

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        *,
        frames: int,
        width: int,
        layers: int,
        kronecker: int,
    ) -> None:
        super().__init__()
        self.channels_out = channels_out
        widths = [frames * channels_in, *([width] * layers)]
        self.layers = nn.ModuleList(
            scaled(convolution(kronecker, before, after, 3, padding=1), HE)
            for before, after in itertools.pairwise(widths)
        )
        self.last = convolution(kronecker, width, frames * channels_out, 3, padding=1)

    def forward(self, film: Tensor, cyclic: bool = False) -> Tensor:
        """Features (batch, channel, frame, y, x) of a film; it has no ends here."""
        features = film.flatten(1, 2)
        for layer in self.layers:
            features = relu(layer(features))
        answer: Tensor = self.last(features).unflatten(1, (self.channels_out, film.shape[2]))
        return answer
