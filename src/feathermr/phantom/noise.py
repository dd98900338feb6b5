"""Thermal noise: complex, white along k-space, correlated between coils, of a given level."""

import torch
from torch import Tensor

from feathermr.core.axes import KSPACE, check_axes
from feathermr.core.errors import ShapeError
from feathermr.core.fft import ifft


def signal_level(kspace: Tensor) -> Tensor:
    """Mean signal of the object in each slice, (slice, 1, 1, 1, 1).

    With ``m`` the root-sum-of-squares image: ``sum(m**2) / sum(m)``, the mean of ``m`` weighted by
    itself, which an empty background does not change and which needs no threshold; for an object
    of one value it is that value.
    """
    image = ifft(kspace).abs().square().sum(2, keepdim=True).sqrt()
    axes = (1, 2, 3, 4)
    total = image.sum(axes, keepdim=True)
    return image.square().sum(axes, keepdim=True) / total.clamp_min(1e-30)


def noise_level(kspace: Tensor, snr: float | Tensor) -> Tensor:
    """Standard deviation of the real part (and of the imaginary part) of a coil's noise.

    ``signal_level / snr``. As the transform is orthonormal it is the same in k-space and in the
    image, and for coil maps of root-sum-of-squares one also in the combined image.
    """
    return signal_level(kspace) / torch.as_tensor(snr, device=kspace.device).reshape(-1, 1, 1, 1, 1)


def coil_correlation(coils: int, generator: torch.Generator, strength: float = 0.3) -> Tensor:
    """A random noise correlation, (coil, coil): Hermitian, positive definite, ones on the diagonal.

    Neighbours are correlated by up to about ``strength``.
    """
    mix = torch.randn(
        coils, coils, dtype=torch.complex64, generator=generator, device=generator.device
    )
    apart = torch.arange(coils, device=generator.device)
    apart = (apart[:, None] - apart[None, :]).abs()
    apart = torch.minimum(apart, coils - apart)
    mix = torch.eye(coils, device=generator.device) + mix * 0.5 * strength * 0.6**apart
    covariance = mix @ mix.mH
    scale = covariance.diagonal().real.rsqrt()
    return scale[:, None] * covariance * scale[None, :]


def sample_noise(
    shape: tuple[int, ...],
    generator: torch.Generator,
    correlation: Tensor | None = None,
    coil_axis: int = -3,
) -> Tensor:
    """Complex noise whose real and imaginary part have unit variance.

    Args:
        shape: shape of the samples.
        generator: its device is the result's.
        correlation: covariance between coils (coil, coil), Hermitian; identity when absent.
        coil_axis: the axis of the coils.
    """
    white = torch.randn(
        *shape, dtype=torch.complex64, generator=generator, device=generator.device
    ) * (2**0.5)
    if correlation is None:
        return white
    if correlation.shape != (shape[coil_axis],) * 2:
        raise ShapeError(
            f"correlation must be {(shape[coil_axis],) * 2} for {shape[coil_axis]} coils, "
            f"not {tuple(correlation.shape)}"
        )
    factor = torch.linalg.cholesky(correlation.to(white.dtype))
    return torch.movedim(torch.tensordot(factor, white, dims=([1], [coil_axis])), 0, coil_axis)


def add_noise(
    kspace: Tensor,
    snr: float | Tensor,
    generator: torch.Generator,
    correlation: Tensor | None = None,
) -> Tensor:
    """K-space with noise such that each slice has the given signal-to-noise ratio.

    Args:
        kspace: complete and free of noise, (slice, frame, coil, y, x).
        snr: see `noise_level`; a number or one a slice.
        generator: on the k-space's device.
        correlation: between coils, see `sample_noise`.
    """
    check_axes(kspace, KSPACE, "kspace")
    noise = sample_noise(tuple(kspace.shape), generator, correlation)
    return kspace + noise_level(kspace, snr) * noise
