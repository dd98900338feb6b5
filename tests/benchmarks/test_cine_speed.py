"""The benchmark of cine speed: what its page says, and that it runs."""

import copy
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"
CINE, DUAL = "kronecker-cine", "dual-unet"
TIMES = {
    "single": {CINE: [0.5, 0.8, 1.0], f"{CINE}, network alone": [0.4] * 3, DUAL: [1.6, 1.6, 3.2]},
    "several": {CINE: [5.0]},
    "parts": [{"start": 0.1, "denoiser": 0.6, "consistency": 0.1}],
    "parts of several": [{"start": 1.0, "denoiser": 2.0, "consistency": 2.0}],
}
NEED = {"multiply_adds": 3e9, "inference_bytes": 5e7, "training_bytes": 2e8}
RECORD = {
    "environment": {"Processor": "P", "PyTorch": "2", "Commit": "c", "Written": "w"},
    "weights": "untrained",
    "minutes": 1.0,
    "threads": 2,
    "frames": 25,
    "dual_frames": 20,
    "single": 128,
    "several": 192,
    "coils": 8,
    "processes": {CINE: {"inference": 6e7, "training": 3e8}},
    "needs": {CINE: {"parameters": 2e5, **NEED}, DUAL: {"parameters": 6e7, **NEED}},
    "growth": {"8": 1.8e7, "16": 2.6e7, "32": 4.2e7},
    "reconstruction": {"2": TIMES, "1": TIMES},
    "training": {CINE: [2.0, 2.0], DUAL: [4.0, 4.0]},
}


@pytest.fixture(autouse=True)
def benchmarks_on_path(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))


def test_speed_and_ratios_are_of_frames_and_marks_say_what_is_met():
    from cine_speed_page import page  # noqa: PLC0415 - its folder is on the path now

    text = page(RECORD)
    assert "at least 25 frames a second: met, 31.2." in text
    assert "| 2 | dual-unet | 1.600 | 12.5 | 4.00 |" in text
    assert "| one coil | 1 | 100 | 600 | 100 |" in text
    assert "| kronecker-cine | 0.200 M | 3.000 G | 50 (60) | 200 (300) | 2.000 | 0.500 |" in text
    assert "a tenth of the parameters of the dual U-Net: met, 0.33%" in text
    assert "linearly in frames: met" in text
    assert "10.0 MB + 1.00 MB a frame" in text


def test_marks_that_are_missed_are_called_so():
    from cine_speed_page import page  # noqa: PLC0415

    slow = copy.deepcopy(RECORD)
    slow["reconstruction"]["2"]["single"][CINE] = [1.25] * 3
    slow["growth"] = {"8": 1e7, "16": 4e7, "32": 16e7}
    text = page(slow)
    assert "at least 25 frames a second: **not met**, 20.0." in text
    assert "linearly in frames: **not met**" in text


@pytest.mark.slow
def test_it_runs_in_small():
    command = [sys.executable, str(FOLDER / "cine_speed.py"), "--quick", "--threads", "1"]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "| 1 | kt-l1 |" in ran.stdout
    assert "nan" not in ran.stdout
