"""ISMRMRD (MRD) raw data: readouts placed on the Cartesian grid by their counters.

The readout is x, the first encoding step is y. Reference: Inati et al., ISMRM raw data format: a
proposed standard for MRI raw datasets, Magnetic Resonance in Medicine 2017,
doi:10.1002/mrm.26089.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import h5py
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from feathermr.acquisition.arrays import Array, complex_tensor, joined_complex, real_tensor
from feathermr.acquisition.header_text import header_from_text
from feathermr.acquisition.mrd_geometry import mrd_affine, mrd_spacing
from feathermr.acquisition.mrd_header import MrdHeader, read_mrd_header
from feathermr.acquisition.mrd_readouts import Readouts, frame_index, sort_readouts
from feathermr.acquisition.mrd_times import mrd_frame_times
from feathermr.acquisition.partitions import partitions_to_slices
from feathermr.acquisition.record import Acquisition, Header
from feathermr.core.crop import center_crop
from feathermr.core.errors import DataError
from feathermr.core.fft import fft, ifft

#: trajectories whose readouts lie on the Cartesian grid
ON_GRID = ("cartesian", "epi")
#: arrays that this package writes beside the readouts
BESIDE = {"coil_maps", "reference"}


@dataclass(frozen=True)
class Grid:
    """Samples on the grid (slice, partition, frame, coil, y, x) and where they were taken.

    Attributes:
        kspace: the mean of all samples of a position.
        mask: boolean, with a coil axis of size 1.
    """

    kspace: Tensor
    mask: Tensor


def read_mrd(path: Path, group: str) -> Acquisition:
    """The scan in the HDF5 group ``group``.

    Raises:
        DataError: not Cartesian, undersampled partitions, or readouts that do not fit the header.
    """
    with h5py.File(path, "r") as file:
        xml = read_mrd_header(file[group]["xml"][0])
        rows = file[group]["data"][()]
        beside = {name: file[group][name][0] for name in BESIDE & set(file[group])}
    if xml.trajectory not in ON_GRID:
        raise DataError(f"its trajectory is {xml.trajectory}; only Cartesian scans can be read")
    readouts, noise, notes = sort_readouts(rows, xml)
    frames, frame_notes = frame_index(readouts.heads)
    grid = _fill(readouts, frames, xml)
    kspace, mask = partitions_to_slices(grid.kspace, grid.mask)
    notes += frame_notes
    if xml.matrix[2] > 1:
        kspace, mask, more = _crop_partitions(kspace, mask, xml)
        notes += ("transformed along the partitions, which became slices", *more)
    if not xml.own:
        kspace, mask, more = _without_oversampling(kspace, mask, xml)
        notes += more
    if xml.trajectory == "epi":
        notes += ("echo-planar readouts are taken as they are, without a correction of ghosts",)
    header = _header(xml, readouts.heads, kspace, mask)
    if not xml.own:
        times, more = mrd_frame_times(readouts.heads, frames, xml.vendor)
        header, notes = replace(header, frame_times=times), notes + more
    header = replace(header, source=path.name, notes=(*header.notes, *notes))
    arrays = {name: _tensor(array) for name, array in beside.items()}
    return Acquisition(kspace=kspace, mask=mask, header=header, noise=noise, **arrays)


def _tensor(array: Array) -> Tensor:
    joined = joined_complex(array)
    return complex_tensor(joined) if joined.dtype.kind == "c" else real_tensor(joined)


def _fill(readouts: Readouts, frames: npt.NDArray[np.intp], xml: MrdHeader) -> Grid:
    """Add every readout where it belongs and divide by how often a position was measured."""
    n_x, n_y, n_z = xml.matrix
    heads = readouts.heads
    counters = heads["idx"]
    n_coils = _one_value(heads["active_channels"], "coils")
    line = grid_index(counters["kspace_encode_step_1"], xml.center, n_y, "line")
    partition = grid_index(counters["kspace_encode_step_2"], xml.partition_center, n_z, "partition")
    slices = np.unique(counters["slice"], return_inverse=True)[1]
    shape = (int(slices.max()) + 1, n_z, int(frames.max()) + 1)
    total = np.zeros((*shape, n_coils, n_y, n_x), dtype=np.complex64)
    count = np.zeros((*shape, n_y, n_x), dtype=np.uint16)
    imaging = ~readouts.calibration
    for chosen in (imaging, ~imaging):
        # calibration lines fill what the image's own lines left open
        filled = count > 0
        for i in np.flatnonzero(chosen).tolist():
            samples, start = readouts.samples(i, n_x)
            stop = start + samples.shape[1]
            where = (slices[i], partition[i], frames[i])
            if filled[where][line[i], start:stop].any():
                continue
            total[where][:, line[i], start:stop] += samples
            count[where][line[i], start:stop] += 1
    repeated = count > 1
    if repeated.any():
        total /= np.maximum(count, 1)[:, :, :, None]
    mask = torch.from_numpy(count > 0)[:, :, :, None]
    return Grid(torch.from_numpy(total), mask)


def _one_value(values: npt.NDArray[np.generic], name: str) -> int:
    found = np.unique(values)
    if found.size != 1 or found[0] < 1:
        raise DataError(f"its readouts must all have the same number of {name}, not {found}")
    return int(found[0])


def grid_index(
    counter: npt.NDArray[np.generic], center: int | None, size: int, name: str
) -> npt.NDArray[np.intp]:
    """Index on the grid: the counter ``center`` lies at ``size // 2``.

    Raises:
        DataError: a counter lies outside the grid.
    """
    offset = 0 if center is None else size // 2 - center
    index = counter.astype(np.intp) + offset
    outside = (index < 0) | (index >= size)
    if outside.any():
        raise DataError(
            f"its {name} counter {int(counter[outside][0])} lies outside the encoded matrix of "
            f"{size} (center {center}); header and readouts contradict each other"
        )
    return index


def _crop_partitions(
    kspace: Tensor, mask: Tensor, xml: MrdHeader
) -> tuple[Tensor, Tensor, tuple[str, ...]]:
    """Leave out the slices that lie outside the image's field of view."""
    n_z = xml.matrix[2]
    wanted = image_size(xml, 2)
    if wanted >= n_z:
        return kspace, mask, ()
    first = n_z // 2 - wanted // 2
    keep = slice(first, first + wanted)
    cut = [
        array.reshape(-1, n_z, *array.shape[1:])[:, keep].flatten(0, 1) for array in (kspace, mask)
    ]
    return cut[0], cut[1], (f"{n_z - wanted} slices of slice oversampling were left out",)


def image_size(xml: MrdHeader, axis: int) -> int:
    """Pixels of the encoded size that lie in the image's field of view."""
    encoded, shown = xml.fov[axis], xml.recon_fov[axis]
    if encoded > 0 and shown > 0:
        return min(xml.matrix[axis], max(1, round(xml.matrix[axis] * shown / encoded)))
    return min(xml.matrix[axis], xml.recon_matrix[axis])


def _without_oversampling(
    kspace: Tensor, mask: Tensor, xml: MrdHeader
) -> tuple[Tensor, Tensor, tuple[str, ...]]:
    """Crop the readout in image space, where all readouts are complete."""
    encoded, shown = xml.matrix[0], image_size(xml, 0)
    if shown >= encoded:
        return kspace, mask, ()
    if not bool((mask == mask[..., :1]).all()):
        return kspace, mask, ("readout oversampling stays, because some readouts are incomplete",)
    line = ifft(kspace, axes=(-1,))
    cropped = fft(center_crop(line, (kspace.shape[-2], shown)), axes=(-1,))
    mask = mask[..., :1].expand(*mask.shape[:-1], shown).contiguous()
    cropped = torch.where(mask, cropped, torch.zeros((), dtype=cropped.dtype))
    return cropped, mask, (f"readout oversampling was removed: {encoded} to {shown} samples",)


def _header(xml: MrdHeader, heads: npt.NDArray[np.void], kspace: Tensor, mask: Tensor) -> Header:
    if xml.own:
        return header_from_text(xml.own)
    shape = (kspace.shape[-2], kspace.shape[-1])
    shown = (image_size(xml, 1), min(shape[1], image_size(xml, 0)))
    spacing = mrd_spacing(xml, heads)
    n_slices = kspace.shape[0]
    return Header(
        subject=xml.subject,
        phase_axis=-2,
        spacing=spacing,
        image_shape=None if shown == shape else shown,
        affine=mrd_affine(xml, heads, spacing, (n_slices, *shown)),
        echo_time=xml.echo_time,
        repetition_time=xml.repetition_time,
        flip_angle=xml.flip_angle,
        field_strength=xml.field_strength,
    )
