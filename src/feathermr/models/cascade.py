"""The light default of still images: two classical images, refined where they disagree."""

from dataclasses import dataclass
from typing import Literal, final

import torch
from torch import Tensor, nn

from feathermr.core.errors import UsageError
from feathermr.nn.bands import BandError, consistent_in_bands
from feathermr.nn.noise_level import noise_of
from feathermr.nn.refiner import Refiner, disagreement
from feathermr.nn.sparse_start import sense_start, sparse_start
from feathermr.operators import Encoding


@dataclass(frozen=True)
class CascadeConfig:
    """Sizes of a cascade.

    Attributes:
        steps: times that the image is refined, then made consistent with the samples.
        iterations: of CG in a consistency step of several coils.
        width: channels at half the resolution, a multiple of 8; see `SmallUnet`.
        levels: resolutions.
        kronecker: ``n`` of the layers; 1 for dense ones.
        shared: all steps have the same weights.
        start: ``variation``: from the images of total variation and of CG-SENSE; ``sense``: from
            those of CG-SENSE and of zero filling, which takes half of the time.
        bands: the weight of consistency is learned for each band of frequency, else one for all.
    """

    steps: int = 3
    iterations: int = 3
    width: int = 32
    levels: int = 3
    kronecker: int = 2
    shared: bool = False
    start: Literal["variation", "sense"] = "variation"
    bands: bool = True

    def __post_init__(self) -> None:
        if min(self.steps, self.iterations, self.levels, self.kronecker) < 1:
            raise UsageError("steps, iterations, levels and kronecker must be at least 1")
        if self.width < 8 or self.width % 8:
            raise UsageError(f"width must be a multiple of 8, not {self.width}")


@final
class Cascade(nn.Module):
    """Two images of one scan, mended step by step where they disagree.

    ``x_0 = a``, then ``x_k = C_k(R_k(x_(k-1); a, b))``; the last is the answer.

    ``a`` has a small total variation and ``b`` is that of regularised CG-SENSE: nothing was learned
    for either. ``R_k`` mends an image where they disagree (`Refiner`), and ``C_k`` is consistency
    with the samples, whose weight is learned for each band of spatial frequency
    (`consistent_in_bands`): a network errs at low frequencies, which were measured.
    Unrolled and trained as a whole: Aggarwal et al. 2019, doi:10.1109/TMI.2018.2865356. One coil
    and many go the same way; frames go each by itself.
    """

    frames = 1

    def __init__(self, config: CascadeConfig) -> None:
        super().__init__()
        self.iterations = config.iterations
        self.start: str = config.start
        count = 1 if config.shared else config.steps
        self.refiners = nn.ModuleList(
            Refiner(config.width, config.levels, config.kronecker) for _ in range(count)
        )
        self.errors = nn.ModuleList(BandError(bands=config.bands) for _ in range(config.steps))

    def forward(self, kspace: Tensor, encoding: Encoding) -> Tensor:
        """K-space (slice, frame, coil, y, x) to image (slice, frame, y, x)."""
        return self.images(kspace, encoding)[-1]

    @torch.no_grad()
    def starts(self, kspace: Tensor, encoding: Encoding, first: Tensor | None = None) -> Tensor:
        """``a`` and ``b`` (slice, frame, 2, y, x); without gradient.

        Args:
            kspace: (slice, frame, coil, y, x), bright tissue about 1.
            encoding: ``A``.
            first: an image of total variation (slice, frame, y, x), nearer to the limit than the
                few iterations that the network is trained with.
        """
        adjoint = encoding.H(kspace)
        sense = sense_start(kspace, adjoint, encoding)
        if self.start == "sense":
            return torch.stack([sense, adjoint], 2)
        if first is None:
            first = sparse_start(kspace, adjoint, encoding)
        return torch.stack([first, sense], 2)

    def images(
        self, kspace: Tensor, encoding: Encoding, starts: Tensor | None = None
    ) -> list[Tensor]:
        """The image after each step.

        Args:
            kspace: (slice, frame, coil, y, x), bright tissue about 1.
            encoding: ``A``.
            starts: what `starts` gives, where it is known already.
        """
        found = self.starts(kspace, encoding) if starts is None else starts
        frames = kspace.shape[1]
        noise = noise_of(kspace, encoding.mask)
        each = noise.repeat_interleave(frames)
        both = found.flatten(0, 1)
        unit = disagreement(both[:, 0], both[:, 1], each)
        apart = unit.square().reshape(-1, frames, *unit.shape[1:]).mean((1, 2, 3)).sqrt()
        adjoint = encoding.H(kspace)
        image, images = found[:, :, 0], []
        shape = (image.shape[-2], image.shape[-1])
        for step, error in enumerate(self.errors):
            refiner = self.refiners[step % len(self.refiners)]
            cleaned = refiner(image.flatten(0, 1), both, unit, each).reshape(image.shape)
            weight = error(noise, apart, shape)
            image = consistent_in_bands(cleaned, adjoint, encoding, weight, self.iterations)
            images.append(image)
        return images
