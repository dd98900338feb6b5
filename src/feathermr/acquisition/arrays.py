"""Arrays from files of any kind, brought to the axes and numbers of this package."""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from feathermr.core.axes import KSPACE
from feathermr.core.errors import DataError

Array = npt.NDArray[np.generic]
Layout = tuple[str, ...]


def complex_tensor(array: Array) -> Tensor:
    """A complex64 tensor; {real, imag} and {r, i} records count as complex.

    Raises:
        DataError: the array holds no complex numbers.
    """
    array = joined_complex(array)
    if array.dtype.kind != "c":
        raise DataError(f"k-space must be complex, but the file holds {array.dtype}")
    with np.errstate(over="ignore"):
        return torch.from_numpy(np.ascontiguousarray(array, dtype=np.complex64))


def real_tensor(array: Array) -> Tensor:
    """A float32 tensor.

    Raises:
        DataError: the array holds no real numbers.
    """
    if array.dtype.kind not in "uifb":
        raise DataError(f"an image must hold real numbers, but the file holds {array.dtype}")
    with np.errstate(over="ignore"):
        return torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32))


def mask_tensor(array: Array) -> Tensor:
    """A boolean tensor from booleans or from the numbers 0 and 1."""
    if array.dtype.kind not in "uifb":
        raise DataError(f"a mask must hold booleans or 0 and 1, but the file holds {array.dtype}")
    values = np.ascontiguousarray(array)
    if not np.isin(values, (0, 1)).all():
        raise DataError("a mask must hold only 0 and 1")
    return torch.from_numpy(values.astype(bool))


def joined_complex(array: Array) -> Array:
    """Records of a real and an imaginary part as complex numbers; other arrays as they are."""
    for real, imaginary in (("real", "imag"), ("r", "i")):
        for number, joined in (("<f4", "<c8"), ("<f8", "<c16")):
            if array.dtype == np.dtype([(real, number), (imaginary, number)]):
                return array.view(joined)  # the same numbers in the same place
        if array.dtype.names == (real, imaginary):
            parts: Any = array
            summed: Array = parts[real] + 1j * parts[imaginary]
            return summed
    return array


def check_layout(layout: Layout) -> None:
    """Refuse a layout with unknown or repeated axes, or without y and x.

    Raises:
        DataError: the sentence names the axes there are.
    """
    if (
        set(layout) - set(KSPACE)
        or len(set(layout)) != len(layout)
        or not {"y", "x"} <= set(layout)
    ):
        raise DataError(
            f"the layout {','.join(layout)} must name each axis once, y and x among them, "
            f"out of {', '.join(KSPACE)}"
        )


def ordered(array: Array, layout: Layout, axes: Layout = KSPACE) -> Array:
    """``array`` of axes ``layout`` with the axes ``axes``; those it lacks get size 1.

    Raises:
        DataError: ``layout`` names another number of axes than the array has, or one not wanted.
    """
    if len(layout) != array.ndim:
        raise DataError(
            f"the layout {','.join(layout)} names {len(layout)} axes, but the array has the shape "
            f"{array.shape}"
        )
    for axis, size in zip(layout, array.shape, strict=True):
        if axis not in axes and size != 1:
            raise DataError(f"an array of axes {', '.join(axes)} cannot have an axis '{axis}'")
    kept = array[tuple(slice(None) if axis in axes else 0 for axis in layout)]
    present = [axis for axis in layout if axis in axes]
    moved = kept.transpose([present.index(axis) for axis in axes if axis in present])
    return moved[tuple(slice(None) if axis in present else None for axis in axes)]
