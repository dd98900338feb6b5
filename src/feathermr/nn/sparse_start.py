"""The image or the film that a network may start from: sparse, and found without learning."""

import torch
from torch import Tensor

from feathermr.nn.noise_level import noise_of
from feathermr.operators import Encoding
from feathermr.solvers import cg, film_variation, temporal_sparsity, total_variation

#: weight of the total variation in units of the noise variance, and iterations: fewer than to the
#: limit, because what follows mends the rest
WEIGHT, ITERATIONS = 8.0, 10
#: of CG in each, with one coil and with several
INNER_ITERATIONS, MORE_ITERATIONS = 2, 4
#: Tikhonov weight of CG-SENSE in units of the noise variance, and its iterations
RIDGE, SENSE_ITERATIONS = 45.0, 10
#: weights of the sparsity over temporal frequency of a film and of its total variation
FREQUENCY_WEIGHT, VARIATION_WEIGHT = 14.0, 20.0


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
        inner_iterations=MORE_ITERATIONS if encoding.coil_maps.shape[2] > 1 else INNER_ITERATIONS,
    )


@torch.no_grad()
def sense_start(kspace: Tensor, adjoint: Tensor, encoding: Encoding) -> Tensor:
    """``(A^H A + w noise^2)^-1 A^H y`` of each slice, by conjugate gradients; without gradient.

    Args:
        kspace: (slice, frame, coil, y, x), bright tissue about 1.
        adjoint: ``A^H y``.
        encoding: ``A``.
    """
    weight = RIDGE * noise_of(kspace, encoding.mask).square().reshape(-1, 1, 1, 1)
    count = SENSE_ITERATIONS if encoding.coil_maps.shape[2] > 1 else 1
    return cg(lambda x: encoding.normal(x) + weight * x, adjoint, iterations=count)


@torch.no_grad()
def film_start(adjoint: Tensor, encoding: Encoding, noise: Tensor) -> tuple[Tensor, Tensor]:
    """The film of few temporal frequencies, and from it that of small variation in time and space.

    Without gradient.

    Args:
        adjoint: ``A^H y``.
        encoding: ``A``.
        noise: of each slice (slice,).
    """
    variance = noise.square().reshape(-1, 1, 1, 1)
    sparse = temporal_sparsity(encoding, adjoint, FREQUENCY_WEIGHT * variance)
    return sparse, film_variation(encoding, adjoint, VARIATION_WEIGHT * variance, sparse)
