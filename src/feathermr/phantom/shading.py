"""Shading: receivers near the body make its rim brighter than its middle."""

import math

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from feathermr.phantom.fields import Shape, smooth_noise
from feathermr.phantom.off_resonance import uniform

#: how often an image is shaded smoothly, and by surface coils
SMOOTH, SURFACE = 0.6, 0.3
#: how many times brighter a rim may be than the middle
BRIGHTEST = 6.0


def shading(batch: int, shape: Shape, generator: torch.Generator) -> Tensor:
    """Positive factors (batch, 1, y, x), about 1 in the middle.

    The exponential of a smooth field; and ``1 + (b - 1) sum_j 1 / (1 + (r_j / l)^2)^(3/2)`` of one
    to four loops ``j`` at distances ``r_j`` beside the picture, as the field of a loop falls.

    Args:
        batch: number of fields.
        shape: of the field (y, x).
        generator: its device is the result's.
    """
    device = generator.device
    factor = torch.ones(batch, 1, *shape, device=device)
    choice, surface = (float(torch.rand((), generator=generator, device=device)) for _ in range(2))
    if choice < SMOOTH:
        cells = 1 + int(torch.randint(3, (), generator=generator, device=device))
        field = smooth_noise(
            batch, (max(8, shape[0] // 4), max(8, shape[1] // 4)), cells, generator
        )
        field = interpolate(field, size=shape, mode="bilinear", align_corners=True)
        factor = (uniform(batch, 0.0, 0.45, generator) * field).exp()
    if surface < SURFACE:
        y = torch.linspace(-1, 1, shape[0], device=device)[:, None]
        x = torch.linspace(-1, 1, shape[1], device=device)[None, :]
        reach = uniform(batch, 0.3, 0.8, generator)
        loops = 1 + int(torch.randint(4, (), generator=generator, device=device))
        total = torch.zeros_like(factor)
        for _ in range(loops):
            angle = uniform(batch, 0.0, 2 * math.pi, generator)
            far = uniform(batch, 0.9, 1.3, generator)
            away = (y - far * angle.sin()).square() + (x - far * angle.cos()).square()
            total = total + (1 + away / reach.square()) ** -1.5
        brighter = uniform(batch, 0.0, math.log(BRIGHTEST), generator).exp() - 1
        factor = factor * (1 + brighter * total / total.amax((-2, -1), keepdim=True))
    return factor
