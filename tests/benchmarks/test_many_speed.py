"""The benchmark of archives: what its page says, and that it runs."""

import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"
RECORD = {
    "environment": {
        "Processor": "P", "Threads": "1 of 2 cores", "PyTorch": "2", "Commit": "c", "Written": "w",
    },
    "size": {
        "scans": 30, "slices": 2, "shape": [24, 20], "coils": 4, "acceleration": 4.0, "rounds": 3,
    },
    "bytes": 12_000_000,
    "rows": [
        {
            "method": "tv",
            "seconds": {
                "1x1": [61.0, 60.0, 59.0],
                "1x2": [50.0, 50.0, 51.0],
                "2x1": [33.0, 30.0, 32.0],
                "dask": [40.0, 41.0, 39.0],
                "restart": [2.0, 2.5, 1.0],
            },
            "same_images": True,
        }
    ],
    "minutes": 1.0,
}  # fmt: skip


@pytest.fixture(autouse=True)
def benchmarks_on_path(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))


def test_the_page_compares_medians_with_one_worker():
    from many_speed_page import page  # noqa: PLC0415 - its folder is on the path now

    text = page(RECORD)
    assert "P, 2 cores;" in text
    assert "| tv | 1 worker | 60.0 (59.0 to 61.0) | 0.50 | 1.00 |" in text
    assert "| tv | 2 workers | 32.0 (30.0 to 33.0) | 0.94 | 1.88 |" in text
    assert "| tv | 1 worker of 2 threads | 50.0 (50.0 to 51.0) | 0.60 | 1.20 |" in text
    assert "| tv | all is done already | 2.0 (1.0 to 2.5) | | |" in text
    assert "the same to the last bit" in text
    other = {**RECORD, "rows": [{**RECORD["rows"][0], "same_images": False}]}
    assert "not the same" in page(other)


@pytest.mark.slow
def test_it_runs_small():
    ran = subprocess.run(
        [sys.executable, FOLDER / "many_speed.py", "--quick"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert "| zero-filled | 2 workers of a Dask cluster |" in ran.stdout
    assert "the same to the last bit" in ran.stdout
