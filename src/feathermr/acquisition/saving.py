"""Write scans and images."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import torch
from torch import Tensor

from feathermr.acquisition.animation import write_gif
from feathermr.acquisition.dicom_writer import write_dicom
from feathermr.acquisition.fastmri import write_fastmri
from feathermr.acquisition.geometry import affine_for
from feathermr.acquisition.mp4 import ffmpeg_program, write_mp4
from feathermr.acquisition.mrd_writer import write_mrd
from feathermr.acquisition.nifti import write_nifti
from feathermr.acquisition.numpy_arrays import write_npz
from feathermr.acquisition.pictures import write_png
from feathermr.acquisition.record import Acquisition, Header, check_finite
from feathermr.core.atomic import written_file
from feathermr.core.axes import IMAGE, check_axes
from feathermr.core.registry import look_up

#: ending -> writer of scans
SCAN_WRITERS: dict[str, Callable[[Acquisition, Path], None]] = {
    ".h5": write_fastmri,
    ".hdf5": write_fastmri,
    ".mrd": write_mrd,
    ".npz": write_npz,
}


def save_acquisition(acquisition: Acquisition, path: str | Path) -> Path:
    """Write a scan as fastMRI HDF5 (``.h5``), ISMRMRD (``.mrd``) or NumPy (``.npz``).

    Raises:
        UsageError: another ending.
        DataError: the format cannot hold this scan, or the file system refused.
    """
    path = Path(path)
    look_up(SCAN_WRITERS, path.suffix.lower(), "ending of a scan's file")(acquisition, path)
    return path


def _npy(image: Tensor, header: Header, path: Path) -> tuple[Path, ...]:
    values = image.to(torch.promote_types(image.dtype, torch.complex64)).cpu().numpy()
    with written_file(path) as beside, beside.open("wb") as file:
        np.save(file, values, allow_pickle=False)
    return (path,)


def _nifti(image: Tensor, header: Header, path: Path) -> tuple[Path, ...]:
    write_nifti(image, header, path)
    return (path,)


def _png(image: Tensor, header: Header, path: Path) -> tuple[Path, ...]:
    return write_png(image, path)


def _h5(image: Tensor, header: Header, path: Path) -> tuple[Path, ...]:
    values = image.abs().to(torch.float32).cpu().numpy()
    with written_file(path) as beside, h5py.File(beside, "w") as file:
        dataset = file.create_dataset(
            "reconstruction", data=values[:, 0] if values.shape[1] == 1 else values
        )
        if header.spacing is not None or header.affine is not None:
            dataset.attrs["affine"] = affine_for(header, (len(values), *values.shape[2:]))
        if header.spacing is not None:
            dataset.attrs["spacing"] = header.spacing
    return (path,)


@dataclass(frozen=True)
class ImageFormat:
    """A format of images.

    Attributes:
        endings: of its files; the first is added to a name that has none of them.
        write: takes image, header and path and returns the written paths.
        check: raises `UsageError` where what the format needs is not installed.
    """

    endings: tuple[str, ...]
    write: Callable[[Tensor, Header, Path], tuple[Path, ...]]
    check: Callable[[], object] = lambda: None


IMAGE_FORMATS: dict[str, ImageFormat] = {
    "npy": ImageFormat((".npy",), _npy),
    "nifti": ImageFormat((".nii.gz", ".nii"), _nifti),
    "dicom": ImageFormat((".dcm",), write_dicom),
    "png": ImageFormat((".png",), _png),
    "h5": ImageFormat((".h5",), _h5),
    "gif": ImageFormat((".gif",), write_gif),
    "mp4": ImageFormat((".mp4",), write_mp4, ffmpeg_program),
}


def check_image_format(name: str) -> None:
    """Refuse a format that cannot be written here, before anything is computed.

    Raises:
        UsageError: there is no such format, or what it needs is not installed.
    """
    look_up(IMAGE_FORMATS, name, "image format").check()


def save_image(image: Tensor, header: Header, path: str | Path, format: str) -> tuple[Path, ...]:
    """Write an image (slice, frame, y, x) in one of ``IMAGE_FORMATS``.

    ``npy`` keeps the complex numbers and all four axes; the others hold magnitudes. ``png``,
    ``gif`` and ``mp4`` show 0 as black and the 99.5th percentile as white. Several DICOM images go
    to a folder of the path's name, several PNG, GIF or MP4 files get numbers.

    Args:
        image: complex or real.
        header: where the image lies in the patient, when its frames were taken.
        path: the file's name; the format's ending is added when it is missing.
        format: a name in ``IMAGE_FORMATS``.

    Returns:
        The files written.

    Raises:
        UsageError: no such format, or no ffmpeg for ``mp4``.
        DataError: the image is not finite or has other axes, or the file system refused.
    """
    chosen = look_up(IMAGE_FORMATS, format, "image format")
    check_axes(image, IMAGE, "image")
    check_finite(image, "image")
    path = Path(path)
    if not path.name.endswith(chosen.endings):
        path = path.with_name(path.name + chosen.endings[0])
    return chosen.write(image.detach(), header, path)
