"""fastMRI's HDF5 files: k-space (slice, y, x) or (slice, coil, y, x), lines skipped along x.

In these files the readout runs along the rows' axis (y), so the header's x is y here.
Reference: Zbontar et al., fastMRI: an open dataset and benchmarks for accelerated MRI, 2018,
doi:10.48550/arXiv.1811.08839.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch
from torch import Tensor

from feathermr.acquisition.arrays import (
    Array,
    Layout,
    complex_tensor,
    mask_tensor,
    ordered,
    real_tensor,
)
from feathermr.acquisition.header_text import header_from_text, header_to_text
from feathermr.acquisition.mrd_header import (
    OWN_HEADER,
    MrdHeader,
    read_mrd_header,
    write_mrd_header,
)
from feathermr.acquisition.record import Acquisition, Header
from feathermr.acquisition.sampled import keep_sampled
from feathermr.core.atomic import written_file
from feathermr.core.axes import IMAGE, KSPACE
from feathermr.core.crop import center_crop
from feathermr.core.errors import DataError

#: the axes of ``kspace`` by their number; five only in files of this package
LAYOUTS = {3: ("slice", "y", "x"), 4: ("slice", "coil", "y", "x"), 5: KSPACE}
#: datasets that are read; the first of the references that exists is taken
REFERENCES = {
    3: ("reference", "reconstruction_esc", "reconstruction_rss"),
    4: ("reference", "reconstruction_rss", "reconstruction_esc"),
    5: ("reference", "reconstruction_rss", "reconstruction_esc"),
}


def read_fastmri(path: Path, slices: tuple[int, int] | None = None) -> Acquisition:
    """The scan of one file, or some of its slices.

    Args:
        path: the file; every dataset is read once, in one piece, and the file is closed.
        slices: the first and the one behind the last; of the other slices nothing is read.
    """
    names = {"kspace", "mask", "ismrmrd_header", OWN_HEADER, "coil_maps", "noise", *REFERENCES[3]}
    with h5py.File(path, "r") as file:
        axes_of(file["kspace"].shape, OWN_HEADER in file)
        count = file["kspace"].shape[0]
        found: dict[str, Any] = {
            name: _part(file[name], count, slices) for name in sorted(names & set(file))
        }
        attributes = dict(file.attrs)
    n_axes = found["kspace"].ndim
    kspace = complex_tensor(ordered(found["kspace"], LAYOUTS[n_axes]))
    xml = read_mrd_header(found["ismrmrd_header"]) if "ismrmrd_header" in found else None
    reference = _reference(found, n_axes)
    if OWN_HEADER in found:
        header = header_from_text(_word(found[OWN_HEADER]))
        found.setdefault("mask", np.ones(kspace.shape[-1], dtype=bool))
    else:
        header = _header(attributes, xml, kspace, reference)
    mask, notes = _mask(found.get("mask"), kspace, xml)
    coil_maps, noise = found.get("coil_maps"), found.get("noise")
    return Acquisition(
        kspace=keep_sampled(kspace, mask),
        mask=mask,
        header=replace(header, source=path.name, notes=(*header.notes, *notes)),
        coil_maps=None if coil_maps is None else complex_tensor(coil_maps),
        reference=reference,
        noise=None if noise is None else complex_tensor(noise),
    )


def axes_of(shape: tuple[int, ...], own: bool) -> Layout:
    """The axes of ``kspace``.

    Args:
        shape: its shape.
        own: whether the file is of this package.

    Raises:
        DataError: the shape is none that such files have.
    """
    if len(shape) not in LAYOUTS or (len(shape) == 5 and not own):
        raise DataError(
            f"'kspace' must have the axes (slice, y, x) or (slice, coil, y, x), not the shape "
            f"{shape}"
        )
    return LAYOUTS[len(shape)]


def _part(dataset: h5py.Dataset, count: int, slices: tuple[int, int] | None) -> Any:
    """A dataset, or some slices of one that has all of them, as no text, noise or line mask has."""
    if slices is None or dataset.ndim < 3 or dataset.shape[0] != count:
        return dataset[()]
    return dataset[slices[0] : slices[1]]


def _mask(
    stored: Array | None, kspace: Tensor, xml: MrdHeader | None
) -> tuple[Tensor, tuple[str, ...]]:
    """The mask (five axes) and what is to be said about where it comes from."""
    width = kspace.shape[-1]
    if stored is not None:
        mask = mask_tensor(stored)
        if mask.ndim == 5:
            return mask, ()
        if mask.numel() != width:
            raise DataError(
                f"'mask' has {mask.numel()} columns, but 'kspace' has {width}; they must agree"
            )
        return mask.reshape(1, 1, 1, 1, width), ()
    used = torch.from_numpy(kspace.numpy().any(axis=(0, 1, 2, 3)))
    mask = used.reshape(1, 1, 1, 1, width)
    missing = width - int(used.sum())
    if missing == 0:
        return mask, ()
    note = (
        f"the file holds no mask; {missing} of {width} columns are zero in all slices and coils "
        "and count as not sampled"
    )
    padding = _padding(xml)
    if padding is not None and bool(used[padding[0] : padding[1]].all()):
        note += (
            f" (they lie outside the encoded lines {padding[0]} to {padding[1] - 1}: zero padding)"
        )
    return mask, (note,)


def _padding(xml: MrdHeader | None) -> tuple[int, int] | None:
    """First encoded column and the one behind the last, from the header's limits."""
    if xml is None or xml.center is None or xml.last is None:
        return None
    first = xml.matrix[1] // 2 - xml.center
    return max(0, first), first + xml.last + 1


def _reference(found: Mapping[str, Array], n_axes: int) -> Tensor | None:
    for name in REFERENCES[n_axes]:
        if name in found:
            array = found[name]
            layout = ("slice", "y", "x") if array.ndim == 3 else IMAGE
            values = ordered(array, layout, IMAGE)
            return complex_tensor(values) if values.dtype.kind == "c" else real_tensor(values)
    return None


def _header(
    attributes: Mapping[str, Any], xml: MrdHeader | None, kspace: Tensor, reference: Tensor | None
) -> Header:
    encoded = (kspace.shape[-2], kspace.shape[-1])
    header = Header(
        subject=_word(attributes.get("patient_id", "")),
        anatomy=_word(attributes.get("acquisition", "")),
        phase_axis=-1,
    )
    shown = None if reference is None else (reference.shape[-2], reference.shape[-1])
    if xml is not None:
        shown = shown or xml.recon_matrix[:2]
        known = min(xml.fov) > 0
        spacing = tuple(xml.fov[i] / xml.matrix[i] for i in (2, 0, 1)) if known else None
        header = replace(
            header,
            subject=header.subject or xml.subject,
            spacing=spacing,  # type: ignore[arg-type]
            echo_time=xml.echo_time,
            repetition_time=xml.repetition_time,
            flip_angle=xml.flip_angle,
            field_strength=xml.field_strength,
        )
    if shown is None:
        return header
    fitting = (min(shown[0], encoded[0]), min(shown[1], encoded[1]))
    if fitting != shown:
        note = f"the image is shown at {fitting}, because the k-space is smaller than {shown}"
        header = replace(header, notes=(*header.notes, note))
    return replace(header, image_shape=fitting)


def _word(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def write_fastmri(acquisition: Acquisition, path: Path) -> None:
    """K-space, header and reference as fastMRI names them.

    Several frames give ``kspace`` five axes, a mask that is not of whole columns five axes, and a
    complex reference the dataset ``reference`` beside its magnitude: all these are this package's
    own and other programs may not know them.
    """
    with written_file(path) as beside, h5py.File(beside, "w") as file:
        file["kspace"] = _axes_dropped(acquisition.kspace)
        if not acquisition.is_complete:
            file["mask"] = _mask_to_write(acquisition.mask)
        file["ismrmrd_header"] = _xml(acquisition)
        file.attrs["patient_id"] = acquisition.header.subject
        file.attrs["acquisition"] = acquisition.header.anatomy
        file[OWN_HEADER] = header_to_text(acquisition.header)
        for name in ("coil_maps", "noise"):
            array = getattr(acquisition, name)
            if array is not None:
                file[name] = array.cpu().numpy()
        if acquisition.reference is not None:
            _write_reference(file, acquisition)


def _axes_dropped(kspace: Tensor) -> Array:
    values: Array = kspace.cpu().numpy()
    if kspace.shape[1] > 1:
        return values
    values = values[:, 0]
    dropped: Array = values[:, 0] if kspace.shape[2] == 1 else values
    return dropped


def _mask_to_write(mask: Tensor) -> Array:
    values: Array = mask.cpu().numpy()
    if mask.shape[-1] > 1 and bool((mask == mask[:1, :1, :1, :1]).all()):
        columns: Array = values[0, 0, 0, 0].astype(np.float32)
        return columns
    return values


def _write_reference(file: h5py.File, acquisition: Acquisition) -> None:
    reference = acquisition.reference
    assert reference is not None
    magnitude = reference.abs()
    shown = acquisition.header.image_shape
    if shown is not None and magnitude.shape[-2] >= shown[0] and magnitude.shape[-1] >= shown[1]:
        magnitude = center_crop(magnitude, shown)
    if reference.is_complex() or magnitude.shape != reference.shape:
        file["reference"] = reference.cpu().numpy()
    values = magnitude.to(torch.float32).cpu().numpy()
    name = "reconstruction_esc" if acquisition.n_coils == 1 else "reconstruction_rss"
    file[name] = values[:, 0] if values.shape[1] == 1 else values
    file.attrs["max"] = float(values.max())
    file.attrs["norm"] = float(np.linalg.norm(values.astype(np.float64)))


def _xml(acquisition: Acquisition) -> bytes:
    header = acquisition.header
    height, width = acquisition.shape
    rows, columns = header.image_shape or (height, width)
    dz, dy, dx = header.spacing or (0.0, 0.0, 0.0)
    xml = MrdHeader(
        matrix=(height, width, 1),
        recon_matrix=(rows, columns, 1),
        fov=(height * dy, width * dx, dz),
        recon_fov=(rows * dy, columns * dx, dz),
        center=width // 2,
        last=width - 1,
        subject=header.subject,
        echo_time=header.echo_time,
        repetition_time=header.repetition_time,
        flip_angle=header.flip_angle,
        field_strength=header.field_strength,
    )
    limits = {"slice": acquisition.n_slices - 1, "phase": acquisition.n_frames - 1}
    return write_mrd_header(xml, acquisition.n_coils, limits)
