"""The light default of films: a sparse film, refined by a small Kronecker U-Net in turns."""

from dataclasses import dataclass
from typing import final

from torch import Tensor, nn

from feathermr.core.complexes import from_channels, to_channels
from feathermr.core.errors import UsageError
from feathermr.nn.denoiser import Denoiser
from feathermr.nn.noise_level import NoiseLevel, consistent, noise_of
from feathermr.nn.sparse_start import film_start
from feathermr.operators import Encoding

#: what is taken for the error of the film at the first step and at the last, and for that of the
#: denoised film, before training
FIRST_LEVEL, LAST_LEVEL, ERROR = 0.03, 0.012, 0.01


@dataclass(frozen=True)
class FilmCascadeConfig:
    """Sizes of a cascade.

    Attributes:
        steps: times that the image is denoised, then made consistent with the samples.
        iterations: of CG in a consistency step.
        width: channels at half the resolution, a multiple of 8; see `Denoiser`.
        levels: resolutions.
        kronecker: ``n`` of the layers; 1 for dense ones.
    """

    steps: int = 2
    iterations: int = 4
    width: int = 32
    levels: int = 3
    kronecker: int = 2

    def __post_init__(self) -> None:
        if min(self.steps, self.iterations, self.levels, self.kronecker) < 1:
            raise UsageError("steps, iterations, levels and kronecker must be at least 1")
        if self.width < 8 or self.width % 8:
            raise UsageError(f"width must be a multiple of 8, not {self.width}")


@final
class FilmCascade(nn.Module):
    """``x_0`` by a sparse solution, then ``x_k = C(D(x_(k-1), sigma_k), lambda_k)``.

    ``x_0`` has a small total variation in time and space, and is found from a film of few temporal
    frequencies, which ``D`` sees as well. ``D`` is a denoiser for noise of the level ``sigma_k``,
    which falls from step to step; ``C`` is consistency with the samples, in which the film counts
    ``lambda_k = (noise / tau_k)^2``.
    Both levels follow the noise of the scan and are learned. That is half-quadratic splitting
    (Zhang et al. 2022, doi:10.1109/TPAMI.2021.3088914), unrolled and trained as a whole (Aggarwal
    et al. 2019, doi:10.1109/TMI.2018.2865356). Nothing was learned for the start. One coil and many
    go the same way, and films of any length.
    """

    frames = 0

    def __init__(self, config: FilmCascadeConfig) -> None:
        super().__init__()
        self.iterations = config.iterations
        self.denoiser = Denoiser(config.width, config.levels, config.kronecker)
        ratio = (LAST_LEVEL / FIRST_LEVEL) ** (1 / max(1, config.steps - 1))
        levels = [FIRST_LEVEL * ratio**step for step in range(config.steps)]
        self.sigma = nn.ModuleList(NoiseLevel(level, 0.5) for level in levels)
        self.tau = nn.ModuleList(NoiseLevel(ERROR, 0.5) for _ in levels)

    def forward(self, kspace: Tensor, encoding: Encoding) -> Tensor:
        """K-space (slice, frame, coil, y, x) to image (slice, frame, y, x)."""
        return self.images(kspace, encoding)[-1]

    def images(self, kspace: Tensor, encoding: Encoding) -> list[Tensor]:
        """The image after each step."""
        noise = noise_of(kspace, encoding.mask)
        adjoint = encoding.H(kspace)
        other, image = film_start(adjoint, encoding, noise)
        images = []
        for sigma, tau in zip(self.sigma, self.tau, strict=True):
            cleaned = self.denoised(image, sigma(noise), other)
            weight = (noise / tau(noise)).square()
            image = consistent(cleaned, adjoint, encoding, weight, self.iterations)
            images.append(image)
        return images

    def denoised(self, image: Tensor, sigma: Tensor, other: Tensor | None = None) -> Tensor:
        """Images (slice, frame, y, x) without noise of the level ``sigma`` (slice,).

        Args:
            image: the images.
            sigma: the level.
            other: another estimate of a film.
        """
        channels, others = (
            None if each is None else to_channels(each.flatten(0, 1)[:, None])
            for each in (image, other)
        )
        frames = image.shape[1]
        levels = sigma.repeat_interleave(frames)
        cleaned = self.denoiser(channels, levels, frames, others)
        return from_channels(cleaned).reshape(image.shape)
