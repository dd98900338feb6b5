from pathlib import Path

import nibabel
import numpy as np
import pytest
import torch
from PIL import Image

from feathermr.acquisition import load
from feathermr.core.errors import DataError


def test_nifti_axes_are_x_y_slice_time(tmp_path: Path) -> None:
    values = np.arange(5 * 7 * 2 * 3, dtype=np.int16).reshape(5, 7, 2, 3)
    affine = np.array([[0, 2, 0, 1], [3, 0, 0, 2], [0, 0, 4.0, 3], [0, 0, 0, 1]])
    nifti = nibabel.Nifti1Image(values, affine)
    nifti.header.set_xyzt_units("mm", "msec")
    nifti.header["pixdim"][4] = 40
    nifti.header["toffset"] = 5
    nibabel.save(nifti, tmp_path / "a.nii")
    scan = load(tmp_path / "a.nii")
    assert torch.equal(scan.reference, torch.from_numpy(values.transpose(2, 3, 1, 0).astype("f4")))
    assert np.allclose(scan.header.affine, affine * [[1e-3], [1e-3], [1e-3], [1]])
    assert scan.header.spacing == pytest.approx((0.004, 0.002, 0.003))
    assert scan.header.frame_times == pytest.approx((0.005, 0.045, 0.085))


def test_nifti_in_two_files_of_version_two_and_of_one_slice(tmp_path: Path) -> None:
    values = np.arange(35, dtype=np.float64).reshape(5, 7)
    for image, name in (
        (nibabel.Nifti2Image(values, np.eye(4)), "b.nii.gz"),
        (nibabel.Nifti1Pair(values, np.eye(4)), "b.hdr"),
    ):
        nibabel.save(image, tmp_path / name)
        assert torch.equal(
            load(tmp_path / name).reference[0, 0], torch.from_numpy(values.T).float()
        )


def test_nifti_that_is_no_grey_image_is_refused(tmp_path: Path) -> None:
    colour = np.zeros((5, 7, 2), dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")])
    nibabel.save(nibabel.Nifti1Image(colour, np.eye(4)), tmp_path / "a.nii")
    with pytest.raises(DataError, match="colour"):
        load(tmp_path / "a.nii")
    nibabel.save(nibabel.Nifti1Image(np.ones((5, 7, 2, 3, 6), "f4"), np.eye(4)), tmp_path / "b.nii")
    with pytest.raises(DataError, match="x, y, slice and time"):
        load(tmp_path / "b.nii")


def test_sixteen_bits_are_kept(tmp_path: Path) -> None:
    values = (np.arange(35, dtype=np.uint16) * 1800).reshape(7, 5)
    Image.fromarray(values).save(tmp_path / "a.png")
    assert torch.equal(load(tmp_path / "a.png").reference[0, 0], torch.from_numpy(values).float())


def test_colours_become_luminance(tmp_path: Path) -> None:
    values = np.zeros((7, 5, 3), np.uint8)
    values[1, 2] = (255, 0, 0)
    values[3, 4] = (0, 255, 0)
    Image.fromarray(values).save(tmp_path / "a.png")
    image = load(tmp_path / "a.png").reference[0, 0]
    assert (int(image[1, 2]), int(image[3, 4])) == (76, 150)


def test_a_jpeg_is_an_image(tmp_path: Path) -> None:
    values = np.tile(np.arange(0, 160, 10, dtype=np.uint8), (24, 1))
    Image.fromarray(values).save(tmp_path / "a.jpg", quality=98)
    image = load(tmp_path / "a.jpg").reference[0, 0].numpy()
    assert np.abs(image - values).max() < 6


def test_a_folder_of_pictures_is_slices_in_counted_order(tmp_path: Path) -> None:
    for number in (10, 2, 1):
        values = np.full((7, 5), number, np.uint8)
        Image.fromarray(values).save(tmp_path / f"slice{number}.png")
    (tmp_path / "notes.txt").write_text("not a picture")
    (tmp_path / ".hidden").write_bytes(b"\xff\xd8\xff")
    scan = load(tmp_path)
    assert scan.reference[:, 0, 0, 0].tolist() == [1, 2, 10]
    Image.fromarray(np.ones((7, 6), np.uint8)).save(tmp_path / "slice11.png")
    with pytest.raises(DataError, match="one size"):
        load(tmp_path)


def test_a_folder_without_scans_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(DataError, match="1 files, but no DICOM"):
        load(tmp_path)


def test_an_animation_is_frames(tmp_path: Path) -> None:
    frames = [Image.fromarray(np.full((7, 5), 50 * i, np.uint8)) for i in (1, 2, 3)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:], duration=40)
    scan = load(tmp_path / "a.gif")
    assert scan.reference[0, :, 0, 0].tolist() == [50, 100, 150]
    assert scan.header.frame_times == pytest.approx((0, 0.04, 0.08))
