"""Whitening: coils mixed so that their noise is uncorrelated and of unit variance."""

from dataclasses import replace

import torch
from torch import Tensor

from feathermr.acquisition import Acquisition
from feathermr.core.errors import DataError


def noise_covariance(noise: Tensor) -> Tensor:
    """``Psi = N N^H / (n - 1)`` of noise samples (coil, sample).

    Raises:
        DataError: fewer samples than coils, so that it cannot be inverted.
    """
    coils, samples = noise.shape
    if samples <= coils:
        raise DataError(
            f"a noise scan of {coils} coils needs more than {coils} samples, but has {samples}; "
            "leave it out"
        )
    centered = noise - noise.mean(1, keepdim=True)
    return centered @ centered.mH / (samples - 1)


def whitening_matrix(covariance: Tensor) -> Tensor:
    """``W = L^-1`` with ``Psi = L L^H``, scaled to keep the mean noise variance of the coils.

    The scale of the data stays what it was, only the differences between coils go. Pruessmann et
    al. 2001, doi:10.1002/mrm.1241.

    Raises:
        DataError: a coil has no noise, or two have the same.
    """
    variance = torch.diagonal(covariance).real.mean()
    lower, fault = torch.linalg.cholesky_ex(covariance)
    if int(fault):
        raise DataError(
            f"the noise of coil {int(fault) - 1} is zero or that of other coils, so it cannot be "
            "whitened; leave out the coil or the noise scan"
        )
    identity = torch.eye(covariance.shape[0], dtype=lower.dtype, device=lower.device)
    inverse: Tensor = torch.linalg.solve_triangular(lower, identity, upper=False)
    return variance.sqrt() * inverse


def mix_coils(matrix: Tensor, kspace: Tensor) -> Tensor:
    """Apply a matrix (new coil, coil) to k-space (slice, frame, coil, y, x)."""
    return torch.einsum("dc,sfcyx->sfdyx", matrix, kspace)


def mixed(acquisition: Acquisition, matrix: Tensor) -> Acquisition:
    """The scan through virtual coils, sampled where all of its coils were.

    Known coil maps are mixed likewise; samples that are missing are exactly +0.
    """
    mask = acquisition.mask.all(2, keepdim=True)
    kspace = mix_coils(matrix, acquisition.kspace)
    maps = acquisition.coil_maps
    return replace(
        acquisition,
        kspace=torch.where(mask, kspace, torch.zeros((), dtype=kspace.dtype, device=kspace.device)),
        mask=mask,
        coil_maps=None if maps is None else mix_coils(matrix, maps),
        noise=None,
    )


def whiten(acquisition: Acquisition) -> Acquisition:
    """The scan with white noise, by its own noise scan; unchanged when it has none or one coil."""
    if acquisition.noise is None or acquisition.n_coils == 1:
        return acquisition
    covariance = noise_covariance(acquisition.noise.to(torch.complex128))
    matrix = whitening_matrix(covariance).to(acquisition.kspace.dtype)
    return mixed(acquisition, matrix).with_notes("coils whitened by the noise scan")
