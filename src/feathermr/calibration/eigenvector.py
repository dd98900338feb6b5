"""The dominant eigenvector of a small Hermitian matrix at every pixel."""

import torch
from torch import Tensor


def dominant_eigenvector(matrices: Tensor, *, iterations: int) -> tuple[Tensor, Tensor]:
    """Unit eigenvectors (slice, coil, y, x) and eigenvalues (slice, y, x) by the power method.

    Args:
        matrices: Hermitian and positive, (slice, coil, coil, y, x).
        iterations: products with the matrix; the start is its row of largest diagonal.
    """
    diagonal = torch.diagonal(matrices, dim1=1, dim2=2).real  # (slice, y, x, coil)
    strongest = diagonal.sum((1, 2)).argmax(-1)
    vector = torch.stack([matrices[i, :, k] for i, k in enumerate(strongest.tolist())])
    vector = _unit(vector)[0]
    value = diagonal.sum(-1)
    for _ in range(iterations):
        vector, value = _unit((matrices * vector[:, None]).sum(2))
    return vector, value


def anchor_phase(maps: Tensor, samples: Tensor) -> Tensor:
    """Fix the phase that an eigenvector leaves free.

    Each pixel is rotated so that the map of the strongest virtual coil is real and positive.

    Args:
        maps: (slice, coil, y, x).
        samples: k-space or images of the coils (slice, coil, y, x), which define that coil.
    """
    columns = samples.movedim(1, 0).flatten(1)
    _, vectors = torch.linalg.eigh(columns @ columns.mH)
    virtual = torch.einsum("c,scyx->syx", vectors[:, -1].conj(), maps)
    return maps * torch.sgn(virtual).conj()[:, None]


def _unit(vector: Tensor) -> tuple[Tensor, Tensor]:
    norm = torch.linalg.vector_norm(vector, dim=1)
    return vector / norm[:, None].clamp_min(torch.finfo(norm.dtype).tiny), norm
