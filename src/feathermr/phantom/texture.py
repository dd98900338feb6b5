"""Dead leaves: occluding shapes of power-law sizes, the statistics of photographs without content.

Networks that restore images learn nearly as well from them as from photographs: Achddou, Gousseau
and Ladjal, "Synthetic images as a regularity prior for image restoration neural networks", 2021,
doi:10.1007/978-3-030-75549-2_27.
"""

import math

import torch

from feathermr.phantom.canvas import Canvas
from feathermr.phantom.contrast import Contrast
from feathermr.phantom.shapes import ellipse, rotate

FIELD_OF_VIEW = (0.25, 0.25)
SEQUENCES = {"t1 spin echo": 1.0}
FAT_SUPPRESSED = 0.0

#: Cell sizes of the layers in metres, in the order in which they occlude one another.
_CELLS = (
    0.140, 0.090, 0.055, 0.034, 0.020, 0.011, 0.100, 0.045, 0.028, 0.007, 0.015,
)  # fmt: skip


def _layer(canvas: Canvas, cell: float) -> None:
    """Paint at most one leaf into each cell of a turned grid: an ellipse, half of one or a box."""
    dy, dx, (seed, angle, radius, flat, value, square) = canvas.scatter(cell, 6)
    dy, dx = rotate(dy, dx, angle * math.pi)
    radius = cell * (0.22 + 0.25 * radius)
    flat = radius * (0.2 + 0.8 * flat)
    round_leaf = ellipse(dy, dx, (0.0, 0.0), (radius, flat))
    boxed = torch.maximum(dy.abs() - 0.72 * radius, dx.abs() - 0.72 * flat)
    halved = torch.maximum(round_leaf, dy - 0.3 * flat)
    distance = torch.where(square < 0.35, boxed, torch.where(square > 0.75, halved, round_leaf))
    distance = distance + (seed > canvas.uniform(0.05, 0.25 + 0.35 * min(1.0, cell / 0.04))).float()
    shaded = value * (1 + canvas.uniform(-0.3, 0.3) * dy / cell)
    canvas.paint(distance, shaded)


def draw_texture(canvas: Canvas, contrast: Contrast) -> None:
    """Paint leaves, flat, shaded or textured, often within a dark surrounding.

    The contrast plays no part: values are uniform.
    """
    canvas.image = canvas.image + canvas.uniform(0.05, 0.9)
    canvas.thicken()
    y, x = canvas.y, canvas.x
    for index, cell in enumerate(_CELLS):
        canvas.y, canvas.x = rotate(y, x, canvas.uniform(0, math.pi))
        if index % 3 == 0:
            canvas.warp(6, canvas.uniform(0.0, 0.006))
        _layer(canvas, cell)
        if index % 6 == 3:
            rough = canvas.rough(1.4) * canvas.smooth(4).clamp(0, 1)
            canvas.modulate(rough * canvas.uniform(0.0, 0.25))
    border = ellipse(
        y,
        x,
        (canvas.uniform(-0.02, 0.02), canvas.uniform(-0.02, 0.02)),
        (canvas.uniform(0.08, 0.13), canvas.uniform(0.08, 0.13)),
        canvas.uniform(0, math.pi),
    )
    wall = border + canvas.smooth(5, 0.006) - canvas.chance(0.5)
    canvas.paint(-wall, 0.0)
