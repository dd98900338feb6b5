"""DICOM: one file, or all files of one series, as the object of a retrospective scan."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import torch

from feathermr.acquisition.arrays import real_tensor
from feathermr.acquisition.dicom_frame import DicomFrame, frames_of
from feathermr.acquisition.image_object import from_image
from feathermr.acquisition.record import Acquisition, Header
from feathermr.core.errors import DataError

#: positions along the slice normal closer than this (millimetres) are one slice
SAME_POSITION = 1e-3
#: relative unevenness of slice positions that is worth a note
UNEVEN = 1e-2

Dataset = Any


def read_dicom(paths: Sequence[Path], source: str) -> Acquisition:
    """Slices sorted by their position along the normal, frames by their time.

    Args:
        paths: files of one series.
        source: the file's or the folder's name.

    Raises:
        DataError: several series, colour, unequal images, pixels that cannot be decoded.
    """
    datasets = _one_series([pydicom.dcmread(path) for path in paths])
    frames = [frame for dataset in datasets for frame in frames_of(dataset)]
    _check_consistent(frames)
    grid = _grid(frames)
    pixels = np.stack([np.stack([frame.pixels for frame in line]) for line in grid])
    header = replace(_header(datasets[0], grid), source=source)
    if len({dataset.get("EchoTime") for dataset in datasets}) > 1:
        note = "the images have different echo times; the header holds the first"
        header = replace(header, notes=(*header.notes, note))
    return from_image(real_tensor(pixels), header)


def _one_series(datasets: Sequence[Dataset]) -> Sequence[Dataset]:
    """The datasets that hold images, when they are one series of one kind of image."""
    images = [dataset for dataset in datasets if "PixelData" in dataset]
    if not images:
        raise DataError("it holds no image: no file has pixel data")
    groups: dict[tuple[str, ...], list[Dataset]] = defaultdict(list)
    for dataset in images:
        kind = "/".join(dataset.get("ImageType", []))
        groups[str(dataset.get("SeriesInstanceUID", "")), kind].append(dataset)
    if len(groups) > 1:
        found = "; ".join(_describe(group) for group in groups.values())
        raise DataError(f"it holds {len(groups)} series ({found}); give a folder with one of them")
    return images


def _describe(group: Sequence[Dataset]) -> str:
    first = group[0]
    kind = "/".join(first.get("ImageType", [])) or "of unknown kind"
    name = first.get("SeriesDescription", "") or "without a description"
    return f"{first.get('SeriesNumber', '?')} '{name}' {kind}: {len(group)} files"


def _check_consistent(frames: Sequence[DicomFrame]) -> None:
    shapes = sorted({frame.pixels.shape for frame in frames})
    if len(shapes) > 1:
        raise DataError(f"its images must have one size (rows, columns), not {shapes}")
    placed = [frame for frame in frames if frame.orientation is not None]
    if placed and len(placed) < len(frames):
        raise DataError(f"{len(frames) - len(placed)} of its {len(frames)} images lack a position")
    first = placed[0].orientation if placed else None
    for frame in placed:
        if not np.allclose(frame.orientation or (), first or (), atol=1e-3):
            raise DataError("its images lie in different planes; give a folder with one of them")


def _grid(frames: Sequence[DicomFrame]) -> list[list[DicomFrame]]:
    """The images by slice, then by frame."""
    if frames[0].orientation is None:
        timed = all(frame.time is not None for frame in frames)
        # the last two are the number of the file and that of the image in it
        line = sorted(frames, key=lambda frame: frame.order[:1] + frame.order[-2:])
        return [line] if timed else [[frame] for frame in line]
    lines: list[list[DicomFrame]] = []
    for frame in sorted(frames, key=lambda frame: frame.depth):
        if lines and frame.depth - lines[-1][0].depth < SAME_POSITION:
            lines[-1].append(frame)
        else:
            lines.append([frame])
    counts = sorted({len(line) for line in lines})
    if len(counts) > 1:
        raise DataError(
            f"its {len(lines)} slices must have equally many images, but they have {counts}; "
            "are files missing?"
        )
    return [sorted(line, key=lambda frame: frame.order) for line in lines]


def _header(dataset: Dataset, grid: list[list[DicomFrame]]) -> Header:
    first, last, n_slices = grid[0][0], grid[-1][0], len(grid)
    step = (last.depth - first.depth) / (n_slices - 1) if n_slices > 1 else first.thickness
    times = tuple(frame.time for frame in grid[0])
    known = tuple(time for time in times if time is not None)
    notes = []
    gaps = np.diff([line[0].depth for line in grid])
    if n_slices > 2 and first.orientation is not None and np.ptp(gaps) > UNEVEN * step:
        notes.append("the slices are not evenly spaced; the mean distance is used")
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        notes.append("the grey scale was inverted (MONOCHROME1)")
    return Header(
        subject=str(dataset.get("PatientID", "")),
        anatomy=str(dataset.get("BodyPartExamined", "")).lower(),
        phase_axis=-1 if dataset.get("InPlanePhaseEncodingDirection") == "ROW" else -2,
        spacing=None if first.spacing is None else (step / 1e3, *_metres(first.spacing)),
        affine=first.affine(step),
        frame_times=known if len(known) == len(times) and _increasing(known) else (),
        echo_time=_number(dataset, "EchoTime", 1e-3),
        repetition_time=_number(dataset, "RepetitionTime", 1e-3),
        flip_angle=_number(dataset, "FlipAngle", float(torch.pi) / 180),
        field_strength=_number(dataset, "MagneticFieldStrength", 1.0),
        notes=tuple(notes),
    )


def _increasing(times: tuple[float, ...]) -> bool:
    return len(times) > 1 and all(a < b for a, b in pairwise(times))


def _metres(spacing: tuple[float, float]) -> tuple[float, float]:
    return spacing[0] / 1e3, spacing[1] / 1e3


def _number(dataset: Dataset, keyword: str, unit: float) -> float | None:
    value = dataset.get(keyword)
    return None if value in (None, "") else float(value) * unit
