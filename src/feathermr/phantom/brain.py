"""Axial slices of the head from the orbits to the vertex, in the usual contrasts."""

import math

import torch
from torch import Tensor
from torch.nn.functional import grid_sample

from feathermr.phantom.canvas import OVERSAMPLING, Canvas, turn
from feathermr.phantom.contrast import Contrast
from feathermr.phantom.fields import band_noise
from feathermr.phantom.shapes import Number, disc, ellipse, hide, length, tube, union

FIELD_OF_VIEW = (0.230, 0.196)
SEQUENCES = {
    "t1 spin echo": 1.0,
    "t2 spin echo": 1.5,
    "proton density": 0.5,
    "flair": 1.2,
    "inversion recovery": 1.3,
    "spoiled echo": 0.6,
}
FAT_SUPPRESSED = 0.2
MM = 1e-3


def _folded_field(canvas: Canvas, depth: Tensor, period: float) -> Tensor:
    """Noise that oscillates around each hemisphere and persists into its depth.

    A periodic tile is wrapped around the hemispheres' centers; its zero contours run from the
    surface inwards, as sulci do.
    """
    tile = band_noise(canvas.batch, (64, 256), 256 * period / (280 * MM), canvas.generator, 0.3)
    tile = torch.cat([tile, tile[..., :1]], -1)
    angle = torch.atan2(0.62 * canvas.y, canvas.x.abs() - 34 * MM) / math.pi
    angle = (angle + canvas.smooth(8, 0.04) + 1) % 2 - 1
    row = (depth / (70 * MM)).clamp(0, 1) * 0.9 + 0.05
    row = torch.where(canvas.x > 0, row, -row)
    grid = torch.stack([angle, row], -1)[:, 0]
    return grid_sample(tile, grid, mode="bilinear", align_corners=True)


def _distance_to_zero(field: Tensor, pixel: Number) -> Tensor:
    """First-order distance to the zero contour, ``|f| / |grad f|``, limited where it is flat."""
    dy, dx = torch.gradient(field, dim=(-2, -1))
    slope = length(dy, dx)
    floor = 0.35 * slope.mean((-2, -1), keepdim=True)
    return field.abs() / slope.clamp_min(floor) * pixel


def _head(canvas: Canvas, contrast: Contrast, level: Tensor) -> Tensor:
    """Paint scalp and skull; the distance to the brain's envelope is returned."""
    y, x = canvas.y, canvas.x
    top = 1 - 0.32 * ((level - 0.7).clamp_min(0) / 0.3) ** 2
    head = ellipse(y, x, (0.0, 0.0), (96 * MM * top, 75 * MM * top)) + canvas.smooth(5, 1.2 * MM)
    face = ellipse(y, x, (-58 * MM, 0.0), (41 * MM, 62 * MM)) + canvas.smooth(8, 2 * MM)
    face = hide(face, (level < 0.12).float())
    canvas.paint(face, contrast["skin"])
    canvas.paint(face + 2 * MM, contrast["fat"])
    canvas.paint(face + 8 * MM + canvas.folds(14 * MM) * 2 * MM, contrast["muscle"])
    scalp = 5 * MM + canvas.smooth(7, 1.2 * MM) + canvas.uniform(-1.5 * MM, 2 * MM)
    skull = 6 * MM + canvas.smooth(6, 1.0 * MM) + canvas.uniform(-1 * MM, 1.5 * MM)
    canvas.paint(head, contrast["skin"])
    canvas.paint(head + 1.8 * MM, contrast["fat"])
    temporal = (x.abs() - 52 * MM).abs() - 16 * MM
    muscle = torch.maximum(head + 3 * MM, temporal) + 1.0 * (level > 0.55)
    canvas.paint(torch.maximum(muscle, (y + 12 * MM).abs() - 34 * MM), contrast["muscle"])
    canvas.paint(head + scalp, contrast["bone"])
    diploe = torch.maximum(head + scalp + 1.8 * MM, -(head + scalp + skull - 1.8 * MM))
    canvas.paint(diploe, contrast["marrow"] * (1 + canvas.rough(1.0, 0.15)))
    return head + scalp + skull


def _ventricles(canvas: Canvas, level: Tensor) -> Tensor:
    """Lateral and third ventricles: horns at the middle levels, two bodies above, else nothing."""
    y, x, width = canvas.y, canvas.x.abs(), canvas.uniform(0.6, 1.6)
    horns = union(
        tube(
            y,
            x,
            [(-31 * MM, 13 * MM), (-18 * MM, 7 * MM), (-4 * MM, 3.5 * MM)],
            [3.5 * MM * width, 4 * MM * width, 1.2 * MM * width],
        ),
        tube(
            y,
            x,
            [(20 * MM, 17 * MM), (32 * MM, 24 * MM), (48 * MM, 26 * MM)],
            [1.5 * MM * width, 5.5 * MM * width, 1.5 * MM * width],
        ),
        ellipse(y, x, (6 * MM, 0.0), (12 * MM, 1.3 * MM * width)),
    )
    bodies = tube(
        y,
        x,
        [
            (-30 * MM, 13 * MM),
            (-16 * MM, 9 * MM),
            (0.0, 8 * MM),
            (14 * MM, 10.5 * MM),
            (25 * MM, 15 * MM),
            (34 * MM, 21 * MM),
        ],
        [radius * MM * width for radius in (2.0, 3.5, 3.5, 4.0, 5.0, 2.5)],
    )
    horns, bodies = (shape + canvas.smooth(14, 0.5 * MM) for shape in (horns, bodies))
    middle = ((level > 0.20) & (level < 0.58)).float()
    upper = ((level >= 0.58) & (level < 0.76)).float()
    return union(hide(horns, middle), hide(bodies, upper))


def _sulci(canvas: Canvas, depth: Tensor, level: Tensor) -> tuple[Tensor, Tensor]:
    """Distance to the nearest sulcus (beyond its floor it grows quickly) and its half width."""
    y, x = canvas.y, canvas.x
    around = length(0.62 * y, x.abs() - 34 * MM) + canvas.smooth(8, 4 * MM)
    ordered = ((around - 12 * MM) / (14 * MM)).clamp(0, 1)
    field = ordered * _folded_field(canvas, depth, 27 * MM)
    field = field + (1.2 - 0.65 * ordered) * canvas.folds(24 * MM)
    pixel = canvas.pixel * OVERSAMPLING
    reach = 19 * MM + canvas.smooth(10, 6 * MM)
    distance = _distance_to_zero(field, pixel) + (depth - reach).clamp_min(0.0)
    sylvian = union(
        tube(y, x.abs(), [(2 * MM, 70 * MM), (-6 * MM, 44 * MM)], [0.0, 0.0]),
        tube(y, x.abs(), [(-20 * MM, 40 * MM), (0.0, 43 * MM), (17 * MM, 38 * MM)], [0.0] * 3),
    )
    sylvian = sylvian + canvas.smooth(12, 1.5 * MM).abs()
    distance = torch.minimum(distance, hide(sylvian, (level < 0.6).float()))
    opening = canvas.uniform(0.3 * MM, 0.9 * MM)
    return distance, opening + (0.8 * MM + opening) * torch.exp(-depth.clamp_min(0) / (5 * MM))


def _cerebrum(canvas: Canvas, contrast: Contrast, envelope: Tensor, level: Tensor) -> None:
    """Paint fluid, white matter, cortex, deep nuclei and ventricles."""
    y, x = canvas.y, canvas.x
    bridge = (30 * MM - (y - 2 * MM).abs()).clamp_min(0.0) * ((level > 0.2) & (level < 0.75))
    gap = canvas.uniform(0.3 * MM, 1.0 * MM)
    fissure = x.abs() + 3 * bridge - gap
    pia = canvas.uniform(1.0 * MM, 3.0 * MM) + canvas.smooth(8, 0.6 * MM)
    depth = torch.minimum(-envelope - pia, fissure)
    distance, opening = _sulci(canvas, depth, level)
    thickness = 2.6 * MM + canvas.smooth(14, 0.3 * MM)
    canvas.paint(envelope, contrast["cerebrospinal fluid"])
    canvas.paint(torch.maximum(-depth, opening - distance), contrast["gray matter"])
    white = torch.maximum(thickness - depth, opening + thickness - distance)
    canvas.paint(white, contrast["white matter"], blur=1.5)
    middle = ((level > 0.20) & (level < 0.58)).float()
    nuclei = union(
        ellipse(y, x.abs(), (-19 * MM, 14 * MM), (9 * MM, 5 * MM), turn(-20)),
        ellipse(y, x.abs(), (7 * MM, 11 * MM), (13 * MM, 8.5 * MM), turn(20)),
        ellipse(y, x.abs(), (-5 * MM, 27 * MM), (16 * MM, 5.5 * MM), turn(12)),
    )
    nuclei = nuclei + canvas.smooth(14, 0.6 * MM)
    canvas.paint(hide(nuclei, middle), contrast["deep gray"], blur=2.5)
    canvas.paint(_ventricles(canvas, level), contrast["cerebrospinal fluid"])


def _hindbrain(canvas: Canvas, contrast: Contrast, envelope: Tensor, level: Tensor) -> None:
    """Paint cerebellum with its folia, brain stem, cisterns and eyes of the lowest slices."""
    y, x = canvas.y, canvas.x
    low = (level < 0.2).float()
    cerebellum = ellipse(y, x, (50 * MM, 0.0), (30 * MM, 50 * MM)) + canvas.smooth(6, 1.5 * MM)
    cerebellum = hide(torch.maximum(cerebellum, envelope + 3 * MM), low)
    canvas.paint(cerebellum - 2.5 * MM, contrast["cerebrospinal fluid"])
    canvas.paint(cerebellum, contrast["gray matter"])
    radius = length(y - 30 * MM, x * 0.8)
    folia = torch.sin(2 * math.pi * radius / (4.2 * MM) + canvas.smooth(14, 1.6))
    lobules = canvas.folds(13 * MM) * 3 * MM + (cerebellum + 13 * MM)
    furrows = 0.5 * (contrast["cerebrospinal fluid"] + contrast["gray matter"])
    canvas.paint(torch.maximum(cerebellum + MM, (0.55 - folia) * MM), furrows)
    canvas.paint(torch.maximum(cerebellum + 3 * MM, lobules), contrast["white matter"], blur=2.0)
    stem = ellipse(y, x, (10 * MM, 0.0), (14 * MM, 16 * MM)) + canvas.smooth(8, 1.2 * MM)
    canvas.paint(hide(stem - 4 * MM, low), contrast["cerebrospinal fluid"])
    canvas.paint(hide(stem, low), contrast["white matter"] * 0.8 + contrast["deep gray"] * 0.2)
    fourth = ellipse(y, x, (25 * MM, 0.0), (3.5 * MM, 6 * MM))
    canvas.paint(hide(fourth, low), contrast["cerebrospinal fluid"])


def _orbits(canvas: Canvas, contrast: Contrast, level: Tensor) -> None:
    """Paint orbital fat, eyes with lens and optic nerve, and the nasal cavity between them."""
    y, x = canvas.y, canvas.x.abs()
    eyes = (level < 0.12).float()
    cone = ellipse(y, x, (-70 * MM, 31 * MM), (22 * MM, 15 * MM), turn(-18))
    nose = ellipse(y, x, (-76 * MM, 0.0), (26 * MM, 11 * MM))
    canvas.paint(hide(nose - 2 * MM, eyes), contrast["bone"])
    canvas.paint(hide(nose, eyes), contrast["muscle"] * 0.6)
    cells = canvas.folds(9 * MM) * 2.5 * MM + MM
    canvas.paint(hide(torch.maximum(nose + 1 * MM, cells), eyes), 0.0)
    canvas.paint(hide(cone - 1.5 * MM, eyes), contrast["bone"])
    canvas.paint(hide(cone, eyes), contrast["fat"])
    nerve = tube(y, x, [(-72 * MM, 31 * MM), (-48 * MM, 22 * MM)], [2 * MM, 2 * MM])
    muscles = tube(y, x, [(-82 * MM, 42 * MM), (-50 * MM, 25 * MM)], [1.5 * MM, 2 * MM])
    canvas.paint(hide(torch.minimum(nerve, muscles), eyes), contrast["muscle"])
    canvas.paint(hide(disc(y, x, (-81 * MM, 32 * MM), 12 * MM), eyes), contrast["fluid"])
    lens = ellipse(y, x, (-90.5 * MM, 33 * MM), (2 * MM, 4.5 * MM))
    canvas.paint(hide(lens, eyes), contrast["cartilage"])


def _vessels(canvas: Canvas, contrast: Contrast, envelope: Tensor) -> None:
    """Paint the sagittal sinus and the small vessels in the fluid over the cortex."""
    y, x = canvas.y, canvas.x
    dy, dx, (here, place, size) = canvas.scatter(9 * MM, 3)
    dots = disc(dy, dx - (place - 0.5) * 4 * MM, (0.0, 0.0), 0.3 * MM + 0.7 * MM * size)
    near = (envelope + 8 * MM).abs() - 8 * MM
    dots = torch.maximum(dots, near) + (here > 0.3).float()
    canvas.paint(dots, contrast["blood"])
    sinus = torch.maximum(envelope - MM, x.abs() - 4 * MM - (envelope + MM) * 0.5)
    sinus = torch.maximum(sinus, -envelope - 7 * MM)
    sinus = torch.maximum(sinus, 40 * MM - y)
    canvas.paint(sinus, contrast["blood"])


def _lesions(canvas: Canvas, contrast: Contrast, envelope: Tensor, level: Tensor) -> None:
    """Paint spots in the white matter of some heads and a mass with edema in a few."""
    y, x = canvas.y, canvas.x
    dy, dx, (here, size, _) = canvas.scatter(16 * MM, 3)
    spots = disc(dy, dx, (0.0, 0.0), MM + 3 * MM * size) + canvas.smooth(40, 0.6 * MM)
    spots = torch.maximum(spots, envelope + 24 * MM) + (here > 0.10).float()
    canvas.paint(hide(spots, canvas.chance(0.35) * (level > 0.3)), contrast["lesion"], blur=3.0)
    center = (canvas.uniform(-45 * MM, 45 * MM), canvas.uniform(-40 * MM, 40 * MM))
    size = canvas.uniform(5 * MM, 16 * MM)
    mass = disc(y, x, center, size) + canvas.smooth(16, 2 * MM)
    mass = hide(torch.maximum(mass, envelope + 7 * MM), canvas.chance(0.10))
    edema = mass - 7 * MM + canvas.smooth(12, 4 * MM)
    edema = torch.maximum(edema, envelope + 9 * MM)
    canvas.mix(0.7 * (-edema / (3 * MM)).clamp(0, 1), contrast["lesion"])
    canvas.paint(mass, contrast["gray matter"] * (1 + canvas.rough(1.4, 0.2)))
    rim = torch.maximum(mass, -mass - 2 * MM)
    canvas.paint(hide(rim, canvas.chance(0.5)), contrast["enhanced"])
    canvas.paint(mass + 0.6 * size, contrast["lesion"])


def draw_brain(canvas: Canvas, contrast: Contrast) -> None:
    """Paint one axial slice an item, at a random height of the head."""
    level = canvas.uniform(0.0, 1.0)
    shift = (canvas.uniform(-5 * MM, 5 * MM), canvas.uniform(-5 * MM, 5 * MM))
    canvas.place(canvas.uniform(0.94, 1.14), canvas.uniform(turn(-12), turn(12)), shift)
    canvas.thicken(5.0)
    canvas.warp(4, canvas.uniform(0.5 * MM, 2.5 * MM))
    envelope = _head(canvas, contrast, level)
    _cerebrum(canvas, contrast, envelope, level)
    _hindbrain(canvas, contrast, envelope, level)
    _orbits(canvas, contrast, level)
    _vessels(canvas, contrast, envelope)
    _lesions(canvas, contrast, envelope, level)
    canvas.modulate(canvas.rough(1.4, canvas.uniform(0.01, 0.04)))
