"""A sampling mask from a file."""

import re
import zlib
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import torch
from torch import Tensor

from feathermr.acquisition.matlab import matlab_arrays
from feathermr.core.errors import DataError


def read_mask(path: Path, shape: tuple[int, ...], axis: int) -> Tensor:
    """The mask in an ``.npy``, ``.npz`` or ``.mat`` file: its only array, or the one named so.

    Args:
        path: of the file; nonzero means sampled.
        shape: of the k-space (slice, frame, coil, y, x).
        axis: along which lines are skipped, -2 or -1.

    Returns:
        Boolean, five axes. One axis (line) is laid along ``axis``; two are (y, x), or
        (frame, line) when only that fits; three are (frame, y, x); five are as they stand. In a
        MATLAB file they are those of CMRxRecon, (x, y) or (x, y, frame); where (y, x) fits too, the
        lines along ``axis`` decide.

    Raises:
        DataError: not such a file, or a shape that does not fit the scan.
    """
    matlab = path.suffix.lower() == ".mat"
    array = _from_matlab(_read_matlab(path), shape, axis) if matlab else _read(path)
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


def _read_matlab(path: Path) -> np.ndarray:
    try:
        arrays = matlab_arrays(path)
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file of a mask") from None
    except (OSError, ValueError, KeyError, RuntimeError, zlib.error, DataError):
        raise DataError(f"{path} is not a readable MATLAB file of a mask") from None
    named = [name for name in arrays if re.fullmatch(r"mask\d*", name)] or list(arrays)
    if len(named) != 1:
        raise DataError(f"{path} must hold one array, or one called 'mask'; name it so")
    return arrays[named[0]]


def _from_matlab(array: np.ndarray, shape: tuple[int, ...], axis: int) -> np.ndarray:
    """(x, y) or (x, y, frame) as (y, x) or (frame, y, x); other arrays as they are."""
    if 1 in array.shape:
        return array.reshape(-1)  # MATLAB has no arrays of one axis
    turned = array.T
    if array.ndim == 3 or array.shape != shape[-2:]:
        return turned if turned.shape[-2:] == shape[-2:] else array
    are_lines = bool((array == (array[:, :1] if axis == -2 else array[:1])).all())
    return array if are_lines or turned.shape != shape[-2:] else turned


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
