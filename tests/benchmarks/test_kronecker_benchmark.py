"""The benchmark of Kronecker layers: what it writes, and that it runs."""

import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(autouse=True)
def benchmarks_on_path(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))


def record(step):
    need = {"parameters": 2e6, "multiply_adds": 3e9, "training_bytes": 4e6, "inference_bytes": 1e6}
    times = {"dense": [1.0, 2.0, 1.0], "kronecker": [step, 2 * step, 5.0]}
    return {
        "device": "processor",
        "environment": {
            "Processor": "P", "PyTorch": "2", "Threads": "1 of 2", "Commit": "c", "Written": "w",
        },
        "batch": 4,
        "size": 320,
        "needs": {"dense": need},
        "seconds": {
            "training step": times,
            "inference": {"dense": [1.0, 1.0], "folded": [1.0, 1.01]},
            "layers": {"kronecker": [1.0, 1.0], "torch.kron": [1.6, 1.6]},
            "weights": {"kronecker": [1.0, 1.0], "torch.kron": [1.4, 1.4]},
        },
    }  # fmt: skip


def test_ratios_are_of_rounds_and_marks_say_what_is_met():
    from kronecker_page import section  # noqa: PLC0415 - its folder is on the path now

    text = section([record(1.04)])
    assert "| training step | kronecker | 2080.00 | 1.040 |" in text
    assert "kronecker at most 1.05 times dense: met, 1.040" in text
    assert "at least 1.5 times faster than the sum of `torch.kron`: met, 1.60 times" in text
    assert "**not met**, 1.40 times" in text
    assert "kronecker at most 1.05 times dense: **not met**" in section([record(1.07)])


def test_only_the_section_is_written_anew():
    from kronecker import BEGIN, END, written  # noqa: PLC0415

    page = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    assert written(page, "new") == f"before\n{BEGIN}\n\nnew\n{END}\nafter\n"


@pytest.mark.slow
def test_it_runs_in_small():
    command = [sys.executable, str(FOLDER / "kronecker.py"), "--quick"]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "| folded |" in ran.stdout
    assert "nan" not in ran.stdout
