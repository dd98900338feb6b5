"""One image of a DICOM file, of the classic kind (an image a file) or of the multi-frame kind."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from feathermr.acquisition.geometry import Affine, affine_rows
from feathermr.core.errors import DataError

Dataset = Any


@dataclass(frozen=True)
class DicomFrame:
    """An image with its place and time, in DICOM's units.

    Attributes:
        pixels: (y, x), rescaled.
        orientation: direction of a row and of a column (6 numbers), patient's left, back, head.
        position: of the first pixel, millimetres.
        spacing: between rows and between columns, millimetres.
        thickness: distance to the next slice, millimetres; 1 when unknown.
        time: after the trigger, seconds.
        order: what sorts the images of one slice.
    """

    pixels: npt.NDArray[np.float64]
    orientation: tuple[float, ...] | None
    position: tuple[float, ...]
    spacing: tuple[float, float] | None
    thickness: float
    time: float | None
    order: tuple[float, ...]

    @property
    def normal(self) -> npt.NDArray[np.float64]:
        """Direction of increasing slices."""
        if self.orientation is None:
            return np.array([0.0, 0.0, 1.0])
        return np.cross(self.orientation[:3], self.orientation[3:])

    @property
    def depth(self) -> float:
        """Position along the normal, millimetres."""
        return float(np.dot(self.normal, self.position))

    def affine(self, step: float) -> Affine | None:
        """Voxel index (x, y, slice, 1) to RAS metres, for slices ``step`` millimetres apart."""
        if self.orientation is None or self.spacing is None:
            return None
        affine = np.eye(4)
        affine[:3, 0] = np.array(self.orientation[:3]) * self.spacing[1]
        affine[:3, 1] = np.array(self.orientation[3:]) * self.spacing[0]
        affine[:3, 2] = self.normal * step
        affine[:3, 3] = self.position
        affine[:3] *= 1e-3
        affine[:2] *= -1  # left and back become right and front
        return affine_rows(affine)


def frames_of(dataset: Dataset) -> list[DicomFrame]:
    """The images of one file.

    Raises:
        DataError: colour, or pixels that cannot be decoded.
    """
    stored = _pixels(dataset)
    return [_frame(dataset, pixels, index) for index, pixels in enumerate(stored)]


def _pixels(dataset: Dataset) -> npt.NDArray[np.float64]:
    """(frame, y, x) as stored."""
    colour = dataset.get("SamplesPerPixel", 1) != 1
    if colour or dataset.PhotometricInterpretation not in ("MONOCHROME1", "MONOCHROME2"):
        raise DataError(
            f"it is a colour image ({dataset.PhotometricInterpretation}); only grey images can be "
            "read"
        )
    try:
        pixels = dataset.pixel_array
    except Exception as error:
        syntax = dataset.file_meta.TransferSyntaxUID
        if syntax.is_compressed:
            raise DataError(
                f"its compression ({syntax.name}) cannot be decoded here; decompress it first, "
                "e.g. with dcmdjpeg or gdcmconv --raw"
            ) from error
        raise DataError(f"its pixel data are damaged: {error}") from error
    return np.asarray(pixels, dtype=np.float64).reshape(-1, dataset.Rows, dataset.Columns)


def _frame(dataset: Dataset, pixels: npt.NDArray[np.float64], index: int) -> DicomFrame:
    groups = _groups(dataset, index)
    rescale = _first(groups, "PixelValueTransformationSequence")
    slope = float(rescale.get("RescaleSlope", None) or 1)
    values = pixels * slope + float(rescale.get("RescaleIntercept", None) or 0)
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        stored_range = 2.0**dataset.BitsStored - 1 - dataset.get("PixelRepresentation", 0)
        values = stored_range * slope - values
    plane = _first(groups, "PlaneOrientationSequence").get("ImageOrientationPatient")
    position = _first(groups, "PlanePositionSequence").get("ImagePositionPatient")
    measures = _first(groups, "PixelMeasuresSequence")
    spacing = measures.get("PixelSpacing")
    distance = measures.get("SpacingBetweenSlices") or measures.get("SliceThickness")
    placed = plane is not None and position is not None
    time = _time(dataset, groups, index)
    return DicomFrame(
        pixels=values,
        orientation=tuple(float(value) for value in plane) if placed else None,
        position=tuple(float(value) for value in position) if placed else (0.0, 0.0, 0.0),
        spacing=None if spacing is None else (float(spacing[0]), float(spacing[1])),
        thickness=abs(float(distance or 1)),
        time=time,
        order=(-1.0 if time is None else time, *_counters(dataset, groups), float(index)),
    )


def _groups(dataset: Dataset, index: int) -> list[Dataset]:
    """Where the facts of one image are kept, the nearest first."""
    groups = []
    if "PerFrameFunctionalGroupsSequence" in dataset:
        groups.append(dataset.PerFrameFunctionalGroupsSequence[index])
    if "SharedFunctionalGroupsSequence" in dataset:
        groups += list(dataset.SharedFunctionalGroupsSequence[:1])
    return [*groups, dataset]


def _first(groups: list[Dataset], sequence: str) -> Dataset:
    """The item of ``sequence`` of one image; a classic file keeps its facts at the top."""
    for group in groups:
        if group.get(sequence):
            return group[sequence][0]
    return groups[-1]


def _time(dataset: Dataset, groups: list[Dataset], index: int) -> float | None:
    """Time after the trigger in seconds."""
    delay = _first(groups, "CardiacSynchronizationSequence").get("NominalCardiacTriggerDelayTime")
    if delay is None:
        delay = dataset.get("TriggerTime")
    if delay is None and dataset.get("FrameTime") is not None:
        alone = int(dataset.get("NumberOfFrames") or 1) == 1
        number = dataset.get("TemporalPositionIdentifier") if alone else index + 1
        delay = None if number is None else (int(number) - 1) * float(dataset.FrameTime)
    return None if delay in (None, "") else float(delay) / 1e3


def _counters(dataset: Dataset, groups: list[Dataset]) -> tuple[float, ...]:
    content = _first(groups, "FrameContentSequence")
    values = (
        content.get("TemporalPositionIndex") or dataset.get("TemporalPositionIdentifier"),
        content.get("FrameAcquisitionNumber") or dataset.get("AcquisitionNumber"),
        str(dataset.get("AcquisitionTime", "")).replace(":", ""),
        dataset.get("InstanceNumber"),
    )
    return tuple(float(value) if value not in (None, "") else 0.0 for value in values)
