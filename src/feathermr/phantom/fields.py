"""Random fields: the warps, textures and folds that keep two simulated bodies from being alike."""

import math

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from feathermr.core.fft import frequencies, plain_ifft

Shape = tuple[int, int]


def standardize(field: Tensor) -> Tensor:
    """Zero mean and unit variance over the last two axes of every item."""
    centered = field - field.mean((-2, -1), keepdim=True)
    return centered / centered.square().mean((-2, -1), keepdim=True).sqrt().clamp_min(1e-12)


def smooth_noise(batch: int, shape: Shape, cells: int, generator: torch.Generator) -> Tensor:
    """Value noise ``(batch, 1, y, x)``: normal values on a coarse lattice, cubic in between.

    Args:
        batch: number of fields.
        shape: size of the field.
        cells: lattice cells along the longer axis, so features are that fraction of it.
        generator: its device is the field's.
    """
    longest = max(shape)
    lattice = [max(2, math.ceil(cells * size / longest)) + 1 for size in shape]
    knots = torch.randn(batch, 1, *lattice, generator=generator, device=generator.device)
    coarse = [min(size, 6 * knot) for size, knot in zip(shape, lattice, strict=True)]
    curved = interpolate(knots, size=coarse, mode="bicubic", align_corners=True)
    return interpolate(curved, size=shape, mode="bilinear", align_corners=True)


def _frequency(shape: Shape, device: torch.device) -> Tensor:
    """Radial frequency in cycles per sample, origin at index 0."""
    y, x = (frequencies(size, device).float() for size in shape)
    return torch.hypot(y[:, None], x[None, :])


def _shaped_noise(batch: int, amplitude: Tensor, generator: torch.Generator) -> Tensor:
    """Noise of the given amplitude spectrum, drawn as white noise in frequency space.

    The real and the imaginary part of one filtered complex noise are independent fields.
    """
    pairs = (batch + 1) // 2
    white = torch.randn(
        pairs, *amplitude.shape, dtype=torch.complex64, generator=generator, device=amplitude.device
    )
    colored = plain_ifft(white * amplitude)
    return standardize(torch.cat([colored.real, colored.imag])[:batch, None])


def power_law_noise(
    batch: int, shape: Shape, exponent: float, generator: torch.Generator
) -> Tensor:
    """Periodic noise ``(batch, 1, y, x)``, unit variance, power ``frequency ** -exponent``."""
    frequency = _frequency(shape, generator.device)
    floor = 1.0 / max(shape)
    return _shaped_noise(batch, frequency.clamp_min(floor) ** (-exponent / 2), generator)


def band_noise(
    batch: int, shape: Shape, period: float, generator: torch.Generator, width: float = 0.25
) -> Tensor:
    """Periodic noise ``(batch, 1, y, x)`` that oscillates with one period, unit variance.

    Its zero contours are the labyrinth of folds seen in a brain's cortex.

    Args:
        batch: number of fields.
        shape: size of the field.
        period: in samples.
        generator: its device is the field's.
        width: relative width of the band of frequencies.
    """
    offset = (_frequency(shape, generator.device) * period - 1.0) / width
    return _shaped_noise(batch, torch.exp(-0.5 * offset.square()), generator)
