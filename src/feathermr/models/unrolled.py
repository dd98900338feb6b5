"""Unrolled reconstruction: a denoiser and consistency with the samples, in turns."""

from typing import final

import torch
from torch import Tensor, nn

from feathermr.core.complexes import from_channels, to_channels
from feathermr.nn.adaptive_consistency import USUAL_NOISE, AdaptiveConsistency, noise_of
from feathermr.operators import Encoding

#: CG iterations of the first image, which nothing is learned for
FIRST_ITERATIONS = 10


@final
class Unrolled(nn.Module):
    """``x_0 = C(0)``, then ``x_k = C_k(x_(k-1) + D_k(x_(k-1)))``.

    ``C_k`` is a consistency step with a positive learned weight, ``C`` one with a given weight
    (CG-SENSE), and ``D_k`` a denoiser that sees real and imaginary parts, the noise of the scan,
    and what the step before remembered. Frames are denoised each by itself. One coil and many go
    the same way.

    Args:
        denoisers: one for all steps (shared weights), or one a step.
        steps: number of denoising steps.
        iterations: of CG in a consistency step, whose weights are shared as the denoisers are.
    """

    def __init__(self, denoisers: list[nn.Module], steps: int, iterations: int) -> None:
        super().__init__()
        self.steps = steps
        self.denoisers = nn.ModuleList(denoisers)
        self.consistency = nn.ModuleList(AdaptiveConsistency(iterations) for _ in denoisers)
        self.first = AdaptiveConsistency(FIRST_ITERATIONS).requires_grad_(False)

    def forward(self, kspace: Tensor, encoding: Encoding) -> Tensor:
        """K-space (slice, frame, coil, y, x) to image (slice, frame, y, x)."""
        return self.images(kspace, encoding)[-1]

    def images(self, kspace: Tensor, encoding: Encoding) -> list[Tensor]:
        """The image after each step, to train all of them."""
        noise = noise_of(kspace, encoding.mask)
        adjoint = encoding.H(kspace)
        level = (noise / USUAL_NOISE).log().repeat_interleave(adjoint.shape[1])
        with torch.no_grad():
            image: Tensor = self.first(None, adjoint, encoding, noise)
        memory: Tensor | None = None
        images = []
        for step in range(self.steps):
            denoiser = self.denoisers[step % len(self.denoisers)]
            consistency = self.consistency[step % len(self.denoisers)]
            channels = to_channels(image.flatten(0, 1)[:, None])
            change, memory = denoiser(channels, level, memory)
            change = from_channels(change.to(channels.dtype)).reshape(image.shape)
            image = consistency(image + change, adjoint, encoding, noise)
            images.append(image)
        return images
