"""Proximal maps: ``prox(v) = argmin_x 0.5 ||x - v||^2 + g(x)`` in closed form."""

import torch
from torch import Tensor


def soft_threshold(array: Tensor, threshold: float | Tensor, power: float = 1.0) -> Tensor:
    """``g = threshold ||x||_1``: magnitudes shrink, phases stay.

    A power ``p`` below 1 shrinks the large ones less, ``m -> max(m - t (t / m)^(1 - p), 0)``,
    which is the proximal map of a penalty like ``|x|^p``, not convex: Chartrand 2009,
    doi:10.1109/ISBI.2009.5193034.

    Example:
        >>> soft_threshold(torch.tensor([3.0, -0.5, -2.0]), 1.0)
        tensor([ 2., -0., -1.])
    """
    magnitude = array.abs()
    return array * _shrinkage(magnitude, threshold, power)


def joint_threshold(
    array: Tensor, threshold: float | Tensor, axis: int = 0, power: float = 1.0
) -> Tensor:
    """``g = threshold sum ||x||_2`` over vectors along ``axis``: isotropic total variation.

    The power is that of `soft_threshold`.
    """
    # the sum of squares of the real view is many times faster than the norm of complex numbers
    squares = array.real.square() + array.imag.square() if array.is_complex() else array.square()
    # the root of zero has no gradient
    tiny = torch.finfo(squares.dtype).tiny
    magnitude = squares.sum(axis, keepdim=True).clamp_min(tiny).sqrt()
    shrunk: Tensor = array * _shrinkage(magnitude, threshold, power)
    return shrunk


def singular_value_threshold(matrix: Tensor, threshold: float | Tensor) -> Tensor:
    """``g = threshold ||X||_*`` of each matrix (..., row, column): singular values shrink.

    Found from the smaller Gram matrix; Cai, Candes and Shen 2010, doi:10.1137/080738970.
    """
    tall = matrix.shape[-2] >= matrix.shape[-1]
    gram = matrix.mH @ matrix if tall else matrix @ matrix.mH
    energies, vectors = torch.linalg.eigh(gram)
    singular = energies.clamp_min(0).sqrt()
    kept = _shrinkage(singular, threshold)
    shrink = (vectors * kept[..., None, :].to(vectors.dtype)) @ vectors.mH
    shrunk: Tensor = matrix @ shrink if tall else shrink @ matrix
    return shrunk


def _shrinkage(magnitude: Tensor, threshold: float | Tensor, power: float = 1.0) -> Tensor:
    """``max(m - t (t / m)^(1 - p), 0) / m``, zero at ``m = 0``."""
    tiny = torch.finfo(magnitude.dtype).tiny
    if power < 1:
        return (1 - (threshold / magnitude.clamp_min(tiny)) ** (2 - power)).clamp_min(0)
    return (magnitude - threshold).clamp_min(0) / magnitude.clamp_min(tiny)
