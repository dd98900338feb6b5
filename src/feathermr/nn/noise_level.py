"""How much an image and the samples are to be trusted: learned, and known from the noise."""

import math
from typing import final

import torch
from torch import Tensor, nn

from feathermr.calibration import noise_deviation
from feathermr.operators import Encoding
from feathermr.solvers import cg

#: the noise for which a level is what it says; in units of bright tissue
USUAL_NOISE = 0.02
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
class NoiseLevel(nn.Module):
    """A level that follows the noise of the scan, ``value (noise / USUAL_NOISE)^power``; learned.

    Args:
        value: before training.
        power: before training.
    """

    def __init__(self, value: float, power: float) -> None:
        super().__init__()
        self.logarithm = nn.Parameter(torch.tensor(math.log(value)))
        self.power = nn.Parameter(torch.tensor(power))

    def forward(self, noise: Tensor) -> Tensor:
        """The level of each slice for its noise (slice,)."""
        return (self.logarithm + self.power * (noise / USUAL_NOISE).log()).exp()


def consistent(
    image: Tensor, adjoint: Tensor, encoding: Encoding, weight: Tensor, iterations: int
) -> Tensor:
    """``x = argmin_x ||A x - y||^2 + lambda ||x - z||^2`` by conjugate gradients from ``z``.

    With ``d = x - z`` that is ``(A^H A + lambda) d = A^H (y - A z)``. A single coil needs one
    iteration, since ``A^H A`` is a projection then.

    Aggarwal et al. 2019, doi:10.1109/TMI.2018.2865356.

    Args:
        image: ``z`` (slice, frame, y, x).
        adjoint: ``A^H y``, of the same shape.
        encoding: ``A``.
        weight: ``lambda`` of each slice (slice,).
        iterations: at most; one application of ``A^H A`` each, and one to start.
    """
    each = weight.reshape(-1, 1, 1, 1)
    mismatch = adjoint - encoding.normal(image)
    count = iterations if encoding.coil_maps.shape[2] > 1 else 1
    return image + cg(lambda x: encoding.normal(x) + each * x, mismatch, iterations=count)
