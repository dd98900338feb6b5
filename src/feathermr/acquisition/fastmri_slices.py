"""Single slices of fastMRI's files: what a training reads, without reading whole volumes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import h5py
from torch import Tensor

from feathermr.acquisition.arrays import mask_tensor
from feathermr.acquisition.fastmri import axes_of, read_fastmri
from feathermr.acquisition.loading import check_content, errors_named
from feathermr.acquisition.mrd_header import OWN_HEADER
from feathermr.acquisition.record import Acquisition
from feathermr.acquisition.sampled import fills_a_box
from feathermr.core.errors import DataError


@dataclass(frozen=True)
class FastmriFile:
    """What a file says of itself without its k-space being read.

    Attributes:
        path: the file.
        subject: who was scanned; the file's name when it does not say.
        n_slices: number of slices.
        n_frames: number of frames.
        n_coils: number of coils.
        shape: of the k-space (y, x).
        has_gaps: whether its mask leaves lines out, as those of fastMRI's test files do.
    """

    path: Path
    subject: str
    n_slices: int
    n_frames: int
    n_coils: int
    shape: tuple[int, int]
    has_gaps: bool


def look_into_fastmri(path: Path) -> FastmriFile:
    """What a file holds.

    Raises:
        DataError: it is damaged, cut off, or no such file; one sentence that names it.
    """
    with errors_named(path), h5py.File(path, "r") as file:
        kspace = file.get("kspace")
        if not isinstance(kspace, h5py.Dataset):
            raise DataError("it holds no 'kspace', so it is no file of fastMRI")
        axes = axes_of(kspace.shape, OWN_HEADER in file)
        size = dict(zip(axes, kspace.shape, strict=True))
        return FastmriFile(
            path=path,
            subject=_word(file.attrs.get("patient_id", "")) or path.stem,
            n_slices=size["slice"],
            n_frames=size.get("frame", 1),
            n_coils=size.get("coil", 1),
            shape=(size["y"], size["x"]),
            has_gaps="mask" in file and _has_gaps(mask_tensor(file["mask"][()])),
        )


def load_fastmri_slices(path: Path, start: int, stop: int) -> Acquisition:
    """The slices ``start`` to ``stop`` (exclusive) of a file, which is closed afterwards.

    Raises:
        DataError: as `load`.
    """
    with errors_named(path):
        acquisition = read_fastmri(path, (start, stop))
        check_content(acquisition)
        return replace(acquisition, header=acquisition.header.from_slice(start))


def _has_gaps(mask: Tensor) -> bool:
    """Whether a mask, of columns or of five axes, leaves samples between others out."""
    return not fills_a_box(mask if mask.ndim == 5 else mask.reshape(1, 1, 1, 1, -1))


def _word(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
