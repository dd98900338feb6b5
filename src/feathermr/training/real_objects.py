"""Real images as the objects of simulated scans: a folder of them, split by group."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, grid_sample

from feathermr.acquisition import load
from feathermr.core.errors import DataError
from feathermr.phantom.canvas import OVERSAMPLING
from feathermr.training.splits import by_case

#: file in a folder of images that names their sources and licences, a line each
CREDITS = "credits.txt"
UNNAMED = f"real images whose sources are not named (a file {CREDITS} in their folder names them)"
#: file endings of images in a folder; ``.npz`` of the packed layout, see `_packed`
ENDINGS = (".npz", ".png", ".jpg", ".jpeg", ".nii", ".gz", ".dcm")
#: keys of a packed file
PACKED = ("data", "shapes", "offs", "group")
#: share of the groups kept apart, to validate and to test with
APART = 0.08
#: pixels of a scan in pixels of the image that is its object, at least and at most
FINEST, COARSEST = 0.95, 2.4
#: how often an image is blurred, and how often smoothed within its edges
BLURRED, DIFFUSED = 0.15, 0.25
#: places tried for a part of an image that shows something
PLACES = 4


@dataclass(frozen=True)
class RealImage:
    """One image.

    Attributes:
        pixels: magnitude (y, x), of any type and scale.
        group: the subject; images of one group are never in two parts of a split.
    """

    pixels: Tensor
    group: str


@final
class RealObjects:
    """Objects drawn from real images.

    Args:
        images: all that may be drawn.
    """

    def __init__(self, images: Sequence[RealImage]) -> None:
        self.images = images

    def __len__(self) -> int:
        """Number of images."""
        return len(self.images)

    def draw(self, shape: tuple[int, int], source: torch.Generator) -> Tensor:
        """An object (1, 1, Y, X) on the grid that is finer than the scan's, bright parts about 1.

        A random image at a random place, of random size, stretched, turned, mirrored, sometimes
        smoothed, and with another contrast: ``m^gamma``, or a curve that is not monotonic.

        Args:
            shape: of the scan (y, x).
            source: of everything random.
        """
        chosen = self.images[_integer(len(self.images), source)].pixels.float()
        image = (chosen / chosen.flatten()[::5].quantile(0.99).clamp_min(1e-6))[None, None]
        for _ in range(PLACES):
            body = _placed(image, shape, source)
            if float(body.mean()) > 0.25 * float(image.mean()):
                break
        return _recoloured(_smoothed(body.clamp_min(0), source), source)


def open_real_objects(folder: Path, seed: int) -> dict[str, RealObjects]:
    """The images of a folder for each part of a training: ``train``, ``validation``, ``test``.

    Files: ``.npz`` with the keys ``data`` (flat uint8), ``shapes`` (n, 2), ``offs`` (n) and
    ``group`` (n), or pictures, NIfTI and DICOM files, each a group of its own unless its header
    names a subject.

    Args:
        folder: its files, and those in its folders, are read.
        seed: of the split.

    Raises:
        DataError: no folder, no image, or one that cannot be read.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} is no folder of images; give one with npz, PNG, NIfTI or DICOM")
    images = [
        image
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in ENDINGS and path.name[0] not in "._"
        for image in _read(path, folder)
    ]
    if len({image.group for image in images}) < 3:
        raise DataError(
            f"{folder} holds images of {len({image.group for image in images})} group(s); at least "
            "three are needed, to train, to validate and to test with"
        )
    split = by_case(
        sorted({image.group for image in images}), validation=APART, test=APART, seed=seed
    )
    return {
        name: RealObjects([image for image in images if image.group in set(groups)])
        for name, groups in (
            ("train", split.train),
            ("validation", split.validation),
            ("test", split.test),
        )
    }


def credits_of(folder: Path) -> tuple[str, ...]:
    """Sources and licences of the images in a folder, a line each, from its ``credits.txt``."""
    try:
        lines = (folder / CREDITS).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return (UNNAMED,)
    return tuple(line.strip() for line in lines if line.strip()) or (UNNAMED,)


def _read(path: Path, folder: Path) -> list[RealImage]:
    """The images of a file."""
    if path.suffix == ".npz":
        return _packed(path)
    scan = load(path)
    if scan.reference is None:
        raise DataError(f"{path} holds no images; take it out of the folder")
    group = scan.header.subject or path.relative_to(folder).as_posix()
    return [RealImage(one.abs(), group) for one in scan.reference.flatten(0, 1)]


def _packed(path: Path) -> list[RealImage]:
    """The images of a packed file, as bytes."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            data, shapes, starts, groups = (stored[key] for key in PACKED)
    except (OSError, ValueError, KeyError) as error:
        raise DataError(
            f"{path} is no packed file of images (keys {', '.join(PACKED)}): {error}"
        ) from None
    if not len(shapes) == len(starts) == len(groups) or shapes.ndim != 2:
        raise DataError(f"{path}: shapes, offs and group must have one row an image")
    if len(starts) and int((starts + shapes.prod(1)).max()) > data.size:
        raise DataError(f"{path}: data ends before its last image does")
    return [
        RealImage(
            torch.from_numpy(data[start : start + height * width].reshape(height, width)),
            f"{path.stem}/{group}",
        )
        for (height, width), start, group in zip(shapes, starts, groups, strict=True)
    ]


def _placed(image: Tensor, shape: tuple[int, int], source: torch.Generator) -> Tensor:
    """A part of an image (1, 1, y, x) on the finer grid of a scan."""
    height, width = image.shape[-2:]
    pixel = math.exp(_between(math.log(FINEST), math.log(COARSEST), source))
    stretch = math.exp(_between(-0.25, 0.25, source)) if _uniform(source) < 0.5 else 1.0
    turn = _between(-0.35, 0.35, source) if _uniform(source) < 0.3 else 0.0
    turn += math.pi / 2 * _integer(4, source)
    flip = 1.0 if _uniform(source) < 0.5 else -1.0
    fine = (shape[0] * OVERSAMPLING, shape[1] * OVERSAMPLING)
    step_y, step_x = pixel * stretch / OVERSAMPLING, pixel / stretch / OVERSAMPLING
    y = (torch.arange(fine[0]) - fine[0] / 2)[:, None] * step_y
    x = (torch.arange(fine[1]) - fine[1] / 2)[None, :] * step_x * flip
    down = math.cos(turn) * y - math.sin(turn) * x
    right = math.sin(turn) * y + math.cos(turn) * x
    room = [
        max(0.0, size - 0.8 * float(field.max() - field.min()))
        for size, field in ((height, down), (width, right))
    ]
    down = down + _between(-0.5, 0.5, source) * room[0]
    right = right + _between(-0.5, 0.5, source) * room[1]
    grid = torch.stack([2 * right / width, 2 * down / height], -1)[None]
    return grid_sample(image, grid, mode="bicubic", padding_mode="zeros", align_corners=False)


def _smoothed(body: Tensor, source: torch.Generator) -> Tensor:
    """The body as another scanner may have shown it: blurred, or without texture within edges.

    The images that there are have their own noise, of which a network would learn that all tissue
    is rough.
    """
    choice = _uniform(source)
    if choice < BLURRED:
        width = 3 + 2 * _integer(3, source)
        return avg_pool2d(body, width, 1, width // 2)
    if choice < BLURRED + DIFFUSED:
        edge = _between(0.02, 0.15, source)
        return diffused(body, edge, 8 + _integer(32, source))
    return body


def diffused(image: Tensor, edge: float, steps: int) -> Tensor:
    """``m + 0.2 div(g grad m)`` again and again, ``g = 1 / (1 + (|grad m| / edge)^2)``.

    Texture flows away and edges stay: Perona and Malik 1990, doi:10.1109/34.56205.

    Args:
        image: (..., y, x).
        edge: difference of neighbours from which they lie on two sides of an edge.
        steps: how often.
    """
    for _ in range(steps):
        change = torch.zeros_like(image)
        for axis in (-2, -1):
            step = image.diff(dim=axis)
            flow = step / (1 + (step / edge).square())
            size = image.shape[axis] - 1
            change.narrow(axis, 0, size).add_(flow)
            change.narrow(axis, 1, size).sub_(flow)
        image = image + 0.2 * change
    return image


def _recoloured(body: Tensor, source: torch.Generator) -> Tensor:
    """The body with another contrast."""
    if _uniform(source) < 0.15:
        level, strength = _between(0.2, 0.8, source), _between(0.3, 1.2, source)
        body = body * (1 - strength * torch.exp(-(((body - level) / 0.25) ** 2))).abs()
    gamma = math.exp(_between(-0.4, 0.4, source)) if _uniform(source) < 0.6 else 1.0
    return body**gamma if gamma != 1.0 else body


def _uniform(source: torch.Generator) -> float:
    return float(torch.rand((), generator=source))


def _between(low: float, high: float, source: torch.Generator) -> float:
    return low + (high - low) * _uniform(source)


def _integer(count: int, source: torch.Generator) -> int:
    return int(torch.randint(count, (), generator=source))
