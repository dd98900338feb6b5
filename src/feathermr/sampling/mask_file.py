"""A sampling mask from a file."""

from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import torch
from torch import Tensor

from feathermr.core.errors import DataError


def read_mask(path: Path, shape: tuple[int, ...], axis: int) -> Tensor:
    """The mask in an ``.npy`` or ``.npz`` file (its only array, or the one called ``mask``).

    Args:
        path: of the file; nonzero means sampled.
        shape: of the k-space (slice, frame, coil, y, x).
        axis: along which lines are skipped, -2 or -1.

    Returns:
        Boolean, five axes. One axis (line) is laid along ``axis``; two are (y, x), or
        (frame, line) when only that fits; three are (frame, y, x); five are as they stand.

    Raises:
        DataError: not such a file, or a shape that does not fit the scan.
    """
    array = _read(path)
    if array.dtype.kind not in "buif" or not np.isfinite(array).all():
        raise DataError(f"{path}: a mask holds zeros and ones, not {array.dtype} with such values")
    mask = torch.from_numpy(array != 0)
    _, frames, _, height, width = shape
    lines = shape[axis]
    if mask.shape == (height, width):
        return mask[None, None, None]
    if mask.shape == (lines,):
        return _along(mask[None], axis)
    if mask.shape == (frames, lines):
        return _along(mask, axis)
    if mask.shape == (frames, height, width):
        return mask[None, :, None]
    if mask.ndim == 5 and all(a in (1, b) for a, b in zip(mask.shape, shape, strict=True)):
        return mask
    raise DataError(
        f"{path}: a mask of shape {tuple(mask.shape)} does not fit the scan; it takes ({lines},), "
        f"({height}, {width}), ({frames}, {lines}) or ({frames}, {height}, {width})"
    )


def _along(lines: Tensor, axis: int) -> Tensor:
    return lines[None, :, None, :, None] if axis == -2 else lines[None, :, None, None, :]


def _read(path: Path) -> np.ndarray:
    try:
        with path.open("rb") as file:
            loaded = np.load(file, allow_pickle=False)
            if isinstance(loaded, np.ndarray):
                return loaded
            key = "mask" if "mask" in loaded.files else loaded.files[0]
            if key != "mask" and len(loaded.files) > 1:
                raise DataError(f"{path} holds several arrays and none called 'mask'; name it so")
            found: np.ndarray = loaded[key]
            return found
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file of a mask") from None
    except (OSError, ValueError, EOFError, IndexError, KeyError, BadZipFile):
        raise DataError(f"{path} is not a readable .npy or .npz file of a mask") from None
