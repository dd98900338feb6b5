"""Films of every kind go in, and films of every kind come out."""

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pydicom
import pytest
import torch
from PIL import Image

import feathermr
from commands import Run
from feathermr.core.errors import MissingExtraError
from ffmpeg import NEEDS_FFMPEG, decoded

FRAMES, HEIGHT, WIDTH = 5, 36, 32


@pytest.fixture(scope="module")
def heart() -> feathermr.Acquisition:
    return feathermr.simulate("heart", frames=FRAMES, shape=(HEIGHT, WIDTH), coils=2)


def npz(heart: feathermr.Acquisition, folder: Path) -> Path:
    return feathermr.save_acquisition(heart, folder / "film.npz")


def mrd(heart: feathermr.Acquisition, folder: Path) -> Path:
    return feathermr.save_acquisition(heart, folder / "film.mrd")


def samples(heart: feathermr.Acquisition, folder: Path) -> Path:
    return feathermr.save_cine(heart.reference, folder / "film.npz")


def cine(heart: feathermr.Acquisition, folder: Path) -> Path:
    magnitude = heart.reference[0].abs().numpy()
    np.savez(
        folder / "film.npz",
        cine=np.round(magnitude / magnitude.max() * 4095).astype(np.uint16),
        trigger_ms=1e3 * np.array(heart.header.frame_times, np.float32),
        pixel_spacing_mm=np.float32(1.5),
    )
    return folder / "film.npz"


def dicom(heart: feathermr.Acquisition, folder: Path) -> Path:
    return feathermr.save_image(heart.reference, heart.header, folder / "film", "dicom")[0].parent


def cmrxrecon(heart: feathermr.Acquisition, folder: Path) -> Path:
    kspace = heart.kspace.transpose(0, 1).contiguous().numpy()  # (time, slice, coil, ky, kx)
    with h5py.File(folder / "film.mat", "w", userblock_size=512) as file:
        file["kspace_full"] = kspace.view([("real", "<f4"), ("imag", "<f4")])
    with (folder / "film.mat").open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file".ljust(124) + b"\0\2IM")
    return folder / "film.mat"


#: how the film is written, whether the file holds the times of its frames
INPUTS: dict[str, tuple[Callable[[feathermr.Acquisition, Path], Path], bool]] = {
    "npz": (npz, True),
    "mrd": (mrd, True),
    "samples": (samples, False),
    "cine": (cine, True),
    "dicom": (dicom, True),
    "cmrxrecon": (cmrxrecon, False),
}


@pytest.mark.parametrize("kind", INPUTS)
def test_a_film_of_every_kind_is_reconstructed(
    run: Run, heart: feathermr.Acquisition, tmp_path: Path, kind: str
) -> None:
    write, timed = INPUTS[kind]
    path = write(heart, tmp_path)
    times = feathermr.load(path).header.frame_times
    assert times == (pytest.approx(heart.header.frame_times, abs=1e-6) if timed else ())
    ran = run(
        *("reconstruct", path, "--acceleration", 2, "-m", "temporal-tv"),
        *("--set", "iterations=3", "--center", 6, "--seed", 1, "--out", "o"),
    )
    assert (ran.code, ran.err) == (0, "")
    film = np.abs(np.load(tmp_path / "o/image.npy"))
    assert film.shape == (1, FRAMES, HEIGHT, WIDTH)
    truth = heart.reference.abs().numpy()
    assert np.corrcoef(film.ravel(), truth.ravel())[0, 1] > 0.9
    assert 'id="film"' in (tmp_path / "o/report.html").read_text()
    step = np.diff(heart.header.frame_times).mean() if timed else 0.1
    with Image.open(tmp_path / "o/image.gif") as animation:
        assert animation.n_frames == FRAMES
        assert animation.info["duration"] == pytest.approx(1e3 * step, abs=10)


def test_masks_beside_scans_are_no_scans(
    run: Run, heart: feathermr.Acquisition, tmp_path: Path
) -> None:
    (tmp_path / "s").mkdir()
    path = cmrxrecon(heart, tmp_path / "s")
    path.with_name("film_mask.mat").write_bytes(b"never opened")
    ran = run("evaluate", "s", "-m", "zero-filled", "--acceleration", 2, "--center", 6)
    assert (ran.code, ran.err) == (0, "")


@NEEDS_FFMPEG
def test_one_film_leaves_in_every_format(
    run: Run, heart: feathermr.Acquisition, tmp_path: Path
) -> None:
    path = npz(heart, tmp_path)
    ran = run(
        *("reconstruct", path, "--acceleration", 2, "-m", "zero-filled", "--out", "o"),
        *("--format", "npy,gif,mp4,nifti,dicom"),
    )
    assert (ran.code, ran.err) == (0, "")
    names = sorted(entry.name for entry in (tmp_path / "o").iterdir())
    assert names == [
        *("image", "image.gif", "image.mp4", "image.nii.gz", "image.npy", "report.html")
    ]
    film = np.abs(np.load(tmp_path / "o/image.npy"))[0]
    frames = decoded(tmp_path / "o/image.mp4", HEIGHT, WIDTH)[:FRAMES]
    assert np.corrcoef(frames.ravel(), np.minimum(film, np.quantile(film, 0.995)).ravel())[0, 1] > (
        0.99
    )
    for name in ("image", "image.nii.gz"):
        back = feathermr.load(tmp_path / "o" / name)
        assert torch.allclose(back.reference[0], torch.from_numpy(film), atol=1e-4 * film.max())
        assert np.diff(back.header.frame_times) == pytest.approx(
            np.diff(heart.header.frame_times), abs=1e-4
        )
    files = [pydicom.dcmread(one) for one in sorted((tmp_path / "o/image").iterdir())]
    assert [file.TemporalPositionIdentifier for file in files] == [1, 2, 3, 4, 5]


def test_mp4_without_ffmpeg_is_refused_before_anything_is_read(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(module: str) -> None:
        raise MissingExtraError(module)

    monkeypatch.setattr("feathermr.acquisition.mp4.shutil.which", lambda name: None)
    monkeypatch.setattr("feathermr.acquisition.mp4.require", absent)
    ran = run("reconstruct", "not-there.npz", "--format", "npy,mp4")
    assert ran.code == 2
    assert ran.err.count("\n") == 1
    assert "install it" in ran.err
    assert list(tmp_path.iterdir()) == []
