"""Read a file of films: a NumPy ``.npz`` with the array ``dataset``, (sample, frame, x, y)."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from feathermr.core.errors import DataError

KEY, SUBJECT = "dataset", "subject"
LEAST = 16


def read_films(path: Path, frames: int = 0) -> tuple[Tensor, tuple[str, ...]]:
    """The films (sample, frame, y, x) in single precision, and who is on each.

    The file's third axis is x and its fourth is y; here y comes before x.

    Args:
        path: the file.
        frames: that the films must have; 0 for any.

    Returns:
        The films, and one name a film: none at all where the file has no array ``subject``.

    Raises:
        DataError: no such file, not NumPy's, or not films of magnitudes.
    """
    if path.is_dir():
        raise DataError(f"{path} is a folder; give the .npz file of films")
    try:
        with path.open("rb") as stream:
            loaded = np.load(stream, allow_pickle=False)
            if not isinstance(loaded, np.lib.npyio.NpzFile):
                raise DataError(f"{path} is a single array; give an .npz file with '{KEY}'")
            with loaded as file:
                if KEY not in file:
                    there = ", ".join(file) or "nothing"
                    raise DataError(f"{path} has no array '{KEY}', but: {there}")
                films = file[KEY]
                subjects = file.get(SUBJECT)
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from None
    except (ValueError, EOFError, zipfile.BadZipFile, KeyError) as error:
        raise DataError(f"{path} is no .npz file of numbers: {error}") from None
    _check(films, path, frames)
    with np.errstate(over="ignore"):  # what is too large for single precision is not finite
        single = films.astype(np.float32)
    _check_values(single, path)
    turned = torch.from_numpy(single).transpose(-1, -2).contiguous()
    return turned, _names(subjects, len(films), path)


def _check(films: NDArray[np.generic], path: Path, frames: int) -> None:
    where = f"{path}: '{KEY}'"
    if films.ndim != 4:
        raise DataError(f"{where} must be (sample, frame, x, y), not of shape {films.shape}")
    if films.dtype.kind not in "fiu":
        raise DataError(f"{where} must be magnitudes, real numbers, not {films.dtype}")
    if 0 in films.shape:
        raise DataError(f"{where} is empty: its shape is {films.shape}")
    if min(films.shape[-2:]) < LEAST:
        raise DataError(
            f"{where} has images of {films.shape[-2]} x {films.shape[-1]}; at least "
            f"{LEAST} x {LEAST} are needed"
        )
    if frames and films.shape[1] != frames:
        raise DataError(
            f"{where} has films of {films.shape[1]} frames, the recipe {frames}; set "
            f"data.films.frames and settings.frames to {films.shape[1]}"
        )


def _check_values(films: NDArray[np.float32], path: Path) -> None:
    where = f"{path}: '{KEY}'"
    for number, film in enumerate(films):
        if not np.isfinite(film).all():
            raise DataError(f"{where}: film {number} has values that are not finite")
        if film.min() < 0:
            raise DataError(f"{where}: film {number} has negative values; magnitudes are needed")
        if not film.any():
            raise DataError(f"{where}: film {number} is zero everywhere")


def _names(subjects: NDArray[np.generic] | None, count: int, path: Path) -> tuple[str, ...]:
    if subjects is None:
        return ()
    if subjects.shape != (count,):
        raise DataError(
            f"{path}: '{SUBJECT}' must name one subject a film, ({count},), not {subjects.shape}"
        )
    return tuple(str(name) for name in subjects.tolist())
