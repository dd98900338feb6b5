"""``feathermr serve`` and ``feathermr send`` as they are called."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import h5py
import pytest

from feathermr.acquisition import load, save_acquisition
from feathermr.cli.main import main
from synthetic import scan


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return save_acquisition(scan(2, 1, 3, (40, 32), known_maps=False), tmp_path / "scan.mrd")


def test_a_scan_is_sent_to_a_server_that_ends_when_it_is_told(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [sys.executable, "-m", "feathermr.cli.main", "serve", "-m", "tv", "--workers", "1"]
    with subprocess.Popen(
        [*command, "--port", "0", "--health-port", "0"], stdout=subprocess.PIPE, text=True,
        stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        found = re.search(r"serving tv at 127.0.0.1:(\d+)", process.stdout.readline())
        assert found is not None
        words = ["send", str(file), "--port", found[1], "-o", str(tmp_path), "--acceleration", "2"]
        assert main(words) == 0
        assert main([*words, "-m", "no-such"]) == 1
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=60)
    assert process.returncode == 0
    assert re.search(r"session 1 from 127.0.0.1 closed: tv, \d+ readouts, .* 2 images", log)
    printed = capsys.readouterr()
    assert "2 images, the last" in printed.out
    assert "no configuration is called 'no-such'; there are: auto, zero-filled" in printed.err
    with h5py.File(tmp_path / "image.h5") as stored:
        assert stored["reconstruction"].shape == (2, 40, 32)
    assert load(tmp_path / "image").n_slices == 2


def test_without_a_server_it_says_how_to_start_one(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["send", str(file), "--port", "1"]) == 1
    assert "start one with feathermr serve" in capsys.readouterr().err


def test_options_that_cannot_be_served_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--allow", "no-such"]) == 2
    assert "no method is called 'no-such'" in capsys.readouterr().err
    assert main(["serve", "--window", "8", "--margin", "4"]) == 2
    assert "longer than two margins" in capsys.readouterr().err
