"""Finer images from the command line, and where their pixels lie."""

import re
from pathlib import Path

import h5py
import nibabel
import numpy as np
import pydicom
import pytest
import torch
from PIL import Image

import feathermr
import synthetic
from commands import Run
from feathermr.models.weights import SHIPPED, save_weights

FINER = ("--task", "super-resolution")
#: oblique; voxel (x, y, slice) to patient, metres
AFFINE = (
    (-0.0012, 0.0009, 0.0, 0.02),
    (-0.0009, -0.0012, 0.0, -0.03),
    (0.0, 0.0, 0.008, 0.05),
    (0.0, 0.0, 0.0, 1.0),
)
HEADER = feathermr.Header(subject="s1", spacing=(0.008, 0.0015, 0.0015), affine=AFFINE)
SHAPE = (19, 16)


@pytest.fixture
def volume() -> torch.Tensor:
    return synthetic.anatomy(3, 1, *SHAPE).abs()


@pytest.fixture(autouse=True)
def _nothing_ships(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the default is the same whatever ships."""
    monkeypatch.delitem(SHIPPED, "chpnet-x2", raising=False)  # type: ignore[arg-type]


def nifti_affine(path: Path) -> np.ndarray:
    return np.asarray(nibabel.load(path).affine)


def dicom_affine(folder: Path) -> np.ndarray:
    """Voxel (x, y, slice) to patient in millimetres, as a viewer finds it."""
    files = [pydicom.dcmread(path) for path in sorted(folder.glob("*.dcm"))]
    first, second = (np.array(file.ImagePositionPatient, dtype=float) for file in files[:2])
    directions = np.array(files[0].ImageOrientationPatient, dtype=float).reshape(2, 3)
    rows, columns = map(float, files[0].PixelSpacing)
    affine = np.eye(4)
    affine[:3] = np.stack([directions[0] * columns, directions[1] * rows, second - first, first], 1)
    return affine


def landmarks(shape: tuple[int, int], kernel: str) -> np.ndarray:
    """Voxels (x, y, slice, 1) that a kernel leaves in place, in the third slice."""
    height, width = shape
    if kernel == "truncation":
        return np.array([[width // 2, height // 2, 2, 1]], dtype=float).T
    corners = [(-0.5, -0.5), (width - 0.5, -0.5), (-0.5, height - 0.5), (width - 0.5, height - 0.5)]
    return np.array([[*corner, 2, 1] for corner in corners]).T


def check_place(coarse: np.ndarray, fine: np.ndarray, scale: int, kernel: str) -> None:
    moved = fine @ landmarks((SHAPE[0] * scale, SHAPE[1] * scale), kernel)
    assert np.allclose(moved, coarse @ landmarks(SHAPE, kernel), atol=1e-4)
    assert np.allclose(fine[:3, :2] * scale, coarse[:3, :2], atol=1e-6)
    assert np.allclose(fine[:3, 2], coarse[:3, 2], atol=1e-6)


@pytest.mark.parametrize("kernel", ["truncation", "bicubic"])
@pytest.mark.parametrize("scale", [2, 3])
def test_a_volume_of_nifti_keeps_its_place(
    run: Run, volume: torch.Tensor, kernel: str, scale: int
) -> None:
    feathermr.save_image(volume, HEADER, "volume", "nifti")
    words = ("--scale", scale, "--kernel", kernel, "-m", "bicubic", "--format", "nifti")
    ran = run("reconstruct", "volume.nii.gz", *FINER, *words)
    assert ran.code == 0, ran.err
    made = nibabel.load("out/volume/image.nii.gz")
    assert made.shape == (16 * scale, 19 * scale, 3)
    assert made.header.get_zooms() == pytest.approx((1.5 / scale, 1.5 / scale, 8.0))
    check_place(
        nifti_affine(Path("volume.nii.gz")), nifti_affine(Path("out/volume/image.nii.gz")),
        scale, kernel,
    )  # fmt: skip


@pytest.mark.parametrize("kernel", ["truncation", "bicubic"])
def test_a_series_of_dicom_keeps_its_place(run: Run, volume: torch.Tensor, kernel: str) -> None:
    feathermr.save_image(volume, HEADER, "series", "dicom")
    words = ("-m", "zero-fill-interpolation", "--kernel", kernel, "--format", "dicom")
    ran = run("reconstruct", "series", *FINER, *words)
    assert ran.code == 0, ran.err
    first = pydicom.dcmread("out/series/image/feathermr_000.dcm")
    assert (first.Rows, first.Columns) == (38, 32)
    assert list(first.PixelSpacing) == [0.75, 0.75]
    assert float(first.SpacingBetweenSlices) == 8
    check_place(dicom_affine(Path("series")), dicom_affine(Path("out/series/image")), 2, kernel)


def test_a_picture_of_eight_bits_becomes_one(run: Run, volume: torch.Tensor) -> None:
    feathermr.save_image(volume[:1], HEADER, "picture", "png")
    ran = run("reconstruct", "picture.png", *FINER)
    assert ran.code == 0, ran.err
    assert "tv-super-resolution, the default for a scale of 2" in ran.out
    with Image.open("out/picture/image.png") as made:
        assert (made.size, made.mode) == ((32, 38), "L")
    assert np.load("out/picture/image.npy").shape == (1, 1, 38, 32)
    page = Path("out/picture/report.html").read_text()
    assert "19 x 16 to 38 x 32 (y x x)" in page
    assert "zero-fill-interpolation is the input of low resolution, interpolated" in page
    assert "was not measured but estimated" in page
    assert "acceleration" not in page.partition("<main>")[0].partition("<body>")[2]
    assert "scale = 2, kernel = truncation" in page
    assert "<dt>Task</dt><dd>super-resolution</dd>" in page
    assert 'id="sampling"' not in page


def test_hdf5_says_how_large_the_pixels_are(run: Run, volume: torch.Tensor) -> None:
    feathermr.save_image(volume, HEADER, "volume", "nifti")
    run("reconstruct", "volume.nii.gz", *FINER, "-m", "bicubic", "--format", "h5,nifti")
    with h5py.File("out/volume/image.h5") as file:
        made = file["reconstruction"]
        assert made.shape == (3, 38, 32)
        assert made.attrs["spacing"] == pytest.approx([0.008, 0.00075, 0.00075])
        millimetres = np.diag([1e3, 1e3, 1e3, 1]) @ made.attrs["affine"]
    assert millimetres == pytest.approx(nifti_affine(Path("out/volume/image.nii.gz")), abs=1e-4)


def test_a_complete_scan_is_made_finer_and_one_with_gaps_is_not(run: Run, scans: Path) -> None:
    ran = run("reconstruct", scans / "brain.h5", *FINER, "-m", "bicubic")
    assert ran.code == 0, ran.err
    assert np.load("out/brain/image.npy").shape == (2, 1, 80, 96)
    ran = run("reconstruct", scans / "sparse.npy", "--layout", "coil,y,x", *FINER)
    assert ran.code == 1
    assert "reconstruct it first and give the image" in ran.err
    assert ran.err.count("\n") == 1
    assert not Path("out/sparse").exists()


def test_a_series_of_frames_is_made_finer(run: Run, scans: Path) -> None:
    ran = run("reconstruct", scans / "heart.mrd", *FINER, "-m", "bicubic", "--format", "npy,gif")
    assert ran.code == 0, ran.err
    assert np.load("out/heart/image.npy").shape == (1, 6, 80, 96)


def trained(folder: str, seed: int, name: str, **settings: int) -> None:
    state = feathermr.build(name, settings, seed).state_dict()
    save_weights(Path(folder) / "model.safetensors", state, name, settings, {})


def error_maps(page: Path) -> list[str]:
    """Names below the error maps of a page, in order."""
    figures = re.findall(
        r'data-image="error-\d+" data-view="whole".*?<span>(.*?)</span>', page.read_text()
    )
    return list(dict.fromkeys(figures))


def test_teacher_and_student_are_compared_with_what_the_image_was(
    run: Run, volume: torch.Tensor
) -> None:
    feathermr.save_image(volume, HEADER, "volume", "nifti")
    for seed, name in enumerate(("teacher", "student")):
        trained(f"runs/{name}", seed, "chpnet", scale=2, steps=1, width=8, depth=0)
    ran = run(
        "reconstruct", "volume.nii.gz", *FINER, "-m", "runs/teacher,runs/student", "--retrospective"
    )
    assert ran.code == 0, ran.err
    assert error_maps(Path("out/volume/report.html")) == [
        "zero-fill-interpolation", "teacher", "student",
    ]  # fmt: skip
    assert np.load("out/volume/image-teacher.npy").shape == (3, 1, 18, 16)
    assert np.load("out/volume/image.npy").shape == (3, 1, 18, 16)
    assert all(word in ran.out for word in ("teacher", "student", "psnr", "cropped to 18 x 16"))
    # the fine image lies where the file's own does, but for the row that was cropped
    run(
        "reconstruct",
        "volume.nii.gz",
        *FINER,
        "-m",
        "bicubic",
        "--retrospective",
        "--format",
        "nifti",
    )
    file, made = nifti_affine(Path("volume.nii.gz")), nifti_affine(Path("out/volume/image.nii.gz"))
    assert np.allclose(made @ [8, 9, 0, 1], file @ [8, 9, 0, 1], atol=1e-4)
    assert np.allclose(made[:3, :3], file[:3, :3], atol=1e-6)


def test_trained_runs_of_reconstruction_have_error_maps_with_names_of_their_own(
    run: Run, scans: Path
) -> None:
    for seed, folder in enumerate(("runs/one", "more/one", "runs/kronecker-unet", "runs/two")):
        trained(folder, seed, "kronecker-cascade", steps=1, width=8, levels=2)
    names = ["runs/one", "more/one", "runs/kronecker-unet", "runs/two"]
    words = ("--acceleration", 3, "-m", ",".join(names))
    ran = run("reconstruct", scans / "picture.png", *words)
    assert ran.code == 0, ran.err
    # by the last part, where nothing else is called so
    assert error_maps(Path("out/picture/report.html")) == ["zero-filled", *names[:3], "two"]
    files = {path.name for path in Path("out/picture").glob("*.npy")}
    assert files == {
        "image-runs-one.npy", "image-more-one.npy", "image-runs-kronecker-unet.npy", "image.npy",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--scale", "2"], "give --task super-resolution too"),
        (["--scale", "2", "-m", "tv"], "give --task super-resolution too"),
        (["--retrospective"], "give --task super-resolution too"),
        (["-m", "bicubic"], "'bicubic' is a method of super-resolution"),
        ([*FINER, "-m", "tv"], "'tv' is a method of reconstruction"),
        ([*FINER, "-m", "bicubc"], "did you mean 'bicubic'"),
        ([*FINER, "-m", "chpnet", "--scale", "3"], "no trained chpnet ships for a scale of 3"),
        ([*FINER, "--scale", "5"], "invalid choice"),
        ([*FINER, "--scale", "two"], "invalid int value"),
        ([*FINER, "--kernel", "lanczos"], "invalid choice"),
        ([*FINER, "--acceleration", "4"], "takes complete scans"),
        ([*FINER, "--mask", "mask.npy"], "takes complete scans"),
        ([*FINER, "-m", "bicubic", "--set", "scale=3"], "not to --set"),
        (["--task", "denoising"], "invalid choice"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_does_not_go_together_is_said_before_the_scan_is_looked_for(
    run: Run, words: list[str], sentence: str
) -> None:
    ran = run("reconstruct", "not-there.png", *words)
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert sentence in ran.err
