"""NumPy files: ``.npy`` and ``.npz``, of this package or with axes that the caller names."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from feathermr.acquisition.arrays import (
    Array,
    Layout,
    check_layout,
    complex_tensor,
    joined_complex,
    mask_tensor,
    ordered,
    real_tensor,
)
from feathermr.acquisition.header_text import header_from_text, header_to_text
from feathermr.acquisition.image_object import from_image
from feathermr.acquisition.record import Acquisition, Header
from feathermr.acquisition.sampled import inferred_mask, keep_sampled, phase_axis_of
from feathermr.core.atomic import written_file
from feathermr.core.axes import IMAGE, KSPACE, describe
from feathermr.core.errors import DataError

#: the keys of an ``.npz`` file beside the array itself
COMPANIONS = ("mask", "reference", "coil_maps", "noise", "header")
#: numbers that describe the arrays ``cine`` and ``dataset``
CINE_FACTS = ("trigger_ms", "pixel_spacing_mm", "slice_location_mm")
#: magnitude films by name, with their axes
FILMS = {"cine": ("frame", "y", "x"), "dataset": ("slice", "frame", "x", "y")}


def read_npy(path: Path, layout: Layout | None) -> Acquisition:
    """One array: complex is k-space, real is an image."""
    array = np.load(path, allow_pickle=False)
    return from_arrays({"array": array}, layout, path.name)


def read_npz(path: Path, layout: Layout | None) -> Acquisition:
    """Named arrays: those of `write_npz`, ``dataset``, ``cine``, or a single one of any name."""
    with np.load(path, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    for name, axes in FILMS.items():
        if layout is None and name in arrays and arrays[name].ndim == len(axes):
            return _from_film(arrays, name, path.name)
    return from_arrays(arrays, layout, path.name)


def from_arrays(arrays: Mapping[str, Array], layout: Layout | None, source: str) -> Acquisition:
    """A scan from the array that a file holds and what the file says beside it.

    Args:
        arrays: ``kspace`` or one array of any name, and perhaps ``mask``, ``reference``,
            ``coil_maps``, ``noise`` and ``header``.
        layout: the axes of the array in their order; the arrays beside it have the same axes
            without those that make no sense for them.
        source: the file's name.

    Raises:
        DataError: there is no such array, or its axes are not known.
    """
    name = _main_name(arrays)
    main = joined_complex(arrays[name])
    layout = _known_layout(main, layout, name)
    header = Header()
    if "header" in arrays:
        header = header_from_text(str(arrays["header"]))
    header = replace(header, source=source)
    if main.dtype.kind != "c":
        return from_image(real_tensor(ordered(main, layout, IMAGE)), header)
    kspace = complex_tensor(ordered(main, layout))
    beside = {name: array for name, array in arrays.items() if name in COMPANIONS}
    return _with_companions(kspace, beside, layout, header)


def _main_name(arrays: Mapping[str, Array]) -> str:
    if "kspace" in arrays:
        return "kspace"
    names = [name for name in arrays if name not in (*COMPANIONS, *CINE_FACTS)]
    if len(names) != 1:
        found = ", ".join(f"'{name}' {array.shape}" for name, array in arrays.items())
        raise DataError(
            f"it must hold one array, or 'kspace' and those beside it, but it holds {found}"
            if arrays
            else "it holds no numeric array"
        )
    return names[0]


def _numeric(array: Array, name: str) -> Array:
    if array.dtype.kind not in "cuifb":
        raise DataError(f"the array '{name}' must hold numbers, not {array.dtype}")
    if array.size == 0:
        raise DataError(f"the array '{name}' of shape {array.shape} is empty")
    return array


def _known_layout(array: Array, layout: Layout | None, name: str) -> Layout:
    _numeric(array, name)
    if layout is not None:
        check_layout(layout)
        return layout
    if array.ndim == 2:
        return "y", "x"
    if name == "kspace" and array.ndim == len(KSPACE):
        return KSPACE
    raise DataError(
        f"the array '{name}' has the shape {array.shape} and nothing says what its axes are; "
        "give a layout of slice, frame, coil, y, x in their order, e.g. --layout coil,y,x"
    )


def _with_companions(
    kspace: Tensor, beside: Mapping[str, Array], layout: Layout, header: Header
) -> Acquisition:
    def companion(name: str, axes: Layout, convert: Callable[[Array], Tensor]) -> Tensor | None:
        if name not in beside:
            return None
        return convert(_fitted(joined_complex(beside[name]), layout, axes, name))

    mask = companion("mask", KSPACE, mask_tensor)
    notes = header.notes
    if mask is None:
        mask, note = inferred_mask(kspace)
        notes = (*notes, note)
    if "header" not in beside:
        header = replace(header, phase_axis=phase_axis_of(mask))
    noise = beside.get("noise")
    return Acquisition(
        kspace=keep_sampled(kspace, mask),
        mask=mask,
        header=replace(header, notes=notes),
        coil_maps=companion("coil_maps", KSPACE, complex_tensor),
        reference=companion("reference", IMAGE, _image_tensor),
        noise=None if noise is None else complex_tensor(noise),
    )


def _fitted(array: Array, layout: Layout, axes: Layout, name: str) -> Array:
    """An array beside the k-space, with ``axes``; found by how many axes it has."""
    candidates = (
        layout,
        tuple(axis for axis in layout if axis in IMAGE),
        tuple(axis for axis in layout if axis != "frame"),
        tuple(axis for axis in layout if axis in ("y", "x")),
        axes,
    )
    for candidate in candidates:
        if len(candidate) == array.ndim:
            return ordered(array, candidate, axes)
    raise DataError(f"'{name}' of shape {array.shape} must have the axes {describe(axes)}")


def _image_tensor(array: Array) -> Tensor:
    return complex_tensor(array) if array.dtype.kind == "c" else real_tensor(array)


def _from_film(arrays: Mapping[str, Array], name: str, source: str) -> Acquisition:
    """A magnitude series with its times in milliseconds and its pixels in millimetres.

    Raises:
        DataError: complex numbers, or facts that do not fit the series.
    """
    film = _numeric(joined_complex(arrays[name]), name)
    if film.dtype.kind == "c":
        raise DataError(
            f"the film '{name}' must hold magnitudes, not complex numbers; call k-space 'kspace' "
            "and give its layout"
        )
    image = real_tensor(ordered(film, FILMS[name], IMAGE))
    return from_image(image, _film_header(arrays, name, image.shape[1], source))


def _film_header(arrays: Mapping[str, Array], name: str, n_frames: int, source: str) -> Header:
    header = Header(source=source)
    if "header" in arrays:
        header = replace(header_from_text(str(arrays["header"])), source=source)
    if "trigger_ms" in arrays:
        times = np.atleast_1d(arrays["trigger_ms"].astype(float)) / 1e3
        if times.shape != (n_frames,):
            raise DataError(
                f"'trigger_ms' has the shape {times.shape}, but '{name}' {n_frames} frames"
            )
        if not (np.isfinite(times).all() and (np.diff(times) > 0).all()):
            raise DataError("'trigger_ms' must increase from frame to frame")
        header = replace(header, frame_times=tuple(times.tolist()))
    if "pixel_spacing_mm" in arrays:
        spacing = np.atleast_1d(arrays["pixel_spacing_mm"].astype(float)) / 1e3
        if spacing.size not in (1, 2):
            raise DataError(f"'pixel_spacing_mm' must be one number or two, not {spacing.size}")
        rows, columns = float(spacing[0]), float(spacing[-1])
        note = "the slice thickness is not in the file; it is set to the pixel spacing"
        header = replace(header, spacing=(rows, rows, columns), notes=(*header.notes, note))
    return header


def write_npz(acquisition: Acquisition, path: Path) -> None:
    """``kspace``, ``mask``, ``header`` (JSON) and, where known, the arrays beside them."""
    arrays = {
        "kspace": acquisition.kspace,
        "mask": acquisition.mask,
        "coil_maps": acquisition.coil_maps,
        "reference": acquisition.reference,
        "noise": acquisition.noise,
    }
    known: dict[str, Any] = {
        name: array.cpu().numpy() for name, array in arrays.items() if array is not None
    }
    with written_file(path) as beside, beside.open("wb") as file:
        np.savez(file, header=np.array(header_to_text(acquisition.header)), **known)


def save_cine(images: Tensor | Sequence[Tensor], path: str | Path) -> Path:
    """Magnitudes (sample, frame, y, x) as ``dataset`` (samples, frames, x, y), float32.

    Several arrays of one size are put together.
    """
    path = Path(path)
    images = images if isinstance(images, Tensor) else torch.cat(list(images))
    dataset = images.abs().transpose(-1, -2).contiguous().cpu().numpy().astype(np.float32)
    with written_file(path) as beside, beside.open("wb") as file:
        np.savez(file, dataset=dataset)
    return path
