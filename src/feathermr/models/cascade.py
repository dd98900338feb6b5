"""The light default: a total-variation image, refined by small Kronecker U-Nets."""

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor, nn

from feathermr.core.complexes import from_channels, to_channels
from feathermr.core.errors import UsageError
from feathermr.nn.adaptive_consistency import USUAL_NOISE, AdaptiveConsistency, noise_of
from feathermr.nn.denoiser import Denoiser
from feathermr.nn.total_variation import total_variation_image
from feathermr.operators import Encoding

#: what of the samples an image misses is shown to a denoiser in units of so many times the noise
MISMATCH = 5.0


@dataclass(frozen=True)
class CascadeConfig:
    """Sizes of a cascade.

    Attributes:
        steps: denoisers, each followed by consistency with the samples.
        iterations: of CG in a consistency step.
        width: channels at half the resolution, a multiple of 8; see `Denoiser`.
        levels: resolutions.
        kronecker: ``n`` of the layers; 1 for dense ones.
    """

    steps: int = 5
    iterations: int = 4
    width: int = 32
    levels: int = 3
    kronecker: int = 4

    def __post_init__(self) -> None:
        if min(self.steps, self.iterations, self.levels, self.kronecker) < 1:
            raise UsageError("steps, iterations, levels and kronecker must be at least 1")
        if self.width < 8 or self.width % 8:
            raise UsageError(f"width must be a multiple of 8, not {self.width}")


@final
class Cascade(nn.Module):
    """``x_0`` by total variation, then ``x_k = C_k(x_(k-1) + D_k(x_(k-1), A^H (y - A x_(k-1))))``.

    ``D_k`` is a denoiser of its own each step. It sees the image, what of the samples the image
    misses, the noise of the scan, and the features of the step before. ``C_k`` is a consistency
    step. The start is a convex problem's solution that nothing was learned for, so that the
    networks need only learn what total variation gets wrong. Frames are denoised each by itself.
    One coil and many go the same way.

    Cascades: Schlemper et al. 2018, doi:10.1109/TMI.2017.2760978; consistency by conjugate
    gradients: Aggarwal et al. 2019, doi:10.1109/TMI.2018.2865356.
    """

    def __init__(self, config: CascadeConfig) -> None:
        super().__init__()
        self.denoisers = nn.ModuleList(
            Denoiser(config.width, config.levels, config.kronecker, remembers=step > 0)
            for step in range(config.steps)
        )
        self.consistency = nn.ModuleList(
            AdaptiveConsistency(config.iterations) for _ in range(config.steps)
        )

    def forward(self, kspace: Tensor, encoding: Encoding) -> Tensor:
        """K-space (slice, frame, coil, y, x) to image (slice, frame, y, x)."""
        return self.images(kspace, encoding)[-1]

    def images(self, kspace: Tensor, encoding: Encoding) -> list[Tensor]:
        """The image after each step."""
        noise = noise_of(kspace, encoding.mask)
        adjoint = encoding.H(kspace)
        image = total_variation_image(adjoint, encoding, noise)
        level = (noise / USUAL_NOISE).log().repeat_interleave(image.shape[1])
        unit = MISMATCH * noise.reshape(-1, 1, 1, 1)
        memory: Tensor | None = None
        images = []
        for denoiser, consistency in zip(self.denoisers, self.consistency, strict=True):
            mismatch = (adjoint - encoding.normal(image)) / unit
            seen = to_channels(torch.stack([image, mismatch], 2).flatten(0, 1))
            change, memory = denoiser(seen, level, memory)
            change = from_channels(change.to(seen.dtype)).reshape(image.shape)
            image = consistency(image + change, adjoint, encoding, noise)
            images.append(image)
        return images
