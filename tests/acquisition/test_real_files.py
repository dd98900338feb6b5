"""Real measurements, where they lie beside the repository."""

from pathlib import Path

import h5py
import nibabel
import numpy as np
import pytest
import torch

from feathermr.acquisition import load
from feathermr.core.errors import DataError

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="no real data beside the repository")


def test_brain_kspace_needs_its_axes_named() -> None:
    path = DATA / "brain-kspace-8ch" / "cartesian_ksp.npy"
    with pytest.raises(DataError, match="layout"):
        load(path)
    scan = load(path, layout=("coil", "y", "x"))
    assert scan.kspace.shape == (1, 1, 8, 230, 180)
    assert scan.acceleration == pytest.approx(1 / 0.124, rel=0.01)
    assert scan.header.origin == "measured"


def test_the_heart_is_the_same_from_dicom_and_from_numpy() -> None:
    dicom = load(DATA / "cine-heart" / "dicom")
    assert dicom.reference.shape == (1, 20, 256, 256)
    archive = load(DATA / "cine-heart" / "sax_loc+005.69.npz")
    assert torch.equal(dicom.reference, archive.reference)
    assert dicom.header.frame_times == pytest.approx(archive.header.frame_times, abs=1e-3)
    assert dicom.header.spacing == pytest.approx((0.005, 0.0008203, 0.0008203))
    assert dicom.header.field_strength == 1.5
    assert dicom.header.phase_axis == -1


def test_matlab_images_are_not_transposed() -> None:
    path = DATA / "cardiac-images" / "im-01.mat"
    with h5py.File(path) as file:
        stored = file["im_ori"][()].T
    assert torch.equal(load(path).reference[0, 0], torch.from_numpy(stored).float())


def test_coil_maps_in_matlab_need_their_axes_named() -> None:
    path = DATA / "coil-maps-32ch" / "sens.mat"
    with pytest.raises(DataError, match=r"'sens' has the shape \(64, 64, 1, 32\)"):
        load(path)
    assert load(path, layout=("y", "x", "slice", "coil")).n_coils == 32


@pytest.mark.parametrize(
    ("name", "shape"),
    [("example4d.nii.gz", (24, 2, 96, 128)), ("anatomical.nii", (25, 1, 41, 33))],
)
def test_nifti_images_keep_their_place(name: str, shape: tuple[int, ...]) -> None:
    scan = load(DATA / "nifti" / name)
    assert scan.reference.shape == shape
    image = nibabel.load(DATA / "nifti" / name)
    assert np.allclose(np.array(scan.header.affine)[:3] * 1e3, image.affine[:3])
    values = np.asanyarray(image.dataobj)
    assert scan.reference[3, 0, 5, 7] == values[7, 5, 3, ...].flat[0]
