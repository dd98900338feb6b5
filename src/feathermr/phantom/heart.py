"""The beating heart in its chest, in short-axis and long-axis views."""

from dataclasses import dataclass

import torch
from torch import Tensor

from feathermr.phantom.canvas import Canvas, turn
from feathermr.phantom.contrast import Contrast
from feathermr.phantom.shapes import disc, ellipse, hide, length, rotate, segment, tube, union
from feathermr.phantom.torso import MM, draw_aorta, draw_spine, draw_wall

FIELD_OF_VIEW = (0.30, 0.34)
SEQUENCES = {"balanced": 6.0, "spoiled echo": 1.0}


@dataclass(frozen=True)
class _Chambers:
    """Signed distances (batch, frame, y, x) in metres.

    Attributes:
        left_wall: outline of the left ventricle with its muscle.
        left_blood: cavity of the left ventricle.
        right_blood: cavity of the right ventricle.
        right_wall: the same with its thin wall.
        muscles: papillary muscles and trabeculae, inside the left cavity.
        atria: cavities of the atria; far away in a short-axis view.
        valves: leaflets; far away in a short-axis view.
    """

    left_wall: Tensor
    left_blood: Tensor
    right_blood: Tensor
    right_wall: Tensor
    muscles: Tensor
    atria: Tensor
    valves: Tensor


def _radii(canvas: Canvas, shrink: Tensor) -> tuple[Tensor, Tensor]:
    """Inner and outer radius of the left ventricle: its muscle keeps its area and thickens."""
    filled = canvas.uniform(19 * MM, 29 * MM)
    wall = canvas.uniform(7 * MM, 11 * MM)
    lost = canvas.motion.ejection_fraction * shrink
    inner = filled * torch.sqrt(1 - lost)
    muscle = ((filled + wall) ** 2 - filled**2) * (1 + 0.12 * shrink)
    return inner, torch.sqrt(inner**2 + muscle)


def _short_axis(canvas: Canvas, y: Tensor, x: Tensor, shrink: Tensor) -> _Chambers:
    """A ring of muscle around a round cavity, the right ventricle a crescent beside it."""
    inner, outer = _radii(canvas, shrink)
    slimmer = canvas.uniform(0.7, 1.0)  # towards the apex everything is smaller
    inner, outer = inner * slimmer, outer * slimmer
    y, x = rotate(y, x, 0.15 * shrink)
    y, x = y * canvas.uniform(0.94, 1.08), x * canvas.uniform(0.94, 1.08)
    radius, angle = length(y, x), torch.atan2(y, x)
    crypts = torch.sin(9 * angle + canvas.uniform(0, 6)) + torch.sin(
        14 * angle + canvas.uniform(0, 6)
    )
    blood = radius - inner + crypts * (0.5 * MM + 0.5 * MM * shrink)
    first, second = canvas.uniform(0.2, 0.9), canvas.uniform(2.2, 3.0)
    thick = canvas.uniform(3.0 * MM, 5.0 * MM) * slimmer
    muscles = union(
        *(
            disc(
                y,
                x,
                (0.66 * inner * torch.sin(place), 0.66 * inner * torch.cos(place)),
                thick * (1 + 0.15 * shrink),
            )
            for place in (first, second)
        )
    )
    smaller = 1 - 0.22 * shrink
    reach = canvas.uniform(1.0, 1.35)
    right = ellipse(
        y,
        x,
        (-2 * MM, -0.75 * outer),
        (1.02 * outer * smaller * reach, 0.92 * outer * smaller * reach),
    )
    right = right + torch.sin(11 * angle + canvas.uniform(0, 6)) * MM
    wall = radius - outer
    crescent = torch.maximum(right, 0.5 * MM - wall)
    far = torch.ones_like(wall)
    return _Chambers(wall, blood, crescent, right - 3.0 * MM, muscles, far, far)


def _long_axis(canvas: Canvas, y: Tensor, x: Tensor, shrink: Tensor) -> _Chambers:
    """Two ventricles that taper from the valve plane to the apex, the atria behind it."""
    inner, outer = _radii(canvas, shrink)
    valve = canvas.uniform(9 * MM, 15 * MM) * shrink
    length = canvas.uniform(72 * MM, 92 * MM)
    along, across = y + 0.45 * length, x
    thick = outer - inner
    blood = ellipse(along, across, (0.0, 0.0), (length - 3 * MM * shrink, inner))
    blood = torch.maximum(blood, valve - along)
    wall = ellipse(along, across, (0.0, 0.0), (length + 0.6 * thick, outer))
    base = valve - 3 * MM - along
    corner = (8 * MM - (wall - base).abs()).clamp_min(0.0) / (8 * MM)
    wall = torch.maximum(wall, base) + corner.square() * 2 * MM
    smaller = 1 - 0.25 * shrink
    center = -outer - 6 * MM
    right = ellipse(along, across, (0.0, center), (0.86 * length, 24 * MM * smaller), -0.12)
    two_chamber = (canvas.uniform(0, 1) < 0.35).float()
    right = torch.maximum(right, valve - along) + two_chamber
    right = torch.maximum(right, 0.5 * MM - wall)
    fuller = 0.86 + 0.22 * shrink
    atria = torch.minimum(
        ellipse(along, across, (valve - 24 * MM, 0.0), (23 * MM * fuller, 25 * MM * fuller)),
        ellipse(along, across, (valve - 22 * MM, center), (22 * MM * fuller, 23 * MM * fuller))
        + two_chamber,
    )
    muscles = tube(
        along,
        across.abs(),
        [(0.72 * length, 0.55 * inner), (0.42 * length + 0.5 * valve, 0.45 * inner)],
        [3.5 * MM, 2.5 * MM],
    )
    open_angle = 0.25 + 0.75 * (1 - shrink)
    tip_row, tip_column = valve + 17 * MM * open_angle, inner * (0.08 + 0.55 * open_angle)
    leaflet, _ = segment(along, across.abs(), (valve, 0.95 * inner), (tip_row, tip_column))
    return _Chambers(wall, blood, right, right - 3 * MM, muscles, atria, leaflet - 0.8 * MM)


def _chest(canvas: Canvas, contrast: Contrast) -> Tensor:
    """Paint wall, lungs with vessels, liver, stomach, spine and aorta; the cavity is returned."""
    _, cavity = draw_wall(
        canvas,
        contrast,
        (canvas.uniform(98 * MM, 122 * MM), canvas.uniform(125 * MM, 172 * MM)),
        canvas.uniform(4 * MM, 24 * MM),
        ribs=14,
    )
    y, x = canvas.y, canvas.x
    canvas.paint(cavity, contrast["lung"] * (1 + canvas.rough(1.4, 0.3)))
    dy, dx, (here, size, value, down, right) = canvas.scatter(15 * MM, 5)
    middle = ((down - 0.5) * 10 * MM, (right - 0.5) * 10 * MM)
    dots = ellipse(dy, dx, middle, (0.6 * MM + 2.2 * MM * size**2, 0.6 * MM + 1.5 * MM * size))
    dots = torch.maximum(dots, cavity + 4 * MM) + (here > 0.35).float()
    canvas.paint(dots, contrast["blood"] * (0.3 + 0.6 * value))
    rows = canvas.uniform(48 * MM, 92 * MM)
    liver = ellipse(y, x, (rows, -72 * MM), (66 * MM, 88 * MM), 0.25) + canvas.smooth(6, 3 * MM)
    liver = torch.maximum(liver, cavity + MM)
    canvas.paint(liver, contrast["liver"] * (1 + canvas.rough(1.4, 0.07)))
    branches = (canvas.folds(22 * MM).abs() - 0.10) * 6 * MM
    canvas.paint(torch.maximum(branches, liver + 6 * MM), contrast["blood"] * 0.8)
    stomach = ellipse(y, x, (rows + 8 * MM, 74 * MM), (44 * MM, 52 * MM)) + canvas.smooth(7, 4 * MM)
    stomach = hide(torch.maximum(stomach, cavity + MM), canvas.chance(0.6))
    canvas.paint(stomach - 2 * MM, contrast["fat"])
    canvas.paint(stomach, contrast["bowel"])
    filling = contrast["fluid"] * canvas.chance(0.5) * (0.7 + canvas.rough(1.4, 0.25))
    canvas.paint(stomach + 3.5 * MM, filling)
    draw_spine(canvas, contrast, (56 * MM, 0.0), canvas.uniform(0.85, 1.05))
    draw_aorta(canvas, contrast, (37 * MM, 24 * MM), canvas.uniform(8 * MM, 12 * MM))
    return cavity


def _fill_mediastinum(canvas: Canvas, contrast: Contrast, cavity: Tensor, pad: Tensor) -> None:
    """Paint fat with vessels, airways and nodes between the heart and the spine.

    It keeps to where the heart is at its largest, so that it stands still.
    """
    largest = pad.amin(1, keepdim=True)
    patch = canvas.folds(70 * MM, 0.5) * 14 * MM
    reach = canvas.uniform(-12 * MM, 20 * MM)
    region = torch.maximum(largest - reach + patch, cavity + MM)
    strands = (canvas.folds(9 * MM).abs() * 2).clamp_max(1.0)
    canvas.paint(region, contrast["fat"] * (0.55 + 0.4 * strands))
    dy, dx, (here, size, wide, value) = canvas.scatter(17 * MM, 4)
    parts = ellipse(dy, dx, (0.0, 0.0), (1.5 * MM + 5 * MM * size**2, 1.5 * MM + 4 * MM * wide))
    parts = torch.maximum(parts + (here > 0.5).float(), region + MM)
    filling = torch.where(value < 0.5, contrast["blood"], contrast["muscle"])
    filling = torch.where(value > 0.93, 0.02, filling)
    canvas.paint(parts - 0.8 * MM, contrast["muscle"] * 0.7)
    canvas.paint(parts, filling)


def _paint_heart(canvas: Canvas, contrast: Contrast, chambers: _Chambers, cavity: Tensor) -> None:
    """Paint fat and pericardium around the heart, its walls, blood, muscles and valves."""
    heart = union(chambers.left_wall, chambers.right_wall, chambers.atria - 2 * MM)
    pad = heart - canvas.uniform(2 * MM, 9 * MM) + canvas.smooth(7, 4 * MM)
    _fill_mediastinum(canvas, contrast, cavity, pad)
    canvas.paint(torch.maximum(pad, cavity), contrast["fat"] * 0.9)
    canvas.paint(torch.maximum((pad + 2.5 * MM).abs() - 0.8 * MM, cavity), contrast["tendon"])
    swirl = 1 + canvas.smooth(18, 0.05) + canvas.rough(1.4, 0.04)
    blood, muscle = contrast["blood"] * swirl, contrast["myocardium"]
    canvas.paint(heart, muscle * (1 + canvas.rough(1.4, 0.05)))
    canvas.paint(chambers.right_blood, blood * 0.97)
    canvas.paint(chambers.atria, blood * 0.95)
    canvas.paint(chambers.left_blood, blood)
    canvas.paint(torch.maximum(chambers.muscles, chambers.left_blood), muscle, blur=1.5)
    canvas.paint(chambers.valves, muscle * 0.7)


def _choose(first: _Chambers, second: _Chambers, share: Tensor) -> _Chambers:
    """The first where ``share`` is one, else the second."""
    return _Chambers(
        **{
            name: torch.where(share > 0, getattr(first, name), getattr(second, name))
            for name in _Chambers.__dataclass_fields__
        }
    )


def draw_heart(canvas: Canvas, contrast: Contrast) -> None:
    """Paint a beating heart at the canvas's times; the chest around it stands still."""
    shift = (canvas.uniform(-15 * MM, 15 * MM), canvas.uniform(-25 * MM, 10 * MM))
    canvas.place(canvas.uniform(0.85, 1.4), canvas.uniform(turn(-70), turn(70)), shift)
    canvas.thicken()
    canvas.warp(4, canvas.uniform(1 * MM, 5 * MM))
    cavity = _chest(canvas, contrast)
    shrink = canvas.motion.contraction(canvas.times)
    drift = canvas.motion.breath(canvas.times)
    y = canvas.y + canvas.uniform(2 * MM, 20 * MM) - drift - 2 * MM * shrink
    x = canvas.x - canvas.uniform(15 * MM, 38 * MM) + 1.5 * MM * shrink
    y, x = rotate(y / 1.3, x / 1.3, canvas.uniform(turn(-30), turn(30)))
    y, x = y + canvas.smooth(6, 1.2 * MM), x + canvas.smooth(6, 1.2 * MM)
    short = _short_axis(canvas, y, x, shrink)
    tilted = rotate(y, x, canvas.uniform(turn(-60), turn(-20)))
    long = _long_axis(canvas, *tilted, shrink)
    _paint_heart(canvas, contrast, _choose(short, long, canvas.chance(0.65)), cavity)
    _shade(canvas, contrast)


def _shade(canvas: Canvas, contrast: Contrast) -> None:
    """Dark bands of a balanced sequence where the field is off, and the array's uneven gain."""
    field = (
        canvas.smooth(2, 0.5) + canvas.x * canvas.uniform(-3, 3) + canvas.y * canvas.uniform(-3, 3)
    )
    off = (field % 1.0 - 0.5) / 0.07
    bands = contrast.is_one_of("balanced") * canvas.chance(0.35) * 0.8 * torch.exp(-off.square())
    away = length(canvas.y, canvas.x)
    gain = canvas.smooth(3, 0.18) + canvas.uniform(0.0, 6.0) * (away - 0.06) - bands
    canvas.modulate(gain + canvas.rough(1.4, 0.02))
