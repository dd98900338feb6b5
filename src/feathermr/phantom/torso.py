"""What chest and abdomen share: the body wall with its layers and ribs, and the spine."""

import torch
from torch import Tensor

from feathermr.phantom.canvas import Canvas
from feathermr.phantom.contrast import Contrast
from feathermr.phantom.shapes import Number, Point, disc, ellipse, hide, tube, union

MM = 1e-3


def _ribs(canvas: Canvas, depth: Tensor, count: int) -> Tensor:
    """Sections of obliquely cut ribs within the wall, evenly spread around the body."""
    angle = torch.atan2(canvas.y, canvas.x)
    along = torch.sin(count * angle + canvas.uniform(0.0, 6.3) + canvas.smooth(4, 0.8))
    return torch.maximum((depth - 6 * MM).abs() - 3.5 * MM, (0.35 - along) * 15 * MM)


def draw_wall(
    canvas: Canvas, contrast: Contrast, radii: Point, fat: Tensor, ribs: int
) -> tuple[Tensor, Tensor]:
    """Paint skin, subcutaneous fat with its septa, muscle and ribs.

    Returns:
        The distances to the body's outline and to the cavity within its wall.
    """
    y, x = canvas.y, canvas.x
    outline = ellipse(y, x, (0.0, 0.0), radii) + canvas.smooth(5, 5 * MM)
    canvas.paint(outline, contrast["skin"])
    septa = (canvas.folds(16 * MM).abs() * 2).clamp_max(1.0)
    canvas.paint(outline + 2.2 * MM, contrast["fat"] * (0.86 + 0.14 * septa))
    # the flanks carry more fat than the front
    thickness = fat * (1 + 0.5 * (x / radii[1]) ** 2) + canvas.smooth(7, 2.5 * MM)
    wall = outline + thickness
    striae = 1 + canvas.rough(1.4, 0.10)
    canvas.paint(wall, contrast["muscle"] * striae)
    layer = ((wall + 7 * MM + canvas.smooth(7, 2 * MM)).abs() - 0.7 * MM) + 0.0
    canvas.paint(layer, contrast["fat"] * 0.8)
    cavity = wall + canvas.uniform(12 * MM, 17 * MM) + canvas.smooth(6, 1.5 * MM)
    present = torch.as_tensor(float(ribs > 0), device=canvas.device)
    rib = hide(_ribs(canvas, -wall - 1 * MM, max(ribs, 1)), present)
    canvas.paint(rib, contrast["bone"])
    canvas.paint(rib + 1.6 * MM, contrast["red marrow"])
    return outline, cavity


def draw_spine(canvas: Canvas, contrast: Contrast, center: Point, size: Number) -> None:
    """Paint a vertebra, the canal with cord, and the muscles of the back beside them."""
    y, x = canvas.y, canvas.x
    row, column = center
    rough = 1 + canvas.rough(1.0, 0.06)
    for side in (-1.0, 1.0):
        back = ellipse(y, x, (row + 30 * MM, column + side * 27 * MM), (17 * MM, 23 * MM))
        canvas.paint(back - 2 * MM + canvas.smooth(9, 1.5 * MM), contrast["fat"])
        strands = (canvas.folds(7 * MM).abs() * 3).clamp_max(1.0)
        muscle = contrast["muscle"] * strands + contrast["fat"] * 0.7 * (1 - strands)
        canvas.paint(back + canvas.smooth(9, 1.5 * MM), muscle)
    body = ellipse(y, x, center, (15 * MM * size, 20 * MM * size)) + canvas.smooth(9, MM)
    arch = tube(
        y,
        (x - column).abs(),
        [
            (row + 10 * MM, 13 * MM),
            (row + 26 * MM, 15 * MM),
            (row + 36 * MM, 1 * MM),
            (row + 52 * MM, 0.0),
        ],
        [4 * MM, 4 * MM, 4 * MM, 3 * MM],
    )
    transverse = tube(
        y, (x - column).abs(), [(row + 25 * MM, 15 * MM), (row + 33 * MM, 36 * MM)], [4 * MM] * 2
    )
    bone = union(body, arch, transverse)
    canvas.paint(bone, contrast["bone"])
    canvas.paint(bone + 1.7 * MM, contrast["red marrow"] * rough)
    canal = ellipse(y, x, (row + 24 * MM, column), (8 * MM, 10 * MM))
    canvas.paint(canal - 1.0 * MM, contrast["fat"])
    canvas.paint(canal, contrast["cerebrospinal fluid"])
    cord = ellipse(y, x, (row + 24.5 * MM, column), (4 * MM, 5.5 * MM))
    canvas.paint(cord, contrast["white matter"])


def draw_aorta(canvas: Canvas, contrast: Contrast, center: Point, radius: Number) -> None:
    """Paint a vessel in section with its thin wall."""
    vessel = disc(canvas.y, canvas.x, center, radius) + canvas.smooth(12, 0.5 * MM)
    canvas.paint(vessel - 1.3 * MM, contrast["muscle"] * 0.6)
    canvas.paint(vessel, contrast["blood"])
