from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import h5py
import nibabel
import numpy as np
import pydicom
import pytest
import torch
from PIL import Image

from feathermr.acquisition import IMAGE_FORMATS, Header, load, save_image
from feathermr.acquisition.geometry import affine_for
from feathermr.core.errors import DataError, UsageError
from ffmpeg import NEEDS_FFMPEG, decoded


def _npy(paths: tuple[Path, ...]) -> np.ndarray:
    return np.abs(np.load(paths[0]))


def _nifti(paths: tuple[Path, ...]) -> np.ndarray:
    return np.asanyarray(nibabel.load(paths[0]).dataobj).transpose(2, 3, 1, 0)


def _dicom(paths: tuple[Path, ...]) -> np.ndarray:
    files = [pydicom.dcmread(path) for path in paths]
    return np.stack([f.pixel_array * float(f.RescaleSlope) for f in files]).reshape(2, 3, 13, 10)


def _png(paths: tuple[Path, ...]) -> np.ndarray:
    return np.stack([np.asarray(Image.open(path)) for path in paths]).reshape(2, 3, 13, 10)


def _h5(paths: tuple[Path, ...]) -> np.ndarray:
    with h5py.File(paths[0]) as file:
        return file["reconstruction"][()]


def _gif(paths: tuple[Path, ...]) -> np.ndarray:
    films = []
    for path in paths:
        with Image.open(path) as film:
            frames = []
            for i in range(film.n_frames):
                film.seek(i)
                frames.append(np.asarray(film.convert("L")))
        films.append(frames)
    return np.array(films)


def _mp4(paths: tuple[Path, ...]) -> np.ndarray:
    return np.stack([decoded(path, 14, 10)[:3, :13] for path in paths])


READERS: dict[str, tuple[Callable[[tuple[Path, ...]], np.ndarray], float]] = {
    "npy": (_npy, 0.0),
    "nifti": (_nifti, 0.0),
    "dicom": (_dicom, 3e-5),
    "png": (_png, 4e-3),
    "h5": (_h5, 0.0),
    "gif": (_gif, 8e-3),
    "mp4": (_mp4, 6e-2),
}


def test_every_format_has_a_case_here() -> None:
    assert set(READERS) == set(IMAGE_FORMATS)


FORMATS = [
    pytest.param(name, marks=NEEDS_FFMPEG if name == "mp4" else ()) for name in IMAGE_FORMATS
]


@pytest.mark.parametrize("name", FORMATS)
def test_orientation_slices_and_frames_are_kept(
    f_image: torch.Tensor, f_header: Header, tmp_path: Path, name: str
) -> None:
    phase = torch.polar(torch.ones_like(f_image), f_image)
    paths = save_image(f_image * phase, f_header, tmp_path / "image", name)
    assert all(path.is_file() for path in paths)
    read, tolerance = READERS[name]
    values = read(paths).astype(float)
    wanted = f_image.numpy()
    if name in ("png", "gif", "mp4"):
        white = np.sort(wanted.ravel())[round(0.995 * wanted.size) - 1]
        wanted, values = np.minimum(wanted / white, 1), values / 255
    assert values.shape == wanted.shape
    assert np.abs(values - wanted).max() <= max(tolerance * wanted.max(), 1e-6)


@pytest.mark.parametrize("name", FORMATS)
def test_a_single_image_is_a_single_file(f_image: torch.Tensor, tmp_path: Path, name: str) -> None:
    paths = save_image(f_image[:1, :1], Header(), tmp_path / "one", name)
    assert paths == (tmp_path / f"one{IMAGE_FORMATS[name].endings[0]}",)
    assert list(tmp_path.iterdir()) == list(paths)


@pytest.mark.parametrize("name", ["nifti", "dicom"])
def test_place_and_time_come_back(
    f_image: torch.Tensor, f_header: Header, tmp_path: Path, name: str
) -> None:
    paths = save_image(f_image, f_header, tmp_path / "image", name)
    back = load(paths[0] if name == "nifti" else paths[0].parent)
    assert torch.allclose(back.reference, f_image, atol=1e-4)
    assert np.allclose(back.header.affine, f_header.affine, atol=1e-7)
    assert back.header.spacing == pytest.approx((0.008, 0.002, 0.0015), abs=1e-7)
    assert back.header.frame_times == pytest.approx(f_header.frame_times, abs=1e-6)


def test_nifti_units_are_millimetres_and_seconds(
    f_image: torch.Tensor, f_header: Header, tmp_path: Path
) -> None:
    (path,) = save_image(f_image, f_header, tmp_path / "image", "nifti")
    nifti = nibabel.load(path)
    assert nifti.header.get_xyzt_units() == ("mm", "sec")
    assert nifti.header.get_zooms() == pytest.approx((1.5, 2.0, 8.0, 0.04))
    assert nifti.affine[:3, 3] == pytest.approx([20.0, -30.0, 50.0])
    assert nifti.get_data_dtype() == np.float32


def test_dicom_files_are_valid_mr_images(
    f_image: torch.Tensor, f_header: Header, tmp_path: Path
) -> None:
    paths = save_image(f_image, f_header, tmp_path / "image", "dicom")
    files = [pydicom.dcmread(path) for path in paths]
    assert [path.name for path in paths] == [f"feathermr_{i:03d}.dcm" for i in range(6)]
    assert len({file.SOPInstanceUID for file in files}) == 6
    assert len({file.SeriesInstanceUID for file in files}) == 1
    required = (
        "PatientName PatientID PatientBirthDate PatientSex StudyInstanceUID StudyDate StudyTime "
        "ReferringPhysicianName StudyID AccessionNumber Modality SeriesInstanceUID SeriesNumber "
        "FrameOfReferenceUID PositionReferenceIndicator Manufacturer InstanceNumber PixelSpacing "
        "ImageOrientationPatient ImagePositionPatient SliceThickness ImageType ScanningSequence "
        "SequenceVariant ScanOptions MRAcquisitionType EchoTime EchoTrainLength SamplesPerPixel "
        "PhotometricInterpretation Rows Columns BitsAllocated BitsStored HighBit "
        "PixelRepresentation SOPClassUID SOPInstanceUID"
    )
    for number, file in enumerate(files):
        assert [name for name in required.split() if name not in file] == []
        assert file.file_meta.MediaStorageSOPInstanceUID == file.SOPInstanceUID
        assert file.SOPClassUID == pydicom.uid.MRImageStorage
        assert file.InstanceNumber == number + 1
        assert float(file.TriggerTime) == pytest.approx(40.0 * (number % 3))
        assert list(file.PixelSpacing) == [2.0, 1.5]
    first, second = (np.array(files[i].ImagePositionPatient, dtype=float) for i in (0, 3))
    assert first == pytest.approx([-20.0, 30.0, 50.0])
    assert np.linalg.norm(second - first) == pytest.approx(8.0)


def test_tiny_and_huge_magnitudes_survive_dicom(f_image: torch.Tensor, tmp_path: Path) -> None:
    for scale in (1e-9, 1e9):
        (path,) = save_image(f_image[:1, :1] * scale, Header(), tmp_path / "one", "dicom")
        assert torch.allclose(load(path).reference, f_image[:1, :1] * scale, rtol=1e-3)


def test_a_second_run_replaces_the_folder_of_the_first(
    f_image: torch.Tensor, tmp_path: Path
) -> None:
    save_image(f_image, Header(), tmp_path / "image", "dicom")
    paths = save_image(f_image[:, :1], Header(), tmp_path / "image", "dicom")
    assert sorted((tmp_path / "image").iterdir()) == list(paths)
    assert [entry.name for entry in tmp_path.iterdir()] == ["image"]


def test_a_folder_with_other_files_is_left_alone(f_image: torch.Tensor, tmp_path: Path) -> None:
    (tmp_path / "image").mkdir()
    (tmp_path / "image" / "thesis.txt").write_text("mine")
    with pytest.raises(DataError, match=r"thesis\.txt"):
        save_image(f_image, Header(), tmp_path / "image", "dicom")
    assert [entry.name for entry in (tmp_path / "image").iterdir()] == ["thesis.txt"]


def test_the_window_of_a_png_is_stated(f_image: torch.Tensor, tmp_path: Path) -> None:
    paths = save_image(f_image, Header(), tmp_path / "image", "png")
    assert paths[0].name == "image_000.png"
    with Image.open(paths[0]) as picture:
        assert "99.5th percentile" in picture.text["Window"]


def test_a_cropped_image_keeps_its_center_in_place(f_header: Header) -> None:
    shown = replace(f_header, image_shape=(7, 4))
    small = affine_for(shown, (2, 7, 4)) @ [4 // 2, 7 // 2, 1, 1]
    large = affine_for(shown, (2, 13, 10)) @ [10 // 2, 13 // 2, 1, 1]
    assert small == pytest.approx(large)


def test_bad_images_are_refused(f_image: torch.Tensor, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="did you mean 'nifti'"):
        save_image(f_image, Header(), tmp_path / "image", "nifty")
    with pytest.raises(DataError, match="slice, frame, y, x"):
        save_image(f_image[0], Header(), tmp_path / "image", "npy")
    with pytest.raises(DataError, match="NaN"):
        save_image(f_image * float("nan"), Header(), tmp_path / "image", "png")
    assert list(tmp_path.iterdir()) == []
