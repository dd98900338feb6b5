"""Fields on the command line: frames at any time, written, kept and asked again."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import feathermr
from commands import Run

FAST = ("--acceleration", 2, "--center", 6, "--set", "steps=5", "--out", "o")


@pytest.fixture
def fitted(run: Run, scans: Path, tmp_path: Path) -> Path:
    ran = run("reconstruct", scans / "heart.mrd", "-m", "inr-lambda", "--times", 9, *FAST)
    assert (ran.code, ran.err) == (0, "")
    assert "wrote o/field.safetensors" in ran.out
    return tmp_path / "o/field.safetensors"


def test_a_field_writes_its_frames_and_is_kept_and_asked_again(
    run: Run, scans: Path, fitted: Path, tmp_path: Path
) -> None:
    written = np.load(tmp_path / "o/image.npy")
    assert written.shape == (1, 9, 40, 48)
    scale = float(np.abs(written).max())
    header = feathermr.load(scans / "heart.mrd").header
    period = header.frame_times[1] * 6
    with Image.open(tmp_path / "o/image.gif") as animation:
        assert animation.n_frames == 9
        assert animation.info["duration"] == pytest.approx(1e3 * period / 9, abs=10)
    assert (tmp_path / "o/report.html").exists()

    ran = run("query", fitted, "--times", 9, "--out", "q")
    assert (ran.code, ran.err) == (0, "")
    np.testing.assert_allclose(np.load(tmp_path / "q/image.npy"), written, atol=1e-6 * scale)

    ran = run("query", fitted, "--at", f"0,{period / 9}", "--format", "npy", "--out", "r")
    assert (ran.code, ran.err) == (0, "")
    np.testing.assert_allclose(np.load(tmp_path / "r/image.npy"), written[:, :2], atol=1e-4 * scale)

    ran = run("query", fitted, "--lambda", "-0.5", "--format", "npy,png", "--out", "s")
    assert (ran.code, ran.err) == (0, "")
    smooth = np.load(tmp_path / "s/image.npy")
    assert smooth.shape == (1, 6, 40, 48)
    assert len(list((tmp_path / "s").glob("*.png"))) == 6


def test_what_a_field_cannot_give_is_refused(run: Run, fitted: Path, tmp_path: Path) -> None:
    for words, code, sentence in (
        (("--lambda", 1), 2, "from -5 to 0"),
        (("--at", "0.1,0.05"), 2, "must rise"),
        (("--at", "0,nan"), 2, "must rise"),
        (("--at", "0,900"), 2, "the film lasts from 0 to"),
        (("--times", 3, "--at", 0), 2, "not allowed with"),
        (("--format", "tiff"), 2, "no image format"),
    ):
        ran = run("query", fitted, *words, "--out", "q")
        assert (ran.code, ran.out) == (code, "")
        assert sentence in ran.err
    (tmp_path / "x.safetensors").write_bytes(b"no field")
    ran = run("query", "x.safetensors")
    assert ran.code == 1
    assert "cannot be read" in ran.err
    assert not (tmp_path / "out").exists()


def test_times_are_for_methods_that_fit_a_field(run: Run, scans: Path) -> None:
    for words in (
        ("-m", "temporal-tv", "--times", 9),
        ("--times", 9),
        ("-m", "inr,temporal-tv", "--times", 9),
        ("-m", "inr", "--set", "times=9"),
    ):
        ran = run("reconstruct", scans / "heart.mrd", *words, "--acceleration", 2, "--center", 6)
        assert ran.code == 2
        assert "times" in ran.err
