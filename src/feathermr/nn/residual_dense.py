"""The residual dense network over frames, rows and columns."""

from typing import final

from torch import Tensor, nn
from torch.nn.functional import relu

from feathermr.nn.components import concatenate
from feathermr.nn.film_convolution import FilmConvolution, fusion

#: what a block, and the blocks together, add before training
SMALL = 0.3


@final
class ResidualDenseBlock(nn.Module):
    """``f + W [f, g_1, ..., g_n]`` with ``g_i = relu(C_i [f, g_1, ..., g_(i-1)])``.

    Args:
        width: channels of ``f``.
        layers: ``n``.
        growth: channels of each ``g``.
        kronecker: components of the layers; 1 for dense ones.
    """

    def __init__(self, width: int, layers: int, growth: int, kronecker: int) -> None:
        super().__init__()
        self.components = kronecker
        self.layers = nn.ModuleList(
            FilmConvolution(width + index * growth, growth, kronecker) for index in range(layers)
        )
        self.fuse = fusion(width + layers * growth, width, kronecker, SMALL)

    def forward(self, features: Tensor, cyclic: bool = False) -> Tensor:
        """Features (batch, channel, frame, y, x) of the same shape."""
        grown = [features]
        for layer in self.layers:
            grown.append(relu(layer(concatenate(grown, self.components), cyclic)))
        change: Tensor = self.fuse(concatenate(grown, self.components))
        return features + change


@final
class ResidualDense3d(nn.Module):
    """``V (f + C [b_1, ..., b_n])`` with ``f = A x``, ``b_0 = A' f`` and ``b_k = B_k(b_(k-1))``.

    ``B`` are residual dense blocks. The network of Zhang et al. 2018, arXiv:1802.08797, with
    3 x 3 x 3 convolutions, which see the neighbours of a frame; films of any number of frames. The
    paper has 16 blocks of 8 layers and a growth of 64 for single images.

    Args:
        channels_in: of the film.
        channels_out: of the features.
        width: channels between the blocks.
        blocks: their number.
        layers: convolutions in a block.
        growth: channels that each of them adds.
        kronecker: ``n`` of the layers; 1 for dense ones.
    """

    #: of which height and width are multiples
    multiple = 1

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        *,
        width: int,
        blocks: int,
        layers: int,
        growth: int,
        kronecker: int,
    ) -> None:
        super().__init__()
        self.components = kronecker
        self.first = FilmConvolution(channels_in, width, kronecker)
        self.second = FilmConvolution(width, width, kronecker, 1.0)
        self.blocks = nn.ModuleList(
            ResidualDenseBlock(width, layers, growth, kronecker) for _ in range(blocks)
        )
        self.fuse = fusion(blocks * width, width, kronecker)
        self.third = FilmConvolution(width, width, kronecker, 1.0)
        self.last = fusion(width, channels_out, kronecker)

    def forward(self, film: Tensor, cyclic: bool = False) -> Tensor:
        """Features (batch, channel, frame, y, x) of a film."""
        shallow = self.first(film, cyclic)
        features = self.second(shallow, cyclic)
        found = []
        for block in self.blocks:
            features = block(features, cyclic)
            found.append(features)
        fused = self.third(self.fuse(concatenate(found, self.components)), cyclic)
        answer: Tensor = self.last(shallow + fused)
        return answer
