"""Folders of pictures: which there are, of what kind, and the grey image of each.

Three layouts are recognised: folders ``Training`` and ``Testing``, or none of them, with one folder
a kind; one flat folder, perhaps within another as ``NAME_HR``; and pairs, ``HR`` beside
``LR_bicubic/X2`` with names that end in ``x2``.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from feathermr.acquisition.pictures import DEEP_MODES
from feathermr.core.errors import DataError

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp")
FORMATS = ("PNG", "JPEG", "BMP")
#: names of the parts in which public sets come
PARTS = {"training": "train", "train": "train", "testing": "test", "test": "test"}
#: how names of the folders of a pair end
FINE, COARSE = "hr", "lr_bicubic"
#: white of sixteen and of eight bits
DEEP_WHITE, WHITE = 65535.0, 255.0


@dataclass(frozen=True)
class Picture:
    """A file.

    Attributes:
        path: where it lies.
        name: its path within the folder, with slashes.
        kind: name of the folder of its kind; empty where there is one kind only.
        low: the given picture of low resolution.
    """

    path: Path
    name: str
    kind: str = ""
    low: Path | None = None


@dataclass(frozen=True)
class FoundPictures:
    """The pictures of a folder, no two the same.

    Attributes:
        train: to train with, and to be split.
        test: of the folder's own part for it.
        notes: sentences on what was left out.
    """

    train: tuple[Picture, ...]
    test: tuple[Picture, ...] = ()
    notes: tuple[str, ...] = ()


def find_pictures(folder: Path, scale: int = 0) -> FoundPictures:
    """List the pictures of a folder; none is read, but of equally long ones the bytes.

    Args:
        folder: in one of the layouts.
        scale: of given pictures of low resolution, where the folder has some; 0 for none of them.

    Raises:
        DataError: no such folder, no pictures, or one of a pair is missing.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} is no folder; give one that holds pictures")
    parts: dict[str, list[Picture]] = {"train": [], "test": []}
    for inner in _folders(folder):
        if inner.name.lower() in PARTS:
            parts[PARTS[inner.name.lower()]] += _kinds(inner, folder)
    if not any(parts.values()):
        parts["train"] = _pairs(folder, scale) or _kinds(folder, folder)
    if not any(parts.values()):
        raise DataError(
            f"{folder} holds no pictures ({', '.join(SUFFIXES)}), neither itself nor in folders "
            "of kinds such as glioma, within Training and Testing or without, nor in HR"
        )
    if not parts["train"]:  # the part for the test alone is as good as any
        parts = {"train": parts["test"], "test": []}
    test, train = _distinct([parts["test"], parts["train"]])
    copies = len(parts["train"]) + len(parts["test"]) - len(train) - len(test)
    notes = (f"{copies} picture(s) left out that are copies of others",) if copies else ()
    return FoundPictures(train, test, notes)


def read_luminance(path: Path, least: int = 16) -> Tensor:
    """The luminance (y, x) of a picture, from 0 for black to 1 for white.

    ``Y = 0.299 R + 0.587 G + 0.114 B`` (ITU-R BT.601) in full range, rounded to the picture's own
    levels; grey pictures are taken as they are, those of sixteen bits too.

    Args:
        path: the file.
        least: pixels along the shorter side.

    Raises:
        DataError: the file cannot be read, is too small or shows nothing.
    """
    try:
        with Image.open(path, formats=FORMATS) as picture:
            deep = picture.mode in DEEP_MODES
            grey = np.array(picture if deep else picture.convert("L"), dtype=np.float32)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise DataError(f"cannot read the picture {path}: {reason}") from None
    if min(grey.shape) < least:
        raise DataError(
            f"the picture {path} has {grey.shape[0]} x {grey.shape[1]} pixels; at least "
            f"{least} x {least} are needed"
        )
    if grey.max() <= 0:
        raise DataError(f"the picture {path} is black everywhere; take it out of the folder")
    return torch.from_numpy(grey / (DEEP_WHITE if deep else WHITE))


def _folders(folder: Path) -> list[Path]:
    return sorted(one for one in folder.iterdir() if one.is_dir() and one.name[0] not in "._")


def _files(folder: Path) -> list[Path]:
    return sorted(
        one for one in folder.iterdir() if one.suffix.lower() in SUFFIXES and one.name[0] != "."
    )


def _kinds(folder: Path, root: Path) -> list[Picture]:
    """Pictures of a folder itself, or else of the folders in it, each a kind."""

    def listed(inner: Path, kind: str) -> list[Picture]:
        return [Picture(one, one.relative_to(root).as_posix(), kind) for one in _files(inner)]

    own = listed(folder, "")
    return own or [one for inner in _folders(folder) for one in listed(inner, inner.name)]


def _pairs(folder: Path, scale: int) -> list[Picture]:
    """Pictures in folders of high resolution, with those of low resolution beside them."""
    found = []
    for fine in _folders(folder):
        if fine.name.lower() != FINE and not fine.name.lower().endswith(f"_{FINE}"):
            continue
        coarse = fine.name.lower().removesuffix(FINE) + COARSE
        beside = next((one for one in _folders(folder) if one.name.lower() == coarse), None)
        inner = None if beside is None else beside / f"X{scale}"
        lows = {one.stem: one for one in _files(inner)} if inner and inner.is_dir() else {}
        for path in _files(fine):
            low = lows.get(f"{path.stem}x{scale}", lows.get(path.stem))
            if lows and low is None:
                raise DataError(f"{path} has no picture of low resolution in {inner}")
            found.append(Picture(path, path.relative_to(folder).as_posix(), low=low))
    return found


def _distinct(parts: Sequence[Sequence[Picture]]) -> list[tuple[Picture, ...]]:
    """Those whose bytes did not come before; only files as long as another are read."""
    sizes = [[one.path.stat().st_size for one in part] for part in parts]
    lengths = Counter(chain.from_iterable(sizes))
    seen: set[bytes] = set()
    kept: list[list[Picture]] = [[] for _ in parts]
    for pictures, own, result in zip(parts, sizes, kept, strict=True):
        for picture, size in zip(pictures, own, strict=True):
            if lengths[size] > 1:
                digest = hashlib.sha256(picture.path.read_bytes()).digest()
                if digest in seen:
                    continue
                seen.add(digest)
            result.append(picture)
    return [tuple(part) for part in kept]
