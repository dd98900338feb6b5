"""The benchmark of exported networks: what its page says, and that it runs."""

import copy
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"
EAGER, HALF, EIGHT = "torch fp32", "openvino bf16", "openvino int8"
ONE = {
    "measured_shape": [1, 2, 1, 64, 64],
    "multiply_adds": 6e9,
    "convolutions": {EAGER: [0.4, 0.6, 0.5], HALF: [0.1, 0.15, 0.1], EIGHT: [0.05] * 3},
    "whole": {EAGER: [1.0, 1.2, 1.0], HALF: [0.6, 0.6, 0.6], EIGHT: [0.5] * 3},
    "start": [0.4, 0.4, 0.4],
}
RECORD = {
    "environment": {"Processor": "P", "PyTorch": "2", "Commit": "c", "Written": "w"},
    "threads": 2,
    "minutes": 3.0,
    "ceilings": {"fp32": 1e11, "bf16": 2e11, "int8": 4e11},
    "networks": {
        "kronecker-cascade": {
            "one coil": ONE,
            "eight coils": ONE,
            "bytes": {HALF: 1.5e6, EIGHT: 5e5},
            "losses": {EAGER: [35.0, 37.0], HALF: [0.01, 0.03], EIGHT: [0.1, 0.5]},
            "memory": {
                EAGER: {"before": 3e8, "peak": 5e8},
                HALF: {"before": 3e8, "peak": 4.6e8},
                EIGHT: {"before": 3e8, "peak": 4.5e8},
            },
        }
    },
}


@pytest.fixture(autouse=True)
def benchmarks_on_path(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))


def test_times_are_of_an_image_and_ratios_of_rounds():
    from deploy_speed_page import page  # noqa: PLC0415 - its folder is on the path now

    text = page(RECORD)
    assert "| torch fp32 | 250.00 | 1.00 | 24% | 500.0 | 1.00 |" in text
    assert "| openvino bf16 | 50.00 | 4.00 | 60% | 300.0 | 1.67 |" in text
    assert "| openvino bf16 | +0.020 | +0.030 | 1.50 | 460 | 160 |" in text
    assert "| torch fp32 |  |  |  | 500 | 200 |" in text


def test_marks_take_only_what_loses_little_and_say_what_limits_the_whole():
    from deploy_speed_page import page  # noqa: PLC0415

    text = page(RECORD)
    assert "convolutions, best of at most 0.1 dB loss, 3 times" in text
    assert "met, 4.00 (openvino bf16)" in text  # int8 is faster but loses 0.3 dB
    assert "convolutions, int8 of at most 0.2 dB loss" in text
    assert "**not met**, 0.00 (none)" in text
    assert "the start takes 40% of torch's time, all that is no convolution 50%" in text
    assert "the whole would be 2.00 times as fast" in text
    assert "60% of the ceiling: met, 60%" in text
    assert "met, 150 MB (openvino int8)" in text
    better = copy.deepcopy(RECORD)
    better["networks"]["kronecker-cascade"]["losses"][EIGHT] = [0.05, 0.1]
    assert "met, 10.00 (openvino int8)" in page(better)


@pytest.mark.slow
def test_it_runs_small():
    pytest.importorskip("openvino")
    command = [sys.executable, FOLDER / "deploy_speed.py", "--quick", "--threads", "1"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    for name in ("torch bf16", "openvino bf16"):
        assert f"| {name} |" in ran.stdout
