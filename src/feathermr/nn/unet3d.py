"""A U-Net over frames, rows and columns that keeps the frames."""

import itertools
from typing import final

from torch import Tensor, nn
from torch.nn.functional import interpolate, max_pool3d, relu

from feathermr.nn.components import concatenate
from feathermr.nn.film_convolution import FilmConvolution, fusion


@final
class FilmBlock(nn.Module):
    """``relu(C_2 relu(C_1 f))`` with 3 x 3 x 3 convolutions."""

    def __init__(self, channels_in: int, channels_out: int, kronecker: int) -> None:
        super().__init__()
        self.first = FilmConvolution(channels_in, channels_out, kronecker)
        self.second = FilmConvolution(channels_out, channels_out, kronecker)

    def forward(self, features: Tensor, cyclic: bool) -> Tensor:
        """Features (batch, channel, frame, y, x)."""
        return relu(self.second(relu(self.first(features, cyclic)), cyclic))


@final
class Unet3d(nn.Module):
    """The U-Net of Çiçek et al. 2016, doi:10.1007/978-3-319-46723-8_49, that halves space alone.

    Films have few frames, so their number is kept at every level. Height and width must be
    multiples of ``multiple``.

    Args:
        channels_in: of the film.
        channels_out: of the features.
        width: channels of the first level, doubled at each further one.
        levels: resolutions.
        kronecker: ``n`` of the layers; 1 for dense ones.
    """

    def __init__(
        self, channels_in: int, channels_out: int, *, width: int, levels: int, kronecker: int
    ) -> None:
        super().__init__()
        widths = [width * 2**level for level in range(levels)]
        pairs = list(itertools.pairwise(widths))
        self.components, self.multiple = kronecker, 2 ** (levels - 1)
        self.encoder = nn.ModuleList(
            FilmBlock(before, after, kronecker)
            for before, after in itertools.pairwise([channels_in, *widths])
        )
        self.decoder = nn.ModuleList(
            FilmBlock(fine + coarse, fine, kronecker) for fine, coarse in reversed(pairs)
        )
        self.last = fusion(width, channels_out, kronecker)

    def forward(self, film: Tensor, cyclic: bool = False) -> Tensor:
        """Features (batch, channel, frame, y, x) of a film."""
        features, skipped = film, []
        for level, block in enumerate(self.encoder):
            if level:
                features = max_pool3d(features, (1, 2, 2))
            features = block(features, cyclic)
            skipped.append(features)
        skipped.pop()
        for block in self.decoder:
            larger = interpolate(features, scale_factor=(1.0, 2.0, 2.0), mode="nearest")
            features = block(concatenate([larger, skipped.pop()], self.components), cyclic)
        answer: Tensor = self.last(features)
        return answer
