"""The image that a network may start from: sparse, and found without learning."""

import torch
from torch import Tensor

from feathermr.nn.noise_level import noise_of
from feathermr.operators import Encoding
from feathermr.solvers import total_variation

#: weight of the total variation in units of the noise variance, and iterations: fewer than to the
#: limit, because what follows mends the rest
WEIGHT, ITERATIONS, INNER_ITERATIONS = 8.0, 10, 5


@torch.no_grad()
def sparse_start(kspace: Tensor, adjoint: Tensor, encoding: Encoding) -> Tensor:
    """The image of small total variation, weighed by the noise of each slice; without gradient.

    Args:
        kspace: (slice, frame, coil, y, x), bright tissue about 1.
        adjoint: ``A^H y``.
        encoding: ``A``.
    """
    variance = noise_of(kspace, encoding.mask).square().reshape(-1, 1, 1, 1)
    return total_variation(
        encoding,
        adjoint,
        WEIGHT * variance,
        iterations=ITERATIONS,
        inner_iterations=INNER_ITERATIONS,
    )
