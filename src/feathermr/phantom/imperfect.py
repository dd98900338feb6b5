"""What happens to k-space between the coil and the file: filters, empty corners, ghosts, spikes."""

import math

import torch
from torch import Tensor

#: how often k-space is filtered or empty outside, has ghosts along its lines, or a spike
FILTERED, GHOSTED, SPIKED = 0.45, 0.05, 0.03


def k_window(shape: tuple[int, int], generator: torch.Generator) -> Tensor | None:
    """Factors (y, x) by which k-space is filtered, or set to zero outside; ``None`` for neither.

    An ellipse or a rectangle of 40 to 100 % of the matrix, each axis by itself, with an edge that
    is hard or that falls as half a cosine (Tukey).
    """
    if _uniform(generator) >= FILTERED:
        return None
    device = generator.device
    extents = [0.4 + 0.65 * _uniform(generator) for _ in shape]
    y, x = (
        (torch.arange(size, device=device) - size // 2) / (size / 2) / extent
        for size, extent in zip(shape, extents, strict=True)
    )
    elliptic = _uniform(generator) < 0.5
    soft = 0.5 * _uniform(generator) if _uniform(generator) < 0.5 else 0.0
    if elliptic:
        return _tukey(torch.hypot(y[:, None], x[None, :]), soft)
    return _tukey(y.abs(), soft)[:, None] * _tukey(x.abs(), soft)[None, :]


def _tukey(radius: Tensor, soft: float) -> Tensor:
    """1 inside of ``1 - soft``, 0 outside of 1, half a cosine between."""
    if soft == 0:
        return (radius <= 1).float()
    place = ((radius - (1 - soft)) / soft).clamp(0, 1)
    return 0.5 * (1 + torch.cos(math.pi * place))


def with_ghosts(kspace: Tensor, axis: int, generator: torch.Generator) -> Tensor:
    """K-space (..., y, x), rarely one in which something pulsed during the scan.

    Its lines turn in phase and change in strength with the period of a pulse.

    Args:
        kspace: complete.
        axis: of phase encoding, -1 or -2.
        generator: on the k-space's device.
    """
    if _uniform(generator) >= GHOSTED:
        return kspace
    lines = torch.arange(kspace.shape[axis], device=kspace.device)
    period = 2.5 + 9 * _uniform(generator)
    wave = torch.sin(2 * math.pi * (lines / period + _uniform(generator)))
    strength = 0.15 * _uniform(generator)
    turned = torch.polar(1 + strength * wave, strength * wave.roll(1))
    return kspace * (turned if axis == -1 else turned[:, None])


def with_spike(kspace: Tensor, generator: torch.Generator) -> Tensor:
    """K-space (..., y, x), rarely with one sample as bright as the brightest hundredth of all.

    Args:
        kspace: complete.
        generator: on the k-space's device.
    """
    if _uniform(generator) >= SPIKED:
        return kspace
    y, x = (int(torch.randint(size, (), generator=generator)) for size in kspace.shape[-2:])
    bright = kspace.abs().flatten(-2).quantile(0.99, dim=-1)
    turn = 2 * math.pi * _uniform(generator)
    spiked = kspace.clone()
    spiked[..., y, x] += bright * complex(math.cos(turn), math.sin(turn))
    return spiked


def _uniform(generator: torch.Generator) -> float:
    return float(torch.rand((), generator=generator, device=generator.device))
