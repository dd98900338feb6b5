"""The smooth phase that field inhomogeneity and receive chain leave on every image."""

import math

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from feathermr.phantom.canvas import OVERSAMPLING
from feathermr.phantom.fields import Shape, smooth_noise


def background_phase(
    batch: int, shape: Shape, generator: torch.Generator, strength: float = 1.0
) -> Tensor:
    """Complex factors of modulus one on the finer grid, (batch, 1, y, x).

    A constant, a ramp of up to ``strength * pi`` across the picture and smooth noise of two scales.

    Args:
        batch: number of fields.
        shape: the scan's matrix (y, x).
        generator: its device is the result's.
        strength: zero gives a constant phase.
    """
    device = generator.device
    coarse = tuple(max(8, size // 4) for size in shape)
    small = (coarse[0], coarse[1])
    constant, up, left, slow, fast = (
        torch.rand(5, batch, 1, 1, 1, generator=generator, device=device) * 2 - 1
    )
    y = torch.linspace(-1, 1, small[0], device=device)[:, None]
    x = torch.linspace(-1, 1, small[1], device=device)[None, :]
    angle = up * y + left * x
    angle = angle * math.pi / 2 + 0.8 * slow * smooth_noise(batch, small, 2, generator)
    angle = angle + 0.25 * fast * smooth_noise(batch, small, 6, generator)
    angle = strength * angle + math.pi * constant
    fine = (shape[0] * OVERSAMPLING, shape[1] * OVERSAMPLING)
    angle = interpolate(angle, size=fine, mode="bicubic", align_corners=True)
    return torch.polar(torch.ones_like(angle), angle)
