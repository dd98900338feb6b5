"""Coil maps by ESPIRiT."""

import math

import torch
from torch import Tensor

from feathermr.calibration.eigenvector import anchor_phase, dominant_eigenvector, hermitian
from feathermr.core.crop import center_pad
from feathermr.core.errors import DataError
from feathermr.core.fft import ifft

#: patches of fewer samples a side cannot follow the coils
SMALLEST_KERNEL = 3


def espirit_maps(
    samples: Tensor,
    shape: tuple[int, int],
    *,
    kernel: int = 6,
    threshold: float = 0.02,
    crop: float = 0.8,
    iterations: int = 12,
) -> Tensor:
    """Maps (slice, 1, coil, y, x) of unit root-sum-of-squares; zero where there is no signal.

    The kernels are the right singular vectors, above ``threshold`` of the largest singular value,
    of the matrix of all ``kernel x kernel`` patches of the calibration samples. At every pixel,
    their Gram matrix over coils has one eigenvalue near 1 where there is signal, and the map is
    its eigenvector. The Gram matrix is the transform of the kernels' correlation, a patch of
    ``2 kernel - 1``, so no kernel is transformed by itself.

    Args:
        samples: calibration region (slice, coil, y, x), at least twice ``SMALLEST_KERNEL``.
        shape: of the maps (y, x).
        kernel: patch size; a third of the region where that is less, since the few larger patches
            do not span the signal and leave holes in the maps.
        threshold: relative singular value that parts signal from noise.
        crop: eigenvalue below which a map is zero.
        iterations: of the power method.

    Raises:
        DataError: the calibration region is too small.

    Uecker et al. 2014, doi:10.1002/mrm.24751.
    """
    height, width = samples.shape[-2:]
    if min(height, width) < 2 * SMALLEST_KERNEL:
        least = 2 * SMALLEST_KERNEL
        raise DataError(
            f"ESPIRiT needs a fully sampled center of at least {least} x {least}, "
            f"but it is {height} x {width}; use a mask with more center lines or give coil maps"
        )
    kernel = min(kernel, max(SMALLEST_KERNEL, math.ceil(min(height, width) / 3)))
    gram = _coil_gram(samples, shape, kernel, threshold)
    maps, value = dominant_eigenvector(gram, iterations=iterations)
    maps = anchor_phase(maps, samples)
    return torch.where(value[:, None] >= crop, maps, 0)[:, None]


def _coil_gram(samples: Tensor, shape: tuple[int, int], kernel: int, threshold: float) -> Tensor:
    """Gram matrix of the kernels over coils at every pixel (slice, y, x, coil, coil)."""
    slices, coils = samples.shape[:2]
    patches = samples.unfold(2, kernel, 1).unfold(3, kernel, 1)  # slice, coil, y, x, ky, kx
    matrix = patches.permute(0, 2, 3, 1, 4, 5).reshape(slices, -1, coils * kernel * kernel)
    energies, vectors = torch.linalg.eigh(matrix.mH @ matrix)
    signal = energies >= threshold**2 * energies[:, -1:]
    projector = (vectors * signal[:, None].to(vectors.dtype)) @ vectors.mH
    blocks = projector.reshape(slices, coils, kernel, kernel, coils, kernel, kernel)
    rows, columns = torch.triu_indices(coils, coils).tolist()
    correlation = _correlate(blocks, kernel)[:, rows, columns]
    scale = math.sqrt(shape[0] * shape[1]) / kernel**2
    return hermitian(scale * ifft(center_pad(correlation, shape)), coils)


def _correlate(blocks: Tensor, kernel: int) -> Tensor:
    """Sum the projector's entries of equal displacement: (slice, coil to, coil from, dy, dx)."""
    slices, coils = blocks.shape[:2]
    total = blocks.new_zeros(slices, coils, coils, 2 * kernel - 1, 2 * kernel - 1)
    for y in range(kernel):
        for x in range(kernel):
            top, left = kernel - 1 - y, kernel - 1 - x
            window = (..., slice(top, top + kernel), slice(left, left + kernel))
            total[window] += blocks[:, :, y, x].transpose(1, 2)
    return total
