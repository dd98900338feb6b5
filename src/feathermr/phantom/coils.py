"""Sensitivities of a receive array: the quasi-static field of loops around the body."""

import math

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from feathermr.phantom.canvas import OVERSAMPLING
from feathermr.phantom.fields import Shape

_SEGMENTS = 20
_COARSE = 32
_WIRE = 0.06  # thickness of the conductor in units of the longer side, which keeps maps smooth


def _loops(batch: int, coils: int, half: Tensor, generator: torch.Generator) -> Tensor:
    """Corners of every loop, (batch, coil, corner, 3) as (y, x, z) in units of the longer side.

    The loops sit around the picture in up to three rows along z, face its axis, overlap their
    neighbours and are each a little off.
    """
    device = generator.device

    def rand(*shape: int) -> Tensor:
        return torch.rand(batch, *shape, generator=generator, device=device)

    rows = 1 if coils <= 8 else 2 if coils <= 20 else 3
    index = torch.arange(coils, device=device)
    row, a_row = index % rows, math.ceil(coils / rows)
    start = rand(1) * 2 * math.pi
    angle = start + 2 * math.pi * (index // rows + row / rows) / a_row
    angle = angle + (rand(coils) - 0.5) * 1.2 / a_row
    distance = 1.2 + 0.35 * rand(1) + 0.1 * rand(coils)
    # on a rounded rectangle, so that hardly a wire comes into the picture
    distance = distance / torch.maximum(angle.sin().abs(), angle.cos().abs()) ** 0.7
    center_y, center_x = distance * half[0] * angle.sin(), distance * half[1] * angle.cos()
    size = 0.11 + 1.2 / max(coils / rows, 4)
    radius = size * (0.5 + 0.3 * rand(coils))
    center_z = (row - (rows - 1) / 2) * 1.5 * radius + 0.2 * (rand(1) - 0.5)
    facing = torch.atan2((center_y / half[0]) ** 3 / half[0], (center_x / half[1]) ** 3 / half[1])
    facing = facing + 0.3 * (rand(coils) - 0.5)
    around = 2 * math.pi * torch.arange(_SEGMENTS, device=device) / _SEGMENTS
    across, along = radius[..., None] * around.cos(), radius[..., None] * around.sin()
    return torch.stack(
        [
            center_y[..., None] + across * facing.cos()[..., None],
            center_x[..., None] - across * facing.sin()[..., None],
            center_z[..., None] + along,
        ],
        dim=-1,
    )


def _field(loops: Tensor, y: Tensor, x: Tensor) -> Tensor:
    """Transverse field ``Bx - i By`` of unit currents (Biot and Savart), (batch, coil, y, x)."""
    edge = loops.roll(-1, 2) - loops
    middle = loops + edge / 2
    total = torch.zeros((), device=loops.device)
    for corner in range(loops.shape[2]):
        my, mx, mz = (middle[:, :, corner, i, None, None] for i in range(3))
        ey, ex, ez = (edge[:, :, corner, i, None, None] for i in range(3))
        ry, rx, rz = y - my, x - mx, -mz
        cube = (ry * ry + rx * rx + rz * rz + _WIRE**2) ** 1.5
        total = total + torch.complex((ey * rz - ez * ry) / cube, -(ez * rx - ex * rz) / cube)
    return total


def coil_maps(batch: int, coils: int, shape: Shape, generator: torch.Generator) -> Tensor:
    """Complex maps on the finer grid, (batch, 1, coil, y, x), root-sum-of-squares one everywhere.

    `at_scan_resolution` gives their values at the scan's pixels. A single coil is a map of ones: a
    combined image of a uniform coil.

    Args:
        batch: number of arrays.
        coils: loops of each, 1 to 32 being usual.
        shape: the scan's matrix (y, x).
        generator: its device is the result's.
    """
    fine = (shape[0] * OVERSAMPLING, shape[1] * OVERSAMPLING)
    if coils == 1:
        return torch.ones(batch, 1, 1, *fine, dtype=torch.complex64, device=generator.device)
    half = torch.tensor(shape, device=generator.device) / (2.0 * max(shape))
    y = torch.linspace(-1, 1, _COARSE, device=generator.device)[:, None] * half[0]
    x = torch.linspace(-1, 1, _COARSE, device=generator.device)[None, :] * half[1]
    coarse = _field(_loops(batch, coils, half, generator), y, x)
    turns = 2 * math.pi * torch.rand(batch, coils, 1, 1, generator=generator, device=y.device)
    coarse = coarse * torch.polar(torch.ones_like(turns), turns)
    maps = torch.complex(
        interpolate(coarse.real, size=fine, mode="bicubic", align_corners=True),
        interpolate(coarse.imag, size=fine, mode="bicubic", align_corners=True),
    )
    norm = maps.abs().square().sum(1, keepdim=True).sqrt()
    return (maps / norm.clamp_min(1e-12))[:, None]


def at_scan_resolution(fine: Tensor) -> Tensor:
    """The samples of a field on the finer grid that lie at the centers of the scan's pixels.

    Both grids have their origin at index ``n // 2``, which fixes the first sample taken.
    """
    height, width = fine.shape[-2] // OVERSAMPLING, fine.shape[-1] // OVERSAMPLING
    first_y = (height * OVERSAMPLING) // 2 - OVERSAMPLING * (height // 2)
    first_x = (width * OVERSAMPLING) // 2 - OVERSAMPLING * (width // 2)
    return fine[..., first_y::OVERSAMPLING, first_x::OVERSAMPLING]
