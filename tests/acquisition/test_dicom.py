from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
import torch
from pydicom.dataset import Dataset
from pydicom.uid import JPEG2000Lossless, generate_uid

from feathermr.acquisition import Header, load, save_image
from feathermr.core.errors import DataError

Change = Callable[[int, Dataset], None]


@pytest.fixture
def series(f_image: torch.Tensor, f_header: Header, tmp_path: Path) -> tuple[Path, ...]:
    """Two slices of three frames, written slice by slice."""
    return save_image(f_image, f_header, tmp_path / "image", "dicom")


def change(paths: tuple[Path, ...], edit: Change) -> Path:
    for i, path in enumerate(paths):
        dataset = pydicom.dcmread(path)
        edit(i, dataset)
        dataset.save_as(path)
    return paths[0].parent


def refused(paths: tuple[Path, ...], edit: Change, message: str) -> None:
    folder = change(paths, edit)
    with pytest.raises(DataError, match=message) as caught:
        load(folder)
    assert str(folder) in str(caught.value)


def test_slices_sort_by_position_and_frames_by_time(
    series: tuple[Path, ...], f_image: torch.Tensor
) -> None:
    folder = series[0].parent
    for i, path in enumerate(series):
        path.rename(folder / f"{(7 * i) % 6}-{i}")
    scan = load(folder)
    assert torch.allclose(scan.reference, f_image, atol=1e-4)
    assert scan.header.origin == "image"
    assert scan.header.subject == "someone"
    assert scan.header.anatomy == "heart"
    assert scan.header.echo_time == pytest.approx(0.0015)
    assert scan.header.flip_angle == pytest.approx(0.5)


def test_one_file_is_one_image(series: tuple[Path, ...], f_image: torch.Tensor) -> None:
    scan = load(series[4])
    assert torch.allclose(scan.reference[0, 0], f_image[1, 1], atol=1e-4)
    assert scan.header.spacing == pytest.approx((0.008, 0.002, 0.0015))


def test_slope_and_intercept_are_applied(series: tuple[Path, ...]) -> None:
    stored = pydicom.dcmread(series[0]).pixel_array

    def edit(i: int, dataset: Dataset) -> None:
        dataset.RescaleSlope, dataset.RescaleIntercept = "0.25", "3"

    scan = load(change(series, edit) / "feathermr_000.dcm")
    assert np.allclose(scan.reference[0, 0].numpy(), stored * 0.25 + 3)


def test_inverted_grey_is_turned(series: tuple[Path, ...]) -> None:
    stored = pydicom.dcmread(series[0]).pixel_array

    def edit(i: int, dataset: Dataset) -> None:
        dataset.PhotometricInterpretation = "MONOCHROME1"
        dataset.RescaleSlope = "1"

    scan = load(change(series, edit) / "feathermr_000.dcm")
    assert np.array_equal(scan.reference[0, 0].numpy(), 65535.0 - stored)
    assert any("inverted" in note for note in scan.header.notes)


def test_rows_phase_encoding_is_along_x(series: tuple[Path, ...]) -> None:
    def edit(i: int, dataset: Dataset) -> None:
        dataset.InPlanePhaseEncodingDirection = "ROW"

    assert pydicom.dcmread(series[0]).InPlanePhaseEncodingDirection == "COL"
    assert load(series[0]).header.phase_axis == -2
    assert load(change(series, edit)).header.phase_axis == -1


def test_without_a_position_files_are_slices_in_their_order(
    series: tuple[Path, ...], f_image: torch.Tensor
) -> None:
    def edit(i: int, dataset: Dataset) -> None:
        del dataset.ImagePositionPatient, dataset.TriggerTime, dataset.FrameTime

    scan = load(change(series, edit))
    assert torch.allclose(scan.reference[:, 0], f_image.flatten(0, 1), atol=1e-4)
    assert scan.header.affine is None


def test_without_trigger_times_the_position_in_time_and_the_frame_time_tell(
    series: tuple[Path, ...], f_image: torch.Tensor
) -> None:
    def edit(i: int, dataset: Dataset) -> None:
        del dataset.TriggerTime
        dataset.InstanceNumber = 6 - i

    scan = load(change(series, edit))
    assert torch.allclose(scan.reference, f_image, atol=1e-4)
    assert scan.header.frame_times == pytest.approx((0.0, 0.04, 0.08))


def enhanced(series: tuple[Path, ...], path: Path, order: list[int]) -> Path:
    """The images of a series as one multi-frame file, in ``order``."""
    files = [pydicom.dcmread(series[i]) for i in order]
    whole = pydicom.dcmread(series[0])
    whole.NumberOfFrames = len(files)
    whole.PixelData = b"".join(file.PixelData for file in files)
    shared = Dataset()
    shared.PlaneOrientationSequence = [Dataset()]
    shared.PlaneOrientationSequence[0].ImageOrientationPatient = whole.ImageOrientationPatient
    shared.PixelMeasuresSequence = [Dataset()]
    shared.PixelMeasuresSequence[0].PixelSpacing = whole.PixelSpacing
    shared.PixelMeasuresSequence[0].SliceThickness = whole.SliceThickness
    whole.SharedFunctionalGroupsSequence = [shared]
    whole.PerFrameFunctionalGroupsSequence = []
    for file in files:
        group = Dataset()
        group.PlanePositionSequence = [Dataset()]
        group.PlanePositionSequence[0].ImagePositionPatient = file.ImagePositionPatient
        group.CardiacSynchronizationSequence = [Dataset()]
        delay = float(file.TriggerTime)
        group.CardiacSynchronizationSequence[0].NominalCardiacTriggerDelayTime = delay
        group.PixelValueTransformationSequence = [Dataset()]
        group.PixelValueTransformationSequence[0].RescaleSlope = file.RescaleSlope
        group.PixelValueTransformationSequence[0].RescaleIntercept = "0"
        whole.PerFrameFunctionalGroupsSequence.append(group)
    for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"):
        delattr(whole, keyword)
    for keyword in ("RescaleSlope", "TriggerTime", "SpacingBetweenSlices", "SliceThickness"):
        delattr(whole, keyword)
    whole.save_as(path)
    return path


def test_multi_frame_files_are_sorted_too(
    series: tuple[Path, ...], f_image: torch.Tensor, f_header: Header, tmp_path: Path
) -> None:
    scan = load(enhanced(series, tmp_path / "all.dcm", [3, 1, 4, 0, 5, 2]))
    assert torch.allclose(scan.reference, f_image, atol=1e-4)
    assert np.allclose(scan.header.affine, f_header.affine)
    assert scan.header.frame_times == pytest.approx((0, 0.04, 0.08))


def test_several_series_are_named(series: tuple[Path, ...]) -> None:
    other = generate_uid()

    def edit(i: int, dataset: Dataset) -> None:
        if i > 3:
            dataset.SeriesInstanceUID = other
            dataset.SeriesNumber, dataset.SeriesDescription = 8, "scout"

    refused(series, edit, r"2 series .*: 4 files; 8 'scout' .*: 2 files")


def test_magnitude_and_phase_in_one_series_are_refused(series: tuple[Path, ...]) -> None:
    def edit(i: int, dataset: Dataset) -> None:
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "P" if i % 2 else "M"]

    refused(series, edit, "ORIGINAL/PRIMARY/P")


def test_a_missing_file_is_noticed(series: tuple[Path, ...]) -> None:
    series[2].unlink()
    with pytest.raises(DataError, match="equally many images"):
        load(series[0].parent)


def test_unequal_sizes_and_planes_are_refused(series: tuple[Path, ...]) -> None:
    def turn(i: int, dataset: Dataset) -> None:
        if i == 3:
            dataset.ImageOrientationPatient = [0, 1, 0, 0, 0, 1]

    refused(series, turn, "different planes")

    def cut(i: int, dataset: Dataset) -> None:
        if i == 3:
            dataset.Rows = 12
            dataset.PixelData = dataset.PixelData[: 12 * 10 * 2]

    refused(series, cut, "one size")


def test_colour_is_refused(series: tuple[Path, ...]) -> None:
    def edit(i: int, dataset: Dataset) -> None:
        dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 3, "RGB"

    refused(series, edit, "colour")


def test_compression_that_cannot_be_decoded_is_named(series: tuple[Path, ...]) -> None:
    dataset = pydicom.dcmread(series[0])
    dataset.file_meta.TransferSyntaxUID = JPEG2000Lossless
    dataset.PixelData = pydicom.encaps.encapsulate([b"\xff\x4f\xff\x51 nothing that decodes "])
    dataset["PixelData"].is_undefined_length = True
    dataset.save_as(series[0])
    with pytest.raises(DataError, match=r"compression \(JPEG 2000.*decompress it first"):
        load(series[0])


def test_cut_pixels_are_refused(series: tuple[Path, ...]) -> None:
    def edit(i: int, dataset: Dataset) -> None:
        dataset.PixelData = dataset.PixelData[:-20]

    refused(series, edit, "damaged")


def test_a_file_without_an_image_is_refused(series: tuple[Path, ...]) -> None:
    def edit(i: int, dataset: Dataset) -> None:
        del dataset.PixelData

    refused(series, edit, "no image")
