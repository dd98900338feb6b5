"""The orthonormal wavelet transform as an operator."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import final

import torch
from torch import Tensor

from feathermr.core.errors import UsageError
from feathermr.core.kept import kept
from feathermr.operators.linear_operator import LinearOperator, Shape

#: low-pass filters of Daubechies' extremal-phase wavelets (Ten Lectures on Wavelets, 1992,
#: doi:10.1137/1.9781611970104), found from their defining polynomial by `daubechies`
FILTERS = {"haar": 1, "db2": 2, "db3": 3, "db4": 4}


@lru_cache(maxsize=8)
def daubechies(moments: int) -> tuple[float, ...]:
    """Low-pass filter with ``moments`` vanishing moments and ``2 * moments`` taps.

    The roots inside the unit circle of ``P(y) = sum_k C(N - 1 + k, k) y^k`` with
    ``y = (2 - z - 1/z) / 4`` are kept beside the ``N``-fold zero at ``z = -1``.
    """
    roots = [complex(-1.0)] * moments
    if moments > 1:
        coefficients = [math.comb(moments - 1 + k, k) for k in range(moments)]
        companion = torch.zeros(moments - 1, moments - 1, dtype=torch.complex128)
        companion[1:, :-1] = torch.eye(moments - 2)
        for k in range(moments - 1):
            companion[k, -1] = -coefficients[k] / coefficients[-1]
        for y in torch.linalg.eigvals(companion).tolist():
            half = 1 - 2 * y
            pair = [half + s * (half * half - 1) ** 0.5 for s in (1, -1)]
            roots.append(min(pair, key=abs))
    polynomial = torch.ones(1, dtype=torch.complex128)
    for root in roots:
        polynomial = torch.cat([polynomial, polynomial.new_zeros(1)]) - root * torch.cat(
            [polynomial.new_zeros(1), polynomial]
        )
    taps = polynomial.real * (math.sqrt(2.0) / polynomial.real.sum())
    return tuple(taps.tolist())


@kept
def _analysis_matrix(size: int, moments: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """One level along an axis: an orthogonal matrix, approximation rows first.

    The filters wrap around; the last sample of an odd size passes into the approximation.
    """
    low = torch.tensor(daubechies(moments), dtype=torch.float64)
    high = low.flip(0) * (1 - 2 * (torch.arange(low.numel()) % 2))
    even = size - size % 2
    half, rows = even // 2, torch.arange(even // 2)
    matrix = torch.zeros(size, size, dtype=torch.float64)
    for tap in range(low.numel()):
        columns = (2 * rows + tap) % even
        matrix[rows, columns] += low[tap]
        matrix[rows + size - half, columns] += high[tap]
    if size % 2:
        matrix[half, -1] = 1.0
    return matrix.to(device, dtype)


@final
class Wavelet(LinearOperator):
    """``W``: separable Daubechies wavelets of the last two axes, in Mallat's layout; orthonormal.

    Each level is a product with one orthogonal matrix an axis, which a processor does faster than
    a filter bank at the sizes of MR images. Sizes may be odd.

    Args:
        shape: of the array, (..., y, x).
        wavelet: a name in ``FILTERS``.
        levels: at most as many as leave 4 samples an axis.
    """

    def __init__(self, shape: Shape, wavelet: str = "db4", levels: int = 4) -> None:
        super().__init__(shape, shape)
        if wavelet not in FILTERS:
            raise UsageError(f"no wavelet is called '{wavelet}'; there are: {', '.join(FILTERS)}")
        self.moments = FILTERS[wavelet]
        self.sizes: list[tuple[int, int]] = []
        height, width = shape[-2:]
        while len(self.sizes) < levels and min(height, width) >= 2 * max(4, self.moments):
            self.sizes.append((height, width))
            height, width = (height + 1) // 2, (width + 1) // 2

    def apply(self, array: Tensor) -> Tensor:
        """Image to coefficients; the approximation stands in the upper left corner."""
        planes = _planes(array)
        for height, width in self.sizes:
            rows, columns = self._matrices(height, width, planes)
            planes = _replace_corner(planes, rows @ planes[..., :height, :width] @ columns.mT)
        return _unite(planes, array)

    def apply_adjoint(self, array: Tensor) -> Tensor:
        """Coefficients to image."""
        planes = _planes(array)
        for height, width in reversed(self.sizes):
            rows, columns = self._matrices(height, width, planes)
            planes = _replace_corner(planes, rows.mT @ planes[..., :height, :width] @ columns)
        return _unite(planes, array)

    def apply_normal(self, array: Tensor) -> Tensor:
        """The identity."""
        return array

    def _matrices(self, height: int, width: int, planes: Tensor) -> tuple[Tensor, Tensor]:
        key = (self.moments, planes.dtype, planes.device)
        return _analysis_matrix(height, *key), _analysis_matrix(width, *key)


def _planes(array: Tensor) -> Tensor:
    """Real and imaginary part as planes of one real array: the transform is real."""
    return torch.stack([array.real, array.imag]) if array.is_complex() else array


def _unite(planes: Tensor, like: Tensor) -> Tensor:
    return torch.complex(planes[0], planes[1]) if like.is_complex() else planes


def _replace_corner(planes: Tensor, corner: Tensor) -> Tensor:
    height, width = corner.shape[-2:]
    if corner.shape == planes.shape:
        return corner
    right = torch.cat([corner, planes[..., :height, width:]], dim=-1)
    return torch.cat([right, planes[..., height:, :]], dim=-2)
