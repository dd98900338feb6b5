"""The commands on measured data, where it is there."""

from pathlib import Path

import numpy as np
import pytest
import torch

import feathermr
from commands import Run
from feathermr.core.fft import ifft


def correlation(one: "np.ndarray", other: "np.ndarray") -> float:
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


def unevenness(image: "np.ndarray") -> float:
    """Brightest over darkest quadrant of the brain."""
    head = image[60:180, 40:140]
    parts = [head[:60, :50], head[:60, 50:], head[60:, :50], head[60:, 50:]]
    medians = [float(np.median(part)) for part in parts]
    return max(medians) / min(medians)


def test_a_raw_brain_becomes_sharp_upright_and_even(
    run: Run, shared_data: Path, tmp_path: Path
) -> None:
    path = shared_data / "brain-kspace-8ch/cartesian_ksp.npy"
    ran = run(
        *("reconstruct", path, "--layout", "coil,y,x", "-m", "l1-wavelet", "--out", "out/brain")
    )
    assert (ran.code, ran.err) == (0, "")
    assert (tmp_path / "out/brain/image.png").is_file()
    image = np.abs(np.load(tmp_path / "out/brain/image.npy"))[0, 0]
    assert image.shape == (230, 180)
    coils = ifft(torch.from_numpy(np.load(path)))
    zero_filled = coils.abs().square().sum(0).sqrt().numpy()
    assert correlation(image, zero_filled) > 0.9
    for flipped in (image[::-1], image[:, ::-1], image[::-1, ::-1]):
        assert correlation(flipped, zero_filled) < correlation(image, zero_filled) - 0.1
    # air is darker than in the aliased image, and the head is bright in all quadrants
    air = np.s_[:20, :20]
    assert image[air].mean() / image.max() < 0.3 * zero_filled[air].mean() / zero_filled.max()
    assert unevenness(image) < 1.5
    assert max(unevenness(coil) for coil in coils.abs().numpy()) > 3  # as one coil sees it


@pytest.mark.parametrize("name", ["dicom", "sax_loc+001.55.npz"])
def test_the_wall_of_a_real_heart_moves_as_in_the_original(
    run: Run, shared_data: Path, tmp_path: Path, name: str
) -> None:
    path = shared_data / "cine-heart" / name
    ran = run(
        *("reconstruct", path, "--acceleration", 5, "--center", 11, "--out", "o"),
        *("-m", "low-rank-sparse", "--set", "iterations=30"),
    )
    assert (ran.code, ran.err) == (0, "")
    assert (tmp_path / "o/image.gif").is_file()
    film = np.abs(np.load(tmp_path / "o/image.npy"))[0]
    reference = feathermr.load(path).reference
    assert reference is not None
    original = reference[0].numpy()
    assert film.shape == original.shape
    motion = original.std(0)
    moving = motion > np.quantile(motion, 0.95)
    assert correlation(film.std(0)[moving], motion[moving]) > 0.9
    # a quarter of the cycle apart, so that motion and not noise is compared
    change = [series[5:, moving] - series[:-5, moving] for series in (film, original)]
    assert correlation(*change) > 0.9


@pytest.mark.parametrize("name", ["cardiac-images/im-01.mat", "nifti/anatomical.nii"])
def test_images_of_other_formats_load_and_reconstruct(
    run: Run, shared_data: Path, tmp_path: Path, name: str
) -> None:
    ran = run(
        *("reconstruct", shared_data / name, "--acceleration", 4, "--format", "npy", "--out", "o"),
    )
    assert (ran.code, ran.err) == (0, "")
    reference = feathermr.load(shared_data / name).reference
    assert reference is not None
    image = np.abs(np.load(tmp_path / "o/image.npy"))
    assert correlation(image, reference.numpy()) > 0.7  # one coil, a coarse head of 41 x 33


def test_a_film_whose_file_claims_hours_between_frames_is_written(
    run: Run, shared_data: Path, tmp_path: Path
) -> None:
    path = shared_data / "nifti/example4d.nii.gz"
    ran = run(
        *("reconstruct", path, "-m", "zero-filled", "--acceleration", 4),
        *("--format", "gif", "--out", "o"),
    )
    assert (ran.code, ran.err) == (0, "")
    assert len(list((tmp_path / "o").glob("image_*.gif"))) == 24


def test_a_folder_of_images_is_evaluated_over_its_subjects(
    run: Run, shared_data: Path, tmp_path: Path
) -> None:
    ran = run(
        *("evaluate", shared_data / "cardiac-images", "-m", "zero-filled", "--acceleration", 4)
    )
    assert (ran.code, ran.err) == (0, "")
    count = len(list((shared_data / "cardiac-images").glob("*.mat")))
    assert f"over {count} subjects" in " ".join(ran.out.split())
    assert "image" in (tmp_path / "out/evaluate/table.md").read_text()
