"""DICOM MR images: one file a slice and frame, in patient coordinates."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage, generate_uid
from pydicom.valuerep import DSfloat
from torch import Tensor

from feathermr.acquisition.geometry import affine_for, frame_interval
from feathermr.acquisition.record import Header
from feathermr.core.atomic import written_file, written_folder

#: largest stored value
FULL_SCALE = 65535
MANUFACTURER = "FeatherMR"


def write_dicom(image: Tensor, header: Header, path: Path) -> tuple[Path, ...]:
    """Magnitudes of (slice, frame, y, x) as 16-bit integers with one rescale slope for all.

    One image becomes the file ``path`` (``.dcm``); several become ``feathermr_000.dcm``, ... in a
    folder of the same name without the ending, slice by slice, frames fastest.
    """
    magnitude = image.abs().cpu().numpy().astype(np.float64)
    slope = float(_number(float(magnitude.max()) / FULL_SCALE or 1.0))
    stored = np.minimum(np.round(magnitude / slope), FULL_SCALE).astype(np.uint16)
    common = _common(magnitude, slope, header)
    affine = affine_for(header, (image.shape[0], image.shape[2], image.shape[3]))
    datasets = [
        _single(common, stored, (i, j), affine, header)
        for i, j in np.ndindex(stored.shape[0], stored.shape[1])
    ]
    if len(datasets) == 1:
        with written_file(path) as beside:
            datasets[0].save_as(beside, enforce_file_format=True)
        return (path,)
    folder = path.with_suffix("")
    digits = max(3, len(str(len(datasets) - 1)))  # names sort as their numbers do
    names = [f"feathermr_{number:0{digits}d}.dcm" for number in range(len(datasets))]
    with written_folder(folder, "feathermr_*.dcm") as beside:
        for name, dataset in zip(names, datasets, strict=True):
            dataset.save_as(beside / name, enforce_file_format=True)
    return tuple(folder / name for name in names)


def _number(value: float) -> DSfloat:
    """A decimal string of at most 16 characters."""
    return DSfloat(value, auto_format=True)


def _common(magnitude: npt.NDArray[np.float64], slope: float, header: Header) -> Dataset:
    """What all images of the series share."""
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.ImageType = ["DERIVED", "SECONDARY", "OTHER"]
    dataset.SOPClassUID = MRImageStorage
    dataset.StudyInstanceUID = generate_uid()
    dataset.SeriesInstanceUID = generate_uid()
    dataset.FrameOfReferenceUID = generate_uid()
    dataset.PatientName = header.subject
    dataset.PatientID = header.subject
    dataset.Modality = "MR"
    dataset.Manufacturer = MANUFACTURER
    dataset.SeriesDescription = f"FeatherMR of {header.source}"[:64]
    dataset.SeriesNumber = 1
    dataset.PatientPosition = "HFS"
    for keyword in ("StudyDate", "StudyTime", "StudyID", "AccessionNumber", "PatientBirthDate"):
        setattr(dataset, keyword, "")
    for keyword in ("ReferringPhysicianName", "PatientSex", "PositionReferenceIndicator"):
        setattr(dataset, keyword, "")
    dataset.ScanningSequence, dataset.SequenceVariant, dataset.ScanOptions = "RM", "NONE", ""
    dataset.MRAcquisitionType, dataset.EchoTrainLength = "2D", None
    _add_contrast(dataset, header)
    _add_timing(dataset, header, magnitude.shape[1])
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 16, 15
    dataset.PixelRepresentation = 0
    dataset.Rows, dataset.Columns = magnitude.shape[2:]
    dataset.RescaleSlope, dataset.RescaleIntercept = _number(slope), 0
    dataset.RescaleType = "US"
    white = float(np.quantile(magnitude, 0.995)) or slope
    dataset.WindowCenter, dataset.WindowWidth = _number(white / 2), _number(white)
    return dataset


def _add_contrast(dataset: Dataset, header: Header) -> None:
    """Times, angle and field; empty where the standard wants them and they are not known."""
    echo, repetition = header.echo_time, header.repetition_time
    dataset.EchoTime = None if echo is None else _number(echo * 1e3)
    dataset.RepetitionTime = None if repetition is None else _number(repetition * 1e3)
    if header.flip_angle is not None:
        dataset.FlipAngle = _number(float(np.degrees(header.flip_angle)))
    if header.field_strength is not None:
        dataset.MagneticFieldStrength = _number(header.field_strength)
    dataset.InPlanePhaseEncodingDirection = "ROW" if header.phase_axis == -1 else "COL"
    if header.anatomy.isascii():
        dataset.BodyPartExamined = header.anatomy.upper()[:16]


def _add_timing(dataset: Dataset, header: Header, n_frames: int) -> None:
    """Of a film: how many frames there are and how far apart they are, where it is known."""
    if n_frames < 2:
        return
    dataset.NumberOfTemporalPositions = dataset.CardiacNumberOfImages = n_frames
    interval = frame_interval(header, n_frames)
    if interval is not None:
        dataset.FrameTime = dataset.TemporalResolution = _number(interval * 1e3)
        dataset.RecommendedDisplayFrameRate = max(1, round(1 / interval))


def _single(
    common: Dataset,
    stored: npt.NDArray[np.uint16],
    index: tuple[int, int],
    affine: npt.NDArray[np.float64],
    header: Header,
) -> Dataset:
    """The image of slice and frame ``index``."""
    dataset = Dataset()
    dataset.update(common)
    number_slice, number_frame = index
    n_frames = stored.shape[1]
    columns = affine[:3] * 1e3
    columns[:2] *= -1  # right and front become left and back
    steps = np.linalg.norm(columns[:, :3], axis=0)
    position = columns[:, 3] + number_slice * columns[:, 2]
    directions = np.concatenate([columns[:, 0] / steps[0], columns[:, 1] / steps[1]])
    dataset.ImagePositionPatient = [_number(value) for value in position]
    dataset.ImageOrientationPatient = [_number(value) for value in directions]
    dataset.PixelSpacing = [_number(steps[1]), _number(steps[0])]
    dataset.SliceThickness = dataset.SpacingBetweenSlices = _number(steps[2])
    if frame_interval(header, n_frames) is not None:
        dataset.TriggerTime = _number(header.frame_times[number_frame] * 1e3)
    dataset.TemporalPositionIdentifier = number_frame + 1
    dataset.InstanceNumber = number_slice * n_frames + number_frame + 1
    dataset.SOPInstanceUID = generate_uid()
    dataset.PixelData = np.ascontiguousarray(stored[index], dtype="<u2").tobytes()
    dataset["PixelData"].VR = "OW"
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = MRImageStorage
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta = meta
    return dataset
