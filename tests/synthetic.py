"""Small scans in closed form: ellipses with soft edges, smooth coils, masks that hold a center."""

import math

import torch
from torch import Tensor

from feathermr.acquisition import Acquisition, Header, undersample
from feathermr.core.fft import fft
from feathermr.core.seeding import generator


def grid(height: int, width: int) -> tuple[Tensor, Tensor]:
    """Coordinates in [-1, 1) with 0 at ``n // 2``."""
    y = (torch.arange(height, dtype=torch.float64) - height // 2) * (2 / height)
    x = (torch.arange(width, dtype=torch.float64) - width // 2) * (2 / width)
    return y[:, None], x[None, :]


def ellipse(
    y: Tensor, x: Tensor, center: tuple[float, float], radii: tuple[float, float]
) -> Tensor:
    """1 inside and 0 outside, with an edge about a pixel wide."""
    radius = ((y - center[0]) / radii[0]) ** 2 + ((x - center[1]) / radii[1]) ** 2
    return torch.sigmoid((1 - radius.sqrt()) * 120 * min(radii))


def anatomy(slices: int, frames: int, height: int, width: int) -> Tensor:
    """Complex image (slice, frame, y, x) of magnitude up to about 1, another one a slice.

    A chamber inside grows and shrinks over the frames; the phase is smooth.
    """
    y, x = grid(height, width)
    image = torch.zeros(slices, frames, height, width, dtype=torch.float64)
    for s in range(slices):
        places = torch.rand(8, 3, dtype=torch.float64, generator=generator(0, "anatomy", s))
        still = 0.5 * ellipse(y, x, (0.0, 0.0), (0.75, 0.65))
        for a, b, c in places.tolist():
            still = still + (c - 0.4) * 0.6 * ellipse(
                y, x, (a - 0.5, (b - 0.5) * 0.8), (0.08 + 0.1 * c, 0.1)
            )
        for f in range(frames):
            radius = 0.22 + 0.06 * math.sin(2 * math.pi * f / frames)
            image[s, f] = still + 0.4 * ellipse(y, x, (0.1, -0.1), (radius, radius))
    phase = 0.8 * y + 0.5 * x * x - 0.3 * y * x
    return torch.polar(image.abs(), phase.expand_as(image) + math.pi * (image < 0))


def coils(count: int, height: int, width: int) -> Tensor:
    """Smooth maps (1, 1, coil, y, x) of unit root-sum-of-squares."""
    y, x = grid(height, width)
    maps = []
    for c in range(count):
        angle = 2 * math.pi * c / count + 0.3
        distance = (y - 1.1 * math.sin(angle)) ** 2 + (x - 1.1 * math.cos(angle)) ** 2
        maps.append(
            torch.polar((-distance / 1.6).exp(), 0.9 * c + 0.7 * math.cos(angle) * y + 0.4 * x)
        )
    stacked = torch.stack(maps)
    return (stacked / stacked.abs().square().sum(0).sqrt())[None, None]


def line_mask(height: int, frames: int, *, keep: float, center: int) -> Tensor:
    """Random lines along y (1, frame, 1, y, 1), others in each frame, around a full center."""
    lines = torch.rand(1, frames, 1, height, 1, generator=generator(0, "lines", height)) < keep
    start = height // 2 - center // 2
    lines[..., start : start + center, :] = True
    return lines


def scan(
    slices: int = 1,
    frames: int = 1,
    n_coils: int = 4,
    shape: tuple[int, int] = (64, 48),
    *,
    noise: float = 0.0,
    known_maps: bool = True,
    dtype: torch.dtype = torch.complex64,
) -> Acquisition:
    """A complete scan with its truth as reference."""
    image = anatomy(slices, frames, *shape)
    maps = coils(n_coils, *shape) if n_coils > 1 else None
    seen = image[:, :, None] if maps is None else maps * image[:, :, None]
    kspace = fft(seen)
    drawn = torch.randn(kspace.shape, dtype=torch.complex128, generator=generator(0, "noise"))
    return Acquisition(
        kspace=(kspace + noise * drawn).to(dtype),
        mask=torch.ones(1, 1, 1, 1, 1, dtype=torch.bool),
        header=Header(source="synthetic", origin="simulated", subject="s1"),
        coil_maps=maps.to(dtype) if maps is not None and known_maps else None,
        reference=image.to(dtype),
    )


def accelerated(complete: Acquisition, *, keep: float = 0.25, center: int = 8) -> Acquisition:
    """Some lines of it, about every third."""
    mask = line_mask(complete.shape[0], complete.n_frames, keep=keep, center=center)
    return undersample(complete, mask)


def nmse(image: Tensor, truth: Tensor) -> float:
    """``||a - b||^2 / ||b||^2``."""
    return float((image - truth).abs().square().sum() / truth.abs().square().sum())
