"""MATLAB files, version 5 to 7.2 and version 7.3 (HDF5).

Arrays come in MATLAB's own order of axes, for both versions; CMRxRecon's k-space is recognised by
its names.
"""

import re
from pathlib import Path

import h5py

from feathermr.acquisition.arrays import Array, Layout
from feathermr.acquisition.matlab5 import read_numeric_arrays
from feathermr.acquisition.numpy_arrays import COMPANIONS, from_arrays
from feathermr.acquisition.record import Acquisition
from feathermr.core.errors import DataError

#: CMRxRecon: (x, y, coil, slice, time); without coils in the files called single
CMRXRECON = re.compile(r"kspace_(single_)?(full|sub\d+)")


def read_matlab5(path: Path, layout: Layout | None) -> Acquisition:
    """Numeric arrays of two axes and more; cells, structures and objects are left out."""
    found = read_numeric_arrays(path.read_bytes())
    arrays = {name: array for name, array in found.items() if array.size > 1}
    return _from_matlab(arrays, layout, path.name)


def read_matlab73(path: Path, layout: Layout | None) -> Acquisition:
    """Numeric arrays at the top of the file, turned back to MATLAB's order of axes."""
    arrays = {}
    with h5py.File(path, "r") as file:
        for name, item in file.items():
            if isinstance(item, h5py.Dataset) and _is_numeric(item) and item.size > 1:
                arrays[name] = item[()].transpose()
    return _from_matlab(arrays, layout, path.name)


def _is_numeric(dataset: h5py.Dataset) -> bool:
    names = dataset.dtype.names
    return dataset.dtype.kind in "cuifb" or names in (("real", "imag"), ("r", "i"))


def _from_matlab(arrays: dict[str, Array], layout: Layout | None, source: str) -> Acquisition:
    names = [name for name in arrays if CMRXRECON.fullmatch(name)]
    if len(names) > 1:
        raise DataError(f"it holds several scans: {', '.join(names)}; keep one")
    if names and layout is None:
        coils = () if "single" in names[0] else ("coil",)
        axes = ("x", "y", *coils, "slice", "frame")
        layout = axes[: arrays[names[0]].ndim]
    if names:
        beside = {name: array for name, array in arrays.items() if name in COMPANIONS}
        arrays = {"kspace": arrays[names[0]], **beside}
    return from_arrays(arrays, layout, source)
