"""The centred, orthonormal Fourier transform; the only file that may transform or shift.

With ``c = n // 2`` along every transformed axis of size ``n``::

    X[k] = n**-0.5 * sum_m x[m] * exp(-2j * pi * (k - c) * (m - c) / n)

so a constant image is one sample at ``c``, for odd sizes too. The two shifts of the textbook
(roll, transform, roll) are done here as two multiplications by a phase ramp, which for even sizes
is a pattern of plus and minus one and costs a fraction of the roll.
"""

import math

import torch
from torch import Tensor

from feathermr.core.kept import kept


@kept
def _ramp(
    sizes: tuple[int, ...], sign: int, dtype: torch.dtype, device: torch.device
) -> tuple[Tensor, Tensor]:
    """Phases that move the origin of each axis to ``n // 2``: before and after the transform."""
    before = torch.ones((), dtype=torch.complex128)
    constant = 0.0
    for size in sizes:
        center = size // 2
        turns = (torch.arange(size) * center) % size
        # (n - 1) / 2 of an odd n has no exact phase; an even n gives exactly +1 and -1
        angle = turns.to(torch.float64) * (-sign * 2 * math.pi / size)
        phase = torch.polar(torch.ones_like(angle), angle)
        if size % 2 == 0:
            phase = (1.0 - 2.0 * (torch.arange(size) % 2)).to(torch.complex128)
        before = before[..., None] * phase
        constant += sign * 2 * math.pi * ((center * center) % size) / size
    scale = complex(math.cos(constant), math.sin(constant))
    if all(size % 2 == 0 for size in sizes):
        scale = complex(round(scale.real), 0.0)
    return before.to(device, dtype), (before * scale).to(device, dtype)


def _align(phase: Tensor, axes: tuple[int, ...]) -> Tensor:
    """Spread a ramp with one dimension an axis over axes counted from the right."""
    shape = [1] * -min(axes)
    for size, axis in zip(phase.shape, axes, strict=True):
        shape[axis] = size
    return phase.reshape(shape)


def _centered(array: Tensor, axes: tuple[int, ...], sign: int) -> Tensor:
    if any(axis >= 0 for axis in axes) or list(axes) != sorted(axes):
        raise ValueError(f"axes must count from the right in increasing order, not {axes}")
    dtype = array.dtype if array.is_complex() else torch.promote_types(array.dtype, torch.complex64)
    sizes = tuple(array.shape[axis] for axis in axes)
    before, after = _ramp(sizes, sign, dtype, array.device)
    transform = torch.fft.fftn if sign < 0 else torch.fft.ifftn
    moved = array * _align(before, axes)
    transformed: Tensor = transform(moved, dim=axes, norm="ortho")
    return transformed * _align(after, axes)


def fft(image: Tensor, axes: tuple[int, ...] = (-2, -1)) -> Tensor:
    """Image to k-space along ``axes`` (counted from the right, increasing)."""
    return _centered(image, axes, -1)


def ifft(kspace: Tensor, axes: tuple[int, ...] = (-2, -1)) -> Tensor:
    """K-space to image along ``axes``: the inverse and the adjoint of `fft`."""
    return _centered(kspace, axes, +1)


def origin_phase(sizes: tuple[int, ...], axes: tuple[int, ...], like: Tensor) -> Tensor:
    """The factor ``p`` with ``F^H M F x = conj(p) G^H M' G p x`` for a mask ``M``.

    ``F`` is the centred transform, ``G`` the plain one, and ``M'`` the same array as ``M``: the
    centring of k-space is a phase, which a mask does not see.
    """
    before, _ = _ramp(sizes, -1, like.dtype, like.device)
    return _align(before, axes)


def plain_fft(array: Tensor, axes: tuple[int, ...] = (-2, -1)) -> Tensor:
    """Orthonormal transform with the origin at index 0."""
    transformed: Tensor = torch.fft.fftn(array, dim=axes, norm="ortho")
    return transformed


def plain_ifft(array: Tensor, axes: tuple[int, ...] = (-2, -1)) -> Tensor:
    """The inverse and the adjoint of `plain_fft`."""
    transformed: Tensor = torch.fft.ifftn(array, dim=axes, norm="ortho")
    return transformed


def frequencies(size: int, device: torch.device | None = None) -> Tensor:
    """Frequencies of `plain_fft` in cycles a sample (double precision), zero at index 0.

    Example:
        >>> frequencies(5).tolist()
        [0.0, 0.2, 0.4, -0.4, -0.2]
    """
    index = torch.arange(size, device=device)
    return ((index + size // 2) % size - size // 2).double() / size


def to_corner(array: Tensor, axes: tuple[int, ...] = (-2, -1)) -> Tensor:
    """Move the sample at ``n // 2`` of each axis to index 0."""
    moved: Tensor = torch.fft.ifftshift(array, dim=axes)
    return moved


def to_center(array: Tensor, axes: tuple[int, ...] = (-2, -1)) -> Tensor:
    """Move the sample at index 0 of each axis to ``n // 2``: the inverse of `to_corner`."""
    moved: Tensor = torch.fft.fftshift(array, dim=axes)
    return moved
