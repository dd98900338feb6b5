"""The benchmark of fields: what its page says, and that it runs."""

import copy
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"


def field(psnr, course):
    return {
        "psnr": psnr,
        "seconds": course[-1][0],
        "steps": 5,
        "held_out": 0.2,
        "parameters": 1234,
        "course": course,
    }


RECORD = {
    "environment": {
        "Processor": "P", "Threads": "1 of 2 cores", "PyTorch": "2", "Commit": "c", "Written": "w",
    },
    "device": "",
    "size": {
        "seeds": [1], "frames": 5, "shape": [24, 20], "coils": 1, "snr": 40.0, "accelerations": [3],
    },
    "weight": 40.0,
    "in_space": 0.15,
    "minutes": 1.0,
    "films": [
        {
            "acceleration": 3,
            "seed": 1,
            "temporal-tv": {"psnr": 30.0, "seconds": 0.5, "weight": 25.0, "iterations": 25},
            "fields": {
                "factors": field(33.0, [[1.0, 25.0], [2.0, 32.5], [3.0, 33.0]]),
                "hash": field(31.0, [[4.0, 31.0]]),
                "siren": field(32.0, [[20.0, 28.0], [50.0, 32.0], [60.0, 31.5]]),
            },
        }
    ],
}  # fmt: skip


@pytest.fixture(autouse=True)
def benchmarks_on_path(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))


def test_times_are_to_what_the_siren_ends_with():
    from implicit_speed_page import page  # noqa: PLC0415 - its folder is on the path now

    text = page(RECORD)
    assert "10 times sooner: met, 25.0 times at least" in text
    assert "met, +3.00 dB on average" in text
    assert "| 3 | factors | 1,234 | 33.00 | +3.00 | 3.00 | 2.00 | 25.0 |" in text
    assert "| 3 | hash | 1,234 | 31.00 | +1.00 | 4.00 | in 0 of 1 |  |" in text


def test_marks_that_are_missed_are_called_so():
    from implicit_speed_page import page  # noqa: PLC0415

    weak = copy.deepcopy(RECORD)
    weak["films"][0]["fields"]["factors"] = field(30.5, [[1.0, 30.5]])
    text = page(weak)
    assert "missed, not everywhere" in text
    assert "missed, +0.50 dB on average" in text


def test_it_runs_small():
    ran = subprocess.run(
        [sys.executable, FOLDER / "implicit_speed.py", "--quick"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    for name in ("factors", "hash", "fourier", "siren"):
        assert f"| 3 | {name} |" in ran.stdout
