"""NIfTI-1 and -2 images: (x, y, slice) or (x, y, slice, time)."""

import gzip
from pathlib import Path

import nibabel
import numpy as np
from torch import Tensor

from feathermr.acquisition.arrays import Array, complex_tensor, ordered, real_tensor
from feathermr.acquisition.geometry import affine_for, affine_rows, frame_interval
from feathermr.acquisition.image_object import from_image
from feathermr.acquisition.record import Acquisition, Header
from feathermr.core.atomic import written_file
from feathermr.core.axes import IMAGE
from feathermr.core.errors import DataError

LENGTHS = {"unknown": 1e-3, "meter": 1.0, "mm": 1e-3, "micron": 1e-6}
TIMES = {"unknown": 1.0, "sec": 1.0, "msec": 1e-3, "usec": 1e-6}


def read_nifti(path: Path) -> Acquisition:
    """The image as an object; its affine and times in metres and seconds."""
    image, array = _opened(path)
    if array.dtype.names is not None:
        raise DataError("it is a colour image; convert it to grey first")
    while array.ndim > 4 and array.shape[-1] == 1:
        array = array[..., 0]
    if not 2 <= array.ndim <= 4 or array.size == 0:
        raise DataError(f"it must have the axes x, y, slice and time, not the shape {array.shape}")
    layout = ("x", "y", "slice", "frame")[: array.ndim]
    arranged = ordered(array, layout, IMAGE)
    tensor = complex_tensor(arranged) if array.dtype.kind == "c" else real_tensor(arranged)
    return from_image(tensor, _header(image, path.name, tensor.shape[1]))


def _opened(path: Path) -> tuple[nibabel.Nifti1Image, Array]:
    """The image and its numbers, whatever the file's name; a pair is found by its names."""
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    with gzip.open(path) if packed else path.open("rb") as file:
        head = file.read(348)
        file.seek(0)
        if head[344:347] == b"n+1":
            image = nibabel.Nifti1Image.from_stream(file)
        elif head[4:7] == b"n+2":
            image = nibabel.Nifti2Image.from_stream(file)
        else:
            image = nibabel.load(path)
        return image, np.asanyarray(image.dataobj)


def _header(image: nibabel.Nifti1Image, source: str, n_frames: int) -> Header:
    length_unit, time_unit = image.header.get_xyzt_units()
    length = LENGTHS[length_unit]
    affine = np.asarray(image.affine, dtype=float).copy()
    affine[:3] *= length
    steps = np.linalg.norm(affine[:3, :3], axis=0)
    zooms = image.header["pixdim"]
    interval = float(zooms[4]) * TIMES.get(time_unit, 1.0)
    start = float(image.header["toffset"]) * TIMES.get(time_unit, 1.0)
    timed = n_frames > 1 and interval > 0 and time_unit in TIMES
    return Header(
        source=source,
        spacing=(float(steps[2]), float(steps[1]), float(steps[0])),
        affine=affine_rows(affine),
        frame_times=tuple(start + interval * frame for frame in range(n_frames)) if timed else (),
    )


def write_nifti(image: Tensor, header: Header, path: Path) -> None:
    """Magnitudes, float32; time is a fourth axis when there are several frames."""
    values = image.abs().permute(3, 2, 0, 1).cpu().numpy().astype(np.float32)
    if values.shape[3] == 1:
        values = values[..., 0]
    affine = affine_for(header, (image.shape[0], image.shape[2], image.shape[3]))
    affine[:3] *= 1e3
    nifti = nibabel.Nifti1Image(values, affine)
    nifti.header.set_xyzt_units("mm", "sec")
    nifti.set_sform(affine, code="scanner")
    nifti.set_qform(affine, code="scanner")
    interval = frame_interval(header, image.shape[1])
    if values.ndim == 4:
        nifti.header["pixdim"][4] = interval or 0.0
        nifti.header["toffset"] = header.frame_times[0] if interval else 0.0
    with written_file(path) as beside:
        nibabel.save(nifti, beside)
