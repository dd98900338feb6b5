"""Natural-like pictures: dead leaves with textures, which have the statistics of photographs.

Objects that hide one another, of radii with density ``r ** -3``, give the statistics of photographs
at every scale: Lee, Mumford and Huang 2001, doi:10.1023/A:1011109015675. Unlike `texture`, which
stands for bodies, there is no dark surrounding, sizes are counted in pixels, and leaves may be
striped, checked or rough.
"""

import math

import torch
from torch import Tensor

from feathermr.phantom.canvas import OVERSAMPLING, Canvas
from feathermr.phantom.contrast import Contrast
from feathermr.phantom.shapes import ellipse, length, rotate

FIELD_OF_VIEW = (0.25, 0.25)
SEQUENCES = {"t1 spin echo": 1.0}

#: layers of leaves, each of one size
LAYERS = 13
#: ends of the smallest cell's size in the scan's pixels; photographs are more or less busy
SMALLEST = (5.0, 16.0)
#: periods of stripes and checks in the scan's pixels
PERIODS = (2.5, 12.0)
#: radius of the largest leaf of a cell, so that a turned box still fits
REACH = 0.47


def draw_natural(canvas: Canvas, contrast: Contrast) -> None:
    """Paint a background and layers of leaves over the whole picture.

    With sizes drawn evenly on a log scale and one leaf a cell, there are ``r ** -2 dr / r`` leaves
    of radius ``r``. The contrast plays no part.
    """
    pixel = float(torch.as_tensor(canvas.pixel).mean()) * OVERSAMPLING
    device = canvas.device
    steps, order, busy = (
        torch.rand(size, generator=canvas.generator, device=device) for size in (LAYERS, LAYERS, 1)
    )
    smallest = SMALLEST[0] * (SMALLEST[1] / SMALLEST[0]) ** float(busy)
    canvas.image = canvas.image + canvas.uniform(0.1, 0.9)
    canvas.modulate(canvas.smooth(2, canvas.uniform(0.0, 0.3)))
    canvas.thicken(2.5)
    y, x = canvas.y, canvas.x
    # evenly spread sizes in random order: which hides which has nothing to do with size
    for step in ((order.argsort() + steps) / LAYERS).tolist():
        cell = smallest * (1.1 * min(canvas.shape) / smallest) ** step
        canvas.y, canvas.x = rotate(y, x, canvas.uniform(0, math.pi))
        if step > 0.5:  # bends that a small leaf does not show
            canvas.warp(5, canvas.uniform(0.0, 0.012))
        _layer(canvas, cell * pixel, pixel)
    canvas.y, canvas.x = y, x
    canvas.modulate(canvas.smooth(2, canvas.uniform(0.0, 0.35)))
    canvas.image = canvas.image.pow(canvas.uniform(0.7, 1.5))


def _layer(canvas: Canvas, cell: float, pixel: float) -> None:
    """At most one leaf in each cell of a turned grid, each with shape, grey and texture."""
    dy, dx, numbers = canvas.scatter(cell, 9)
    seed, angle, size, flat, kind = numbers[:5]
    dy, dx = rotate(dy, dx, angle * math.pi)
    radius = cell * REACH * (0.6 + 0.4 * size)
    distance = _outline(dy, dx, radius, radius * (0.15 + 0.85 * flat), kind)
    share = canvas.uniform(0.05, 0.75)
    value = _textured(canvas, (dy / cell, dx / cell), cell / pixel, numbers[5:])
    canvas.paint(distance + (seed > share).float(), value)


def _outline(dy: Tensor, dx: Tensor, radius: Tensor, flat: Tensor, kind: Tensor) -> Tensor:
    """Distance to an ellipse, half of one, a box, or a triangle."""
    oval = ellipse(dy, dx, (0.0, 0.0), (radius, flat))
    half = torch.maximum(oval, dy - 0.3 * radius)
    box = torch.maximum(dy.abs() - 0.7 * radius, dx.abs() - 0.7 * flat)
    slope = radius / length(radius, flat)
    triangle = torch.maximum(dx.abs() * slope + (dy - 0.8 * radius) * flat / radius, -dy)
    found = torch.where(kind < 0.35, oval, torch.where(kind < 0.5, half, box))
    return torch.where(kind > 0.8, triangle, found)


def _textured(
    canvas: Canvas, place: tuple[Tensor, Tensor], pixels: float, numbers: list[Tensor]
) -> Tensor:
    """Grey values: flat, shaded, striped, checked or rough.

    Args:
        canvas: gives the roughness.
        place: rows and columns in the leaf, in units of its cell.
        pixels: the cell's size.
        numbers: four fields of uniform numbers, each constant within a leaf.
    """
    grey, kind, fine, depth = numbers
    shaded = grey * (1 + (depth - 0.5) * (place[0] + place[1]))
    low, high = PERIODS
    turns = 2 * math.pi * pixels / (low * (high / low) ** fine)
    wave = torch.sin(turns * place[0])
    crossed = wave * torch.sin(turns * place[1])
    pattern = torch.where(kind < 0.2, wave, torch.where(kind < 0.3, crossed, 0.0))
    if pixels > 12:
        pattern = torch.where(kind > 0.5, 0.5 * canvas.rough(1.8), pattern)
    return (shaded * (1 + 0.6 * depth * pattern)).clamp_min(0.0)
