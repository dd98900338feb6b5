"""The knee in sagittal, coronal and axial slices."""

import math
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from feathermr.phantom.canvas import Canvas, turn
from feathermr.phantom.contrast import Contrast
from feathermr.phantom.shapes import blend, box, disc, ellipse, hide, tube, union

FIELD_OF_VIEW = (0.155, 0.150)
SEQUENCES = {"proton density": 4.0, "t1 spin echo": 1.0, "t2 spin echo": 1.5, "spoiled echo": 0.5}
FAT_SUPPRESSED = 0.5
MM = 1e-3


@dataclass(frozen=True)
class _Joint:
    """Signed distances (batch, 1, y, x) in metres of one view.

    Attributes:
        outline: the leg's skin.
        muscles: muscle bellies, separated by fat.
        femur: the thigh bone, including its cortical shell.
        tibia: the shin bone (the fibula with it).
        patella: the knee cap.
        bearing: where a bone's surface carries cartilage.
        menisci: the two discs of fibrous cartilage, wedges in section.
        cords: tendons and ligaments.
        vessels: artery and vein behind the joint.
        pad: the fat pad behind the patellar tendon.
        fluid: the joint space.
    """

    outline: Tensor
    muscles: Tensor
    femur: Tensor
    tibia: Tensor
    patella: Tensor
    bearing: Tensor
    menisci: Tensor
    cords: Tensor
    vessels: Tensor
    pad: Tensor
    fluid: Tensor


def _wedges(femur: Tensor, tibia: Tensor, inner: Tensor, outer: Tensor, gap: float) -> Tensor:
    """What lies between both bones' cartilage from ``inner`` to ``outer``: wider outwards."""
    between = torch.maximum(gap - femur, gap - tibia)
    between = torch.maximum(between, femur + tibia - 11 * MM)
    return torch.maximum(torch.maximum(between, inner), outer)


def _sagittal(canvas: Canvas) -> _Joint:
    """Seen from the side: the front is to the left."""
    y, x = canvas.y, canvas.x
    bend = canvas.uniform(-0.12, 0.30)
    thigh_x = -4 * MM + bend * (y + 20 * MM).clamp_max(0.0)
    shaft = tube(y, x - thigh_x, [(-0.13, -9 * MM), (-42 * MM, -8 * MM)], [14 * MM, 17 * MM])
    condyle = ellipse(y, x, (-21 * MM, 2 * MM), (23 * MM, 29 * MM), 0.25)
    femur = blend(shaft, condyle, 12 * MM)
    plateau = box(y, x, (18 * MM, 0.0), (14 * MM, 27 * MM), 8 * MM)
    tibia = blend(
        plateau,
        tube(y, x, [(24 * MM, -6 * MM), (0.13, -4 * MM)], [19 * MM, 12 * MM]),
        14 * MM,
    )
    fibula = tube(y, x, [(30 * MM, 34 * MM), (0.13, 30 * MM)], [7 * MM, 5 * MM])
    tibia = torch.minimum(tibia, hide(fibula, canvas.chance(0.3)))
    patella = ellipse(y, x, (-30 * MM, -43 * MM), (20 * MM, 9.5 * MM), 0.12)
    tendon = tube(
        y,
        x - thigh_x.clamp_max(0.0) * 0.6,
        [(-0.13, -36 * MM), (-46 * MM, -47 * MM), (-14 * MM, -50 * MM), (42 * MM, -30 * MM)],
        [3.5 * MM, 3.2 * MM, 2.2 * MM, 2.6 * MM],
    )
    cruciate = union(
        tube(y, x, [(-14 * MM, 12 * MM), (6 * MM, -12 * MM)], [2.5 * MM, 3 * MM]),
        tube(
            y,
            x,
            [(-12 * MM, -4 * MM), (-5 * MM, 14 * MM), (16 * MM, 25 * MM)],
            [3 * MM, 3 * MM, 2.5 * MM],
        ),
    )
    half = 57 * MM + 0.09 * (y + 10 * MM).abs() + canvas.smooth(4, 2 * MM)
    return _Joint(
        outline=(x - 0.4 * thigh_x).abs() - half,
        muscles=_sagittal_muscles(y, x),
        femur=femur,
        tibia=tibia,
        patella=patella,
        bearing=torch.maximum(y - 9 * MM, -y - 46 * MM),
        menisci=_wedges(femur, tibia, 10 * MM - x.abs(), x.abs() - 25 * MM, 2.4 * MM),
        cords=torch.minimum(tendon, hide(cruciate, canvas.chance(0.5))),
        vessels=tube(y, x, [(-0.13, 37 * MM), (0.0, 40 * MM), (0.13, 33 * MM)], [3 * MM] * 3),
        pad=ellipse(y, x, (0.0, -34 * MM), (24 * MM, 15 * MM), 0.3),
        fluid=ellipse(y, x, (-52 * MM, -34 * MM), (20 * MM, 4 * MM), 0.25),
    )


def _sagittal_muscles(y: Tensor, x: Tensor) -> Tensor:
    """Thigh and calf seen from the side."""
    return union(
        ellipse(y, x, (-95 * MM, -27 * MM), (52 * MM, 9 * MM)),
        ellipse(y, x, (-88 * MM, 26 * MM), (56 * MM, 13 * MM), -0.1),
        ellipse(y, x, (-80 * MM, 46 * MM), (60 * MM, 9 * MM), -0.06),
        ellipse(y, x, (34 * MM, 46 * MM), (62 * MM, 11 * MM), 0.12),
        ellipse(y, x, (82 * MM, 25 * MM), (52 * MM, 11 * MM)),
    )


def _coronal(canvas: Canvas) -> _Joint:
    """Seen from the front."""
    y, x = canvas.y, canvas.x
    condyles = ellipse(y, x.abs(), (-19 * MM, 20.5 * MM), (20 * MM, 19.5 * MM))
    femur = blend(
        condyles, tube(y, x, [(-0.13, 0.0), (-44 * MM, 0.0)], [14 * MM, 20 * MM]), 18 * MM
    )
    spines = ellipse(y, x.abs(), (9 * MM, 5 * MM), (7 * MM, 4 * MM))
    plateau = box(y, x, (18 * MM, 0.0), (13 * MM, 38 * MM), 6 * MM)
    tibia = blend(plateau, tube(y, x, [(26 * MM, 0.0), (0.13, 0.0)], [24 * MM, 12 * MM]), 16 * MM)
    tibia = torch.minimum(tibia, spines)
    fibula = tube(y, x, [(34 * MM, 38 * MM), (0.13, 32 * MM)], [8 * MM, 5 * MM])
    collateral = tube(
        y, x.abs(), [(-32 * MM, 41 * MM), (0.0, 43 * MM), (40 * MM, 36 * MM)], [1.4 * MM] * 3
    )
    cruciate = union(
        tube(y, x, [(-20 * MM, 8 * MM), (6 * MM, -4 * MM)], [3 * MM, 3 * MM]),
        disc(y, x, (-14 * MM, -6 * MM), 4.5 * MM),
    )
    muscles = union(
        ellipse(y, x.abs(), (-92 * MM, 38 * MM), (58 * MM, 20 * MM), 0.12),
        ellipse(y, x.abs(), (88 * MM, 42 * MM), (54 * MM, 15 * MM), -0.1),
    )
    half = 58 * MM + 0.10 * (y + 5 * MM).abs() + canvas.smooth(4, 2 * MM)
    far = torch.ones_like(femur)
    return _Joint(
        outline=x.abs() - half,
        muscles=muscles,
        femur=femur,
        tibia=torch.minimum(tibia, fibula),
        patella=far,
        bearing=torch.maximum(y - 9 * MM, torch.maximum(-y - 20 * MM, x.abs() - 38 * MM)),
        menisci=_wedges(femur, tibia, 24 * MM - x.abs(), x.abs() - 40 * MM, 2.4 * MM),
        cords=torch.minimum(collateral, cruciate),
        vessels=disc(y, x.abs(), (-60 * MM, 27 * MM), 1.8 * MM),
        pad=far,
        fluid=ellipse(y, x, (-4 * MM, 0.0), (7 * MM, 11 * MM)),
    )


def _axial(canvas: Canvas) -> _Joint:
    """A cross-section at the height of the patella: the front is up."""
    y, x = canvas.y, canvas.x
    femur = blend(
        ellipse(y, x.abs(), (4 * MM, 21 * MM), (27 * MM, 18 * MM), 0.15),
        ellipse(y, x, (-6 * MM, 0.0), (14 * MM, 26 * MM)),
        14 * MM,
    )
    patella = ellipse(y, x, (-40 * MM, 0.0), (9.5 * MM, 23 * MM))
    patella = blend(patella, ellipse(y, x, (-33 * MM, 2 * MM), (7 * MM, 8 * MM)), 8 * MM)
    retinacula = tube(
        y, x.abs(), [(-41 * MM, 22 * MM), (-22 * MM, 40 * MM), (10 * MM, 43 * MM)], [1.2 * MM] * 3
    )
    muscles = union(
        ellipse(y, x.abs(), (34 * MM, 36 * MM), (15 * MM, 11 * MM), 0.5),
        ellipse(y, x.abs(), (40 * MM, 15 * MM), (9 * MM, 8 * MM)),
        ellipse(y, x, (10 * MM, -47 * MM), (18 * MM, 7 * MM), 0.1),
    )
    far = torch.ones_like(femur)
    return _Joint(
        outline=ellipse(y, x, (0.0, 0.0), (62 * MM, 60 * MM)) + canvas.smooth(5, 2 * MM),
        muscles=muscles,
        femur=femur,
        tibia=far,
        patella=patella,
        bearing=torch.maximum(y + 8 * MM, -y - 41 * MM),
        menisci=far,
        cords=torch.minimum(retinacula, disc(y, x.abs(), (24 * MM, 44 * MM), 2.5 * MM)),
        vessels=torch.minimum(
            disc(y, x, (38 * MM, -1 * MM), 4 * MM), disc(y, x, (46 * MM, 3 * MM), 4.5 * MM)
        ),
        pad=far,
        fluid=torch.maximum(ellipse(y, x, (-24 * MM, 0.0), (8 * MM, 30 * MM)), 1 * MM - femur),
    )


def _choose(views: tuple[_Joint, ...], which: Tensor) -> _Joint:
    """The view of index ``which`` for each item."""
    chosen = views[0]
    for index, view in enumerate(views[1:], start=1):
        chosen = _Joint(
            *(
                torch.where(which == index, getattr(view, f.name), getattr(chosen, f.name))
                for f in fields(_Joint)
            )
        )
    return chosen


def _soft_tissue(canvas: Canvas, contrast: Contrast, joint: _Joint) -> None:
    """Paint skin, fat with septa and vessels, muscles with fibres, fat pad, vessels, fluid."""
    rim = canvas.uniform(3 * MM, 9 * MM) + canvas.smooth(6, 1.2 * MM)
    canvas.paint(joint.outline, contrast["skin"])
    septa = (canvas.folds(8 * MM).abs() * 3).clamp_max(1.0)
    fat = contrast["fat"] * (0.80 + 0.20 * septa)
    canvas.paint(joint.outline + 1.5 * MM, fat)
    fascia = (joint.outline + rim).abs() - 0.45 * MM
    canvas.paint(fascia, contrast["tendon"])
    muscles = torch.maximum(joint.muscles + canvas.smooth(8, 1.5 * MM), joint.outline + rim + MM)
    angle = math.pi / 2 + canvas.smooth(3, 0.3)
    along = canvas.y * torch.cos(angle) + canvas.x * torch.sin(angle)
    fibres = torch.sin(along * 2 * math.pi / (2.6 * MM) + canvas.smooth(20, 2.5))
    strands = (canvas.folds(11 * MM).abs() * 6).clamp_max(1.0)
    signal = contrast["muscle"] * (1 + 0.07 * fibres) * strands + (1 - strands) * fat * 0.6
    canvas.paint(muscles, signal, blur=1.5)
    canvas.paint(joint.pad, fat)
    canvas.paint(joint.vessels - 0.8 * MM, contrast["tendon"])
    canvas.paint(joint.vessels, contrast["blood"])
    dy, dx, (here, size, value) = canvas.scatter(10 * MM, 3)
    dots = disc(dy, dx, ((size - 0.5) * 5 * MM, (value - 0.5) * 5 * MM), 0.3 * MM + 0.6 * MM * size)
    dots = torch.maximum(dots, joint.outline + 2 * MM) + (here > 0.3).float()
    canvas.paint(dots, contrast["blood"])
    swollen = canvas.chance(0.6)
    fluid = joint.fluid + canvas.smooth(14, 1.5 * MM) + canvas.uniform(-1.5 * MM, 2 * MM)
    canvas.paint(hide(fluid, swollen), contrast["fluid"])


def _bones(canvas: Canvas, contrast: Contrast, joint: _Joint) -> None:
    """Paint cartilage, cortical shells, marrow with trabeculae, menisci, tendons and lesions."""
    bones = union(joint.femur, joint.tibia, joint.patella) + canvas.smooth(16, 0.35 * MM)
    thickness = canvas.uniform(1.6 * MM, 2.8 * MM) + canvas.smooth(12, 0.5 * MM)
    space = torch.maximum(bones - thickness - 0.8 * MM, joint.bearing)
    canvas.paint(space, contrast["fluid"] * 0.8)
    canvas.paint(torch.maximum(bones - thickness, joint.bearing), contrast["cartilage"])
    canvas.paint(joint.menisci, contrast["meniscus"])
    tear = torch.maximum(joint.menisci + 0.6 * MM, canvas.folds(9 * MM).abs() * 3 * MM - 0.4 * MM)
    canvas.paint(hide(tear, canvas.chance(0.3)), contrast["fluid"] * 0.8)
    streaks = 1 + canvas.rough(1.0, 0.25)
    canvas.paint(joint.cords, contrast["tendon"] * streaks.clamp_min(0.2))
    canvas.paint(bones, contrast["bone"])
    shell = canvas.uniform(0.7 * MM, 1.2 * MM) + (canvas.y.abs() - 35 * MM).clamp_min(0) * 0.05
    trabeculae = 1 + canvas.rough(1.0, 0.07) + canvas.rough(2.2, 0.06)
    hematopoietic = canvas.smooth(6).clamp(0, 1) * canvas.uniform(0, 0.8)
    marrow = torch.lerp(contrast["marrow"] * trabeculae, contrast["red marrow"], hematopoietic)
    canvas.paint(bones + shell, marrow)
    plate = (canvas.y + 36 * MM + canvas.smooth(6, 1.5 * MM)).abs() - 0.5 * MM
    canvas.paint(hide(torch.maximum(plate, bones + 2 * MM), canvas.chance(0.5)), contrast["bone"])
    spot = disc(
        canvas.y,
        canvas.x,
        (canvas.uniform(-25 * MM, 25 * MM), canvas.uniform(-25 * MM, 25 * MM)),
        canvas.uniform(2 * MM, 12 * MM),
    )
    bruise = torch.maximum(spot + canvas.smooth(12, 3 * MM), bones + 1.2 * MM)
    soft = 0.7 * (-hide(bruise, canvas.chance(0.35)) / (4 * MM)).clamp(0, 1)
    canvas.mix(soft, contrast["lesion"])


def draw_knee(canvas: Canvas, contrast: Contrast) -> None:
    """Paint one slice an item: half of them sagittal, the rest coronal or axial."""
    shift = (canvas.uniform(-6 * MM, 6 * MM), canvas.uniform(-5 * MM, 5 * MM))
    canvas.place(canvas.uniform(0.92, 1.15), canvas.uniform(turn(-10), turn(10)), shift)
    canvas.thicken()
    canvas.x = canvas.x * (1 - 2 * canvas.chance(0.5))
    canvas.warp(4, canvas.uniform(0.5 * MM, 2.0 * MM))
    which = (canvas.uniform(-1.0, 3.0).clamp_min(0.0)).floor()
    joint = _choose((_sagittal(canvas), _coronal(canvas), _axial(canvas)), which)
    _soft_tissue(canvas, contrast, joint)
    _bones(canvas, contrast, joint)
    gain = canvas.smooth(2, 0.12) + canvas.rough(1.4, 0.02)
    canvas.modulate(gain)
