"""Axial slices of the abdomen from the dome of the liver to the bowel."""

import torch
from torch import Tensor

from feathermr.phantom.canvas import Canvas, turn
from feathermr.phantom.contrast import Contrast
from feathermr.phantom.shapes import disc, ellipse, hide, tube, union
from feathermr.phantom.torso import MM, draw_aorta, draw_spine, draw_wall

FIELD_OF_VIEW = (0.28, 0.37)
SEQUENCES = {"single shot": 3.0, "spoiled echo": 2.0, "balanced": 1.5, "t2 spin echo": 1.5}
FAT_SUPPRESSED = 0.45


def _liver(canvas: Canvas, contrast: Contrast, cavity: Tensor, level: Tensor) -> None:
    """Paint the liver with its vessels, the gall bladder and lesions."""
    y, x = canvas.y, canvas.x
    smaller = 1.05 - 0.45 * level
    right = ellipse(y, x, (0.0, -82 * MM), (84 * MM * smaller, 66 * MM * smaller), 0.15)
    left = ellipse(y, x, (-48 * MM, -15 * MM), (34 * MM * smaller, 78 * MM * smaller), 0.12)
    left = hide(left, (level < 0.6).float())
    liver = union(right, left) + canvas.smooth(6, 4 * MM)
    liver = torch.maximum(liver, cavity + 1.5 * MM)
    canvas.paint(liver, contrast["liver"] * (1 + canvas.rough(1.4, 0.05)))
    tree = (canvas.folds(44 * MM, 0.35).abs() - 0.13) * 11 * MM
    tree = tree + 1.2 * canvas.smooth(9, MM).abs()
    twigs = (canvas.folds(15 * MM, 0.3).abs() - 0.10) * 4 * MM + canvas.smooth(9, 3 * MM).abs()
    vessels = torch.maximum(torch.minimum(tree, twigs), liver + 5 * MM)
    canvas.paint(vessels, contrast["blood"] * 0.9)
    bladder = ellipse(y, x, (-22 * MM, -52 * MM), (19 * MM, 12 * MM), canvas.uniform(-0.6, 0.6))
    bladder = hide(bladder, ((level > 0.3) & (level < 0.8)).float() * canvas.chance(0.7))
    canvas.paint(bladder - 1.5 * MM, contrast["muscle"])
    canvas.paint(bladder, contrast["fluid"])
    dy, dx, (here, size, kind) = canvas.scatter(34 * MM, 3)
    spots = disc(dy, dx, (0.0, 0.0), 1.5 * MM + 9 * MM * size**2)
    spots = torch.maximum(spots, liver + 4 * MM) + (here > 0.15).float()
    spots = hide(spots, canvas.chance(0.4))
    cyst = torch.where(kind > 0.5, contrast["fluid"], contrast["lesion"])
    canvas.paint(spots, cyst, blur=2.0)


def _kidneys(canvas: Canvas, contrast: Contrast, level: Tensor) -> None:
    """Paint kidneys: fat around, cortex, pyramids, and the sinus with its fat and fluid."""
    y = canvas.y
    x = canvas.x + canvas.smooth(3, 5 * MM)
    size = canvas.uniform(0.85, 1.1) * (0.72 + 0.28 * ((level - 0.3) / 0.15).clamp(0, 1))
    row, column = canvas.uniform(36 * MM, 46 * MM), canvas.uniform(66 * MM, 76 * MM)
    center = (row, column)
    present = ((level > 0.3) & (level < 0.9)).float()
    kidney = ellipse(y, x.abs(), center, (29 * MM * size, 25 * MM * size), 0.4)
    kidney = hide(kidney + canvas.smooth(10, 1.2 * MM), present)
    hilum = ellipse(y, x.abs(), (row - 9 * MM, column - 22 * MM), (9 * MM, 17 * MM), -0.5)
    canvas.paint(kidney - 7 * MM + canvas.smooth(8, 3 * MM), contrast["fat"])
    canvas.paint(kidney, contrast["kidney cortex"])
    angle = torch.atan2(y - row, x.abs() - column)
    pyramids = torch.sin(6 * angle + canvas.smooth(6, 0.7)) * 4 * MM
    medulla = torch.maximum(kidney + 6 * MM, -pyramids - 1.5 * MM)
    canvas.paint(medulla, contrast["kidney medulla"], blur=3.0)
    sinus = hide(torch.maximum(hilum, kidney + 1 * MM), present) + canvas.smooth(16, 1.5 * MM)
    canvas.paint(sinus, contrast["fat"])
    canvas.paint(sinus + 4.5 * MM, contrast["fluid"])
    cyst = disc(y, canvas.x, (row + 18 * MM, column + 12 * MM), canvas.uniform(3 * MM, 12 * MM))
    canvas.paint(hide(cyst, present * canvas.chance(0.2)), contrast["fluid"])


def _bowel(canvas: Canvas, contrast: Contrast, cavity: Tensor, level: Tensor) -> None:
    """Paint loops of bowel, each with its wall, folds and a filling of gas, fluid or stool."""
    y, x = canvas.y, canvas.x
    front = torch.maximum(cavity + 5 * MM, y - 32 * MM + 0.2 * x.abs())
    edge = torch.maximum(front, (0.62 - level) * 0.35 - x * 0.6)
    y0, x0 = canvas.y, canvas.x
    canvas.y, canvas.x = y + canvas.smooth(9, 5 * MM), x + canvas.smooth(9, 5 * MM)
    for cell in (34 * MM, 27 * MM):
        dy, dx, (here, size, wide, kind, shade) = canvas.scatter(cell, 5)
        radius = cell * (0.30 + 0.18 * size)
        loop = ellipse(dy, dx, (0.0, 0.0), (radius * (0.65 + 0.5 * wide), radius), wide * 3)
        loop = torch.maximum(loop, edge) + (here > 0.8).float()
        canvas.paint(loop, contrast["bowel"])
        stool = contrast["bowel"] * (0.5 + shade) * (1 + canvas.rough(1.0, 0.3))
        filling = torch.where(kind < 0.45, contrast["fluid"] * (0.5 + 0.5 * shade), stool)
        filling = torch.where(kind > 0.75, 0.0, filling)
        folds = (torch.sin(torch.atan2(dy, dx) * 9 + shade * 6) - 0.6).clamp_min(0) * 3 * MM
        canvas.paint(loop + 2.2 * MM + folds, filling)
    canvas.y, canvas.x = y0, x0


def _upper_left(canvas: Canvas, contrast: Contrast, cavity: Tensor, level: Tensor) -> None:
    """Paint spleen, stomach with its gas over fluid, and pancreas."""
    y, x = canvas.y, canvas.x
    upper = (level < 0.6).float()
    stomach = ellipse(y, x, (-26 * MM, 54 * MM), (41 * MM, 52 * MM), canvas.uniform(-0.5, 0.3))
    stomach = hide(stomach + canvas.smooth(7, 3 * MM), upper)
    stomach = torch.maximum(stomach, cavity + 3 * MM)
    canvas.paint(stomach, contrast["bowel"])
    rugae = (canvas.folds(9 * MM).abs() - 0.3).clamp_max(0) * 4 * MM
    content = contrast["fluid"] * canvas.uniform(0.3, 1.0) * (1 + canvas.rough(1.4, 0.25))
    canvas.paint(stomach + 3.5 * MM - rugae, content)
    gas = torch.maximum(stomach + 3.5 * MM, y + canvas.uniform(15 * MM, 45 * MM))
    canvas.paint(gas, 0.0)
    spleen = ellipse(y, x, (22 * MM, 106 * MM), (50 * MM, 30 * MM), canvas.uniform(-0.5, -0.1))
    spleen = hide(spleen + canvas.smooth(7, 2.5 * MM), upper)
    spleen = torch.maximum(spleen, cavity + 1.5 * MM)
    canvas.paint(spleen, contrast["spleen"] * (1 + canvas.rough(1.4, 0.04)))
    lobules = canvas.folds(8 * MM) * 1.6 * MM
    pancreas = tube(
        y,
        x,
        [(8 * MM, -30 * MM), (-4 * MM, 0.0), (-8 * MM, 35 * MM), (4 * MM, 75 * MM)],
        [11 * MM, 8 * MM, 8 * MM, 6 * MM],
    )
    pancreas = hide(pancreas + lobules, ((level > 0.25) & (level < 0.65)).float())
    canvas.paint(pancreas, contrast["pancreas"])


def _vessels(canvas: Canvas, contrast: Contrast, level: Tensor) -> None:
    """Paint aorta, vena cava, portal and splenic vein, and renal vessels."""
    y, x = canvas.y, canvas.x
    splenic = tube(
        y, x, [(2 * MM, -34 * MM), (4 * MM, 5 * MM), (6 * MM, 70 * MM)], [4 * MM, 3 * MM, 2 * MM]
    )
    splenic = splenic + canvas.smooth(9, 1.2 * MM)
    canvas.paint(hide(splenic, ((level > 0.25) & (level < 0.6)).float()), contrast["blood"])
    renal = tube(y, x.abs(), [(26 * MM, 6 * MM), (34 * MM, 55 * MM)], [3 * MM, 3 * MM])
    canvas.paint(hide(renal, ((level > 0.45) & (level < 0.7)).float()), contrast["blood"])
    draw_aorta(canvas, contrast, (28 * MM, 6 * MM), canvas.uniform(7 * MM, 11 * MM))
    cava = ellipse(y, x, (24 * MM, -23 * MM), (canvas.uniform(5 * MM, 10 * MM), 11 * MM))
    canvas.paint(cava - MM, contrast["muscle"] * 0.6)
    canvas.paint(cava, contrast["blood"])


def draw_abdomen(canvas: Canvas, contrast: Contrast) -> None:
    """Paint one axial slice an item, at a random height."""
    level = canvas.uniform(0.0, 1.0)
    shift = (canvas.uniform(-8 * MM, 8 * MM), canvas.uniform(-8 * MM, 8 * MM))
    canvas.place(canvas.uniform(0.9, 1.12), canvas.uniform(turn(-6), turn(6)), shift)
    canvas.thicken()
    canvas.warp(4, canvas.uniform(1 * MM, 5 * MM))
    radii = (canvas.uniform(100 * MM, 122 * MM), canvas.uniform(148 * MM, 168 * MM))
    _, cavity = draw_wall(canvas, contrast, radii, canvas.uniform(5 * MM, 26 * MM), ribs=9)
    strands = (canvas.folds(12 * MM).abs() * 3).clamp_max(1.0)
    canvas.paint(cavity, contrast["fat"] * (0.82 + 0.18 * strands))
    dy, dx, (here, size, _) = canvas.scatter(11 * MM, 3)
    dots = disc(dy, dx, (0.0, (size - 0.5) * 5 * MM), 0.5 * MM + MM * size)
    canvas.paint(torch.maximum(dots, cavity + 3 * MM) + (here > 0.4).float(), contrast["blood"])
    draw_spine(canvas, contrast, (52 * MM, 0.0), canvas.uniform(0.95, 1.2))
    psoas = ellipse(canvas.y, canvas.x.abs(), (52 * MM, 36 * MM), (15 * MM, 12 * MM))
    canvas.paint(hide(psoas, (level > 0.4).float()), contrast["muscle"])
    _bowel(canvas, contrast, cavity, level)
    _upper_left(canvas, contrast, cavity, level)
    _kidneys(canvas, contrast, level)
    _vessels(canvas, contrast, level)
    _liver(canvas, contrast, cavity, level)
    canvas.modulate(canvas.smooth(3, 0.10) + canvas.rough(1.4, 0.02))
