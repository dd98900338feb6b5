"""The dominant eigenvector of a small Hermitian matrix at every pixel."""

import torch
from torch import Tensor


def dominant_eigenvector(matrices: Tensor, *, iterations: int) -> tuple[Tensor, Tensor]:
    """Unit eigenvectors (slice, coil, y, x) and eigenvalues (slice, y, x) by the power method.

    Args:
        matrices: Hermitian and positive, (slice, y, x, coil, coil).
        iterations: products with the matrix; the start is the column of largest diagonal.
    """
    strongest = torch.diagonal(matrices, dim1=-2, dim2=-1).real.sum((1, 2)).argmax(-1)
    columns = [matrices[i, ..., k] for i, k in enumerate(strongest.tolist())]
    vector, value = _unit(torch.stack(columns))
    for _ in range(iterations):
        vector, value = _unit((matrices @ vector[..., None])[..., 0])
    return vector.movedim(-1, 1).contiguous(), value


def hermitian(upper: Tensor, coils: int) -> Tensor:
    """Hermitian matrices (slice, y, x, coil, coil) from their upper triangles.

    Args:
        upper: (slice, pair, y, x), pairs in the order of ``torch.triu_indices``.
        coils: number of rows.
    """
    slices, _, height, width = upper.shape
    rows, columns = torch.triu_indices(coils, coils).tolist()
    matrices = upper.new_empty(slices, height, width, coils, coils)
    for pair, (row, column) in enumerate(zip(rows, columns, strict=True)):
        matrices[..., row, column] = upper[:, pair]
        matrices[..., column, row] = upper[:, pair].conj()
    return matrices


def anchor_phase(maps: Tensor, samples: Tensor) -> Tensor:
    """Fix the phase that an eigenvector leaves free.

    Each pixel is rotated so that the map of the strongest virtual coil is real and positive.

    Args:
        maps: (slice, coil, y, x).
        samples: k-space or images of the coils (slice, coil, y, x), which define that coil,
            slice by slice.
    """
    columns = samples.flatten(2)
    _, vectors = torch.linalg.eigh(columns @ columns.mH)
    virtual = torch.einsum("sc,scyx->syx", vectors[..., -1].conj(), maps)
    return maps * torch.sgn(virtual).conj()[:, None]


def _unit(vector: Tensor) -> tuple[Tensor, Tensor]:
    """Vectors along the last axis at unit length, and the length they had."""
    # the norm of the real view is many times faster than that of complex numbers
    norm: Tensor = torch.linalg.vector_norm(torch.view_as_real(vector).flatten(-2), dim=-1)
    return vector * norm.clamp_min(torch.finfo(norm.dtype).tiny).reciprocal()[..., None], norm
