"""Consistency with the samples that trusts them less where they are noisier."""

import math
from typing import final

import torch
from torch import Tensor, nn

from feathermr.calibration import noise_deviation
from feathermr.operators import Encoding
from feathermr.solvers import cg

#: the noise for which a weight is what it says; in units of bright tissue
USUAL_NOISE = 0.02
#: makes the weight learn as fast as its exponent is large beside a layer's parameters
SPEED = 2.0
#: noise below this is taken for this
LEAST_NOISE = 0.003


def noise_of(kspace: Tensor, mask: Tensor) -> Tensor:
    """Standard deviation of the noise of each slice (slice,), from its outermost samples.

    Args:
        kspace: (slice, frame, coil, y, x), in units of bright tissue.
        mask: broadcasts to it.
    """
    masks = mask.expand(kspace.shape[0], *mask.shape[1:])
    found = [
        noise_deviation(kspace[index : index + 1], masks[index : index + 1])
        for index in range(kspace.shape[0])
    ]
    return torch.tensor(found, device=kspace.device, dtype=kspace.real.dtype).clamp_min(LEAST_NOISE)


@final
class AdaptiveConsistency(nn.Module):
    """``x = argmin_x ||A x - y||^2 + lambda ||x - z||^2`` by conjugate gradients from ``z``.

    With ``d = x - z`` that is ``(A^H A + lambda) d = A^H (y - A z)``, where

        ``lambda = exp(SPEED (a + b ln(noise / USUAL_NOISE)))``

    is positive, and ``a`` and ``b`` are learned: were ``z`` an image with an error of deviation
    ``tau``, the best ``lambda`` would be ``(noise / tau)^2``. A single coil needs one iteration,
    since ``A^H A`` is a projection then.

    Args:
        iterations: of CG, at most; one application of ``A^H A`` each, and one to start.
        initial_weight: ``lambda`` before training at the usual noise.

    Aggarwal et al. 2019, doi:10.1109/TMI.2018.2865356.
    """

    def __init__(self, iterations: int = 4, initial_weight: float = 0.15) -> None:
        super().__init__()
        self.iterations = iterations
        self.level = nn.Parameter(torch.tensor(math.log(initial_weight) / SPEED))
        self.slope = nn.Parameter(torch.tensor(0.5 / SPEED))

    def weight(self, noise: Tensor) -> Tensor:
        """``lambda`` of each slice (slice, 1, 1, 1) for its noise (slice,)."""
        logarithm = self.level + self.slope * (noise / USUAL_NOISE).log()
        return (SPEED * logarithm).exp().reshape(-1, 1, 1, 1)

    def forward(
        self, image: Tensor | None, adjoint: Tensor, encoding: Encoding, noise: Tensor
    ) -> Tensor:
        """The image nearest to ``image`` that agrees with the samples.

        Args:
            image: ``z`` (slice, frame, y, x); ``None`` is zero.
            adjoint: ``A^H y``, of the same shape.
            encoding: ``A``.
            noise: of each slice (slice,).
        """
        weight = self.weight(noise)
        iterations = self.iterations if encoding.coil_maps.shape[2] > 1 else 1
        mismatch = adjoint if image is None else adjoint - encoding.normal(image)
        step = cg(lambda x: encoding.normal(x) + weight * x, mismatch, iterations=iterations)
        return step if image is None else image + step
