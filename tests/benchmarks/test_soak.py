"""The soak of the server: what its page says, and that it runs."""

import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"
TIMES = {"p50": 0.1, "p99": 0.2, "largest": 0.3}
MEMORY = {"server": 200e6, "workers": 800e6}
FILM = {
    "method": "kt-l1", "options": "", "coils": 1, "images": 50, "wanted": 50, "texts": [],
    "sent": 2.0, "early": 1.0, "late": 1.1, "window": 10, "margin": 2, "whole": 3.0, **TIMES,
}  # fmt: skip
RECORD = {
    "environment": {
        "Processor": "P", "Threads": "1 of 2 cores", "PyTorch": "2", "Commit": "c", "Written": "w",
    },
    "size": {"small": 64, "side": 256, "repeats": 4, "film_side": 128, "frames": 50},
    "in_a_row": {
        "sessions": 20, "images": 20, "texts": [], "seconds": 9.0, **TIMES,
        "memory": [{"sessions": 10, **MEMORY}, {"sessions": 20, **MEMORY, "server": 210e6}],
    },
    "at_once": {
        "clients": 4, "sessions": 8, "images": 8, "texts": [], "seconds": 5.0, "before": MEMORY,
        "after": MEMORY, **TIMES,
    },
    "latency": [
        {
            "coils": 8, "threads": 2, "overhead": {"p50": 0.003, "p99": 0.004, "largest": 0.005},
            "method": TIMES, "bare": TIMES, **TIMES,
        }
    ],
    "films": [FILM, {**FILM, "method": "tv", "options": "--runtime onnx", "late": 2.0}],
    "minutes": 1.0,
}  # fmt: skip


@pytest.fixture(autouse=True)
def benchmarks_on_path(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))


def test_the_page_holds_the_marks_against_what_was_measured():
    from soak_page import page  # noqa: PLC0415 - its folder is on the path now

    text = page(RECORD)
    assert "No image lost in 20 sessions in a row and 8 of 4 clients at once: met." in text
    assert "No growth of memory: met, +1.0% from session 10 to 20." in text
    assert "At most 5 ms over the bare method at 256 x 256: met, 3.0 ms" in text
    assert "kept up with: met, by `kt-l1` of one coil." in text
    assert "| 1 | tv (--runtime onnx) | 10, 2 | 50 | 1.00 | 2.00 | 2.0 | 3.0 | no |" in text
    lost = {**RECORD, "in_a_row": {**RECORD["in_a_row"], "images": 19}}
    assert "at once: missed." in page(lost)


@pytest.mark.slow
def test_it_runs_small():
    ran = subprocess.run(
        [sys.executable, FOLDER / "soak.py", "--quick"], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert "No image lost in 6 sessions in a row and 6 of 3 clients at once: met." in ran.stdout
