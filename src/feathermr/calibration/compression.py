"""Coil compression: fewer virtual coils that hold nearly all of the signal."""

import torch
from torch import Tensor

from feathermr.acquisition import Acquisition
from feathermr.calibration.whitening import mixed


def compression_matrix(kspace: Tensor, coils: int) -> Tensor:
    """``(coils, coil)``: the leading left singular vectors of the samples, conjugated.

    Args:
        kspace: (slice, frame, coil, y, x).
        coils: number of virtual coils.

    Huang et al. 2008, doi:10.1016/j.mri.2007.04.010.
    """
    samples = kspace.movedim(2, 0).reshape(kspace.shape[2], -1)
    _, vectors = torch.linalg.eigh(samples @ samples.mH)
    leading: Tensor = vectors.flip(1)[:, :coils]
    return leading.mH


def compress(acquisition: Acquisition, coils: int) -> Acquisition:
    """The scan with at most ``coils`` virtual coils; unchanged when it has no more.

    Noise that was white stays white, because the matrix has orthonormal rows.
    """
    if acquisition.n_coils <= coils:
        return acquisition
    matrix = compression_matrix(acquisition.kspace, coils)
    note = f"{acquisition.n_coils} coils compressed to {coils} virtual ones"
    return mixed(acquisition, matrix).with_notes(note)
