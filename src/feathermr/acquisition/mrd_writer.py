"""Write ISMRMRD (MRD) raw data: one readout along x a sampled line."""

from pathlib import Path

import h5py
import ismrmrd
import numpy as np
import numpy.typing as npt
import torch
from ismrmrd.hdf5 import acquisition_dtype
from torch import Tensor

from feathermr.acquisition.geometry import affine_for
from feathermr.acquisition.header_text import header_to_text
from feathermr.acquisition.mrd_header import MrdHeader, write_mrd_header
from feathermr.acquisition.record import Acquisition
from feathermr.core.atomic import written_file
from feathermr.core.errors import DataError

GROUP = "dataset"
#: the largest number of samples that a readout's header can say
LONGEST = 65535


def write_mrd(acquisition: Acquisition, path: Path) -> None:
    """Readouts with their counters, noise readouts first, and the header.

    Known coil maps and reference are written as arrays beside the readouts.

    Raises:
        DataError: samples are skipped along x or differ between coils; readouts are whole rows.
    """
    rows = mrd_rows(acquisition)
    with written_file(path) as beside, h5py.File(beside, "w") as file:
        group = file.create_group(GROUP)
        text = h5py.special_dtype(vlen=bytes)
        group.create_dataset("xml", (1,), dtype=text)[0] = mrd_xml(acquisition)
        group.create_dataset("data", data=rows, dtype=acquisition_dtype, maxshape=(None,))
        for name in ("coil_maps", "reference"):
            array = getattr(acquisition, name)
            if array is not None:
                group[name] = _as_records(array)[None]


def mrd_rows(acquisition: Acquisition) -> npt.NDArray[np.void]:
    """Readouts with their counters, noise readouts first.

    Raises:
        DataError: samples are skipped along x or differ between coils; readouts are whole rows.
    """
    return np.concatenate([_noise_rows(acquisition.noise), _image_rows(acquisition)])


def _as_records(array: Tensor) -> npt.NDArray[np.generic]:
    """Complex numbers as {real, imag}, as ISMRMRD stores them; real ones as they are."""
    values: npt.NDArray[np.generic] = array.cpu().numpy()
    if not array.is_complex():
        return values
    part = np.float32 if values.dtype == np.complex64 else np.float64
    return np.ascontiguousarray(values).view([("real", part), ("imag", part)])


def _image_rows(acquisition: Acquisition) -> npt.NDArray[np.void]:
    kspace = acquisition.kspace.to(torch.complex64).cpu().numpy()
    n_coils, n_x = kspace.shape[2], kspace.shape[4]
    lines = _sampled_lines(acquisition)
    rows = np.zeros(len(lines), dtype=acquisition_dtype)
    head = rows["head"]
    _fill_common(head, n_coils, n_x)
    head["center_sample"] = n_x // 2
    head["scan_counter"] = np.arange(len(lines))
    for name, column in (("slice", 0), ("phase", 1), ("kspace_encode_step_1", 2)):
        head["idx"][name] = lines[:, column]
    _set_flags(head, lines)
    _set_geometry(head, lines, acquisition)
    for i, (number_slice, frame, line) in enumerate(lines):
        samples = np.ascontiguousarray(kspace[number_slice, frame, :, line])
        rows["data"][i] = samples.reshape(-1).view(np.float32)
        rows["traj"][i] = np.zeros(0, dtype=np.float32)
    return rows


def _sampled_lines(acquisition: Acquisition) -> npt.NDArray[np.intp]:
    """(slice, frame, y) of every sampled line."""
    mask = acquisition.mask
    if not bool((mask == mask[:, :, :1, :, :1]).all()):
        raise DataError(
            "an .mrd file holds whole rows, but this scan skips samples along x or in single "
            "coils; write .h5 or .npz"
        )
    slices, frames, _, height, _ = acquisition.kspace.shape
    used = mask[:, :, 0, :, 0].expand(slices, frames, height)
    return used.nonzero().cpu().numpy()


def _fill_common(head: npt.NDArray[np.void], n_coils: int, n_samples: int) -> None:
    head["version"] = 1
    head["number_of_samples"] = n_samples
    head["active_channels"] = head["available_channels"] = n_coils
    head["channel_mask"][:, 0] = (1 << min(n_coils, 64)) - 1


def _set_flags(head: npt.NDArray[np.void], lines: npt.NDArray[np.intp]) -> None:
    """Mark the first and the last line of every slice and frame."""
    change = np.any(np.diff(lines[:, :2], axis=0) != 0, axis=1)
    first, last = np.concatenate([[True], change]), np.concatenate([change, [True]])
    marks = (
        (first, ismrmrd.ACQ_FIRST_IN_ENCODE_STEP1),
        (first, ismrmrd.ACQ_FIRST_IN_SLICE),
        (last, ismrmrd.ACQ_LAST_IN_ENCODE_STEP1),
        (last, ismrmrd.ACQ_LAST_IN_SLICE),
    )
    for where, flag in marks:
        head["flags"][where] |= np.uint64(1 << (flag - 1))
    head["flags"][-1] |= np.uint64(1 << (ismrmrd.ACQ_LAST_IN_MEASUREMENT - 1))


def _set_geometry(
    head: npt.NDArray[np.void], lines: npt.NDArray[np.intp], acquisition: Acquisition
) -> None:
    """Center of each slice in millimetres and the directions of its axes."""
    height, width = acquisition.shape
    affine = affine_for(acquisition.header, (acquisition.n_slices, height, width))
    columns = affine[:3] * 1e3
    columns[:2] *= -1  # right and front become left and back
    centers = np.zeros((len(lines), 4))
    centers[:, :3] = [width // 2, height // 2, 0]
    centers[:, 2], centers[:, 3] = lines[:, 0], 1
    head["position"] = centers @ columns.T
    directions = columns[:, :3] / np.linalg.norm(columns[:, :3], axis=0)
    for name, axis in (("read_dir", 0), ("phase_dir", 1), ("slice_dir", 2)):
        head[name] = directions[:, axis]


def _noise_rows(noise: Tensor | None) -> npt.NDArray[np.void]:
    if noise is None:
        return np.zeros(0, dtype=acquisition_dtype)
    samples = noise.to(torch.complex64).cpu().numpy()
    pieces = [samples[:, i : i + LONGEST] for i in range(0, samples.shape[1], LONGEST)]
    rows = np.zeros(len(pieces), dtype=acquisition_dtype)
    for i, piece in enumerate(pieces):
        _fill_common(rows["head"][i : i + 1], *piece.shape)
        rows["data"][i] = np.ascontiguousarray(piece).reshape(-1).view(np.float32)
        rows["traj"][i] = np.zeros(0, dtype=np.float32)
    rows["head"]["flags"] = 1 << (ismrmrd.ACQ_IS_NOISE_MEASUREMENT - 1)
    return rows


def mrd_xml(acquisition: Acquisition) -> bytes:
    """The header, with all of this package's own in it."""
    header = acquisition.header
    height, width = acquisition.shape
    rows, columns = header.image_shape or (height, width)
    dz, dy, dx = header.spacing or (0.0, 0.0, 0.0)
    xml = MrdHeader(
        matrix=(width, height, 1),
        recon_matrix=(columns, rows, 1),
        fov=(width * dx, height * dy, dz),
        recon_fov=(columns * dx, rows * dy, dz),
        center=height // 2,
        last=height - 1,
        subject=header.subject,
        echo_time=header.echo_time,
        repetition_time=header.repetition_time,
        flip_angle=header.flip_angle,
        field_strength=header.field_strength,
        own=header_to_text(header),
    )
    limits = {"slice": acquisition.n_slices - 1, "phase": acquisition.n_frames - 1}
    return write_mrd_header(xml, acquisition.n_coils, limits)
