"""MATLAB files, version 5 to 7.2 and version 7.3 (HDF5).

Arrays come in MATLAB's own order of axes, for both versions; CMRxRecon's k-space is recognised by
its names.
"""

from pathlib import Path

import h5py

from feathermr.acquisition.arrays import Array, Layout
from feathermr.acquisition.cmrxrecon import (
    MASK_NAME,
    axes_note,
    kspace_layout,
    kspace_name,
    mask_file,
    mask_of,
)
from feathermr.acquisition.matlab5 import read_numeric_arrays
from feathermr.acquisition.numpy_arrays import COMPANIONS, from_arrays
from feathermr.acquisition.record import Acquisition
from feathermr.core.errors import DataError

HDF5 = b"\x89HDF\r\n\x1a\n"


def matlab_arrays(path: Path) -> dict[str, Array]:
    """The numeric arrays of more than one number in a MATLAB file, by name.

    Cells, structures and objects are left out; axes are those that MATLAB shows.

    Raises:
        DataError: the file is cut off or contradicts itself.
    """
    with path.open("rb") as file:
        head = file.read(len("MATLAB 7.3"))
    if head != b"MATLAB 7.3" and not head.startswith(HDF5):
        found = read_numeric_arrays(path.read_bytes())
        return {name: array for name, array in found.items() if array.size > 1}
    arrays = {}
    with h5py.File(path, "r") as file:
        for name, item in file.items():
            if isinstance(item, h5py.Dataset) and _is_numeric(item) and item.size > 1:
                arrays[name] = item[()].transpose()
    return arrays


def _is_numeric(dataset: h5py.Dataset) -> bool:
    names = dataset.dtype.names
    return dataset.dtype.kind in "cuifb" or names in (("real", "imag"), ("r", "i"))


def read_matlab(path: Path, layout: Layout | None) -> Acquisition:
    """CMRxRecon's k-space by its names, with the mask that lies beside it; or as NumPy's arrays.

    Raises:
        DataError: several scans, axes that nothing names, or a mask that does not fit.
    """
    arrays = matlab_arrays(path)
    if arrays and all(MASK_NAME.fullmatch(key) for key in arrays):
        raise DataError("it holds a mask and no scan; give the scan, and this file as its mask")
    name = kspace_name(arrays)
    if name is None or (name == "kspace" and layout is not None):
        return from_arrays(arrays, layout, path.name)
    kspace = arrays[name]
    beside = {key: array for key, array in arrays.items() if key in COMPANIONS}
    notes = []
    if layout is None:
        layout = kspace_layout(name, kspace)
        notes.append(axes_note(layout))
        masks = {key: array for key, array in arrays.items() if MASK_NAME.fullmatch(key)}
        file = path if masks else mask_file(path, name)
        if file is not None:
            beside["mask"] = mask_of(masks or _arrays_beside(file), file, kspace, layout)
            notes.append(f"the mask is that in {file.name}")
    return from_arrays({"kspace": kspace, **beside}, layout, path.name).with_notes(*notes)


def _arrays_beside(file: Path) -> dict[str, Array]:
    try:
        return matlab_arrays(file)
    except Exception as error:  # readers of foreign formats raise all kinds of errors
        raise DataError(f"its mask file {file} is damaged or cut off") from error
