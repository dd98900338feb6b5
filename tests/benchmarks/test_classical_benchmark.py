"""The classical benchmark: how it counts, what it writes, and that it runs without its peers."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(autouse=True)
def benchmarks_on_path(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))


@pytest.mark.parametrize(("threshold", "largest"), [(1, 100), (37, 100), (100, 100), (2, 3)])
def test_bisection_finds_the_first_count_that_holds(threshold, largest):
    from classical_timing import first_that  # noqa: PLC0415 - its folder is on the path now

    asked = []

    def holds(count):
        asked.append(count)
        return count >= threshold

    assert first_that(holds, largest) == threshold
    assert len(asked) <= 7


def test_net_time_leaves_out_the_median_of_the_empty_calls():
    from classical_timing import Timing  # noqa: PLC0415

    assert Timing([0.9, 0.5, 0.7], [0.1, 0.3, 0.2]).net == pytest.approx(0.5)


def test_the_true_maps_have_no_angle_and_rotated_ones_have_theirs():
    import numpy as np  # noqa: PLC0415
    from classical_cases import cases, map_angle  # noqa: PLC0415

    case = cases(small=True)[0]
    assert map_angle(1j * case.maps, case) == pytest.approx(0, abs=0.05)
    first = np.zeros_like(case.maps)
    first[0] = 1
    assert 20 < map_angle(first, case) < 90


def _row(tool, case, seconds, psnr):
    timing = {"seconds": [seconds] * 5, "empty": [0.0] * 5, "net": seconds}
    scores = {"weight": 0.01, "psnr": psnr, "nrmse": 0.1}
    return {
        "task": "tv", "case": case, "tool": tool, "version": "1", "iterations": 100,
        "weight": 0.01, "default": {**timing, **scores}, "best": scores, "sweep": [scores],
        "equal": {**timing, "target": 0.1, "iterations": 7, "nrmse": 0.1},
    }  # fmt: skip


def _record(rows, missing):
    return {
        "command": "make bench-classical", "environment": {"Threads": "2 of 2 cores"}, "seed": 1,
        "repeats": 5, "slack": 1.02, "seconds": 60.0, "disk": "RAM disk",
        "tools": {"FeatherMR": "1"}, "missing": missing, "cases": {"a": "a scan"}, "rows": rows,
        "memory": [{"tool": "SigPy", "task": "tv", "case": "a", "bytes": 12_000_000}],
    }  # fmt: skip


def test_the_page_says_where_a_peer_is_faster_or_better():
    from classical_page import page  # noqa: PLC0415

    rows = [_row("FeatherMR", "a", 0.4, 30.0), _row("SigPy", "a", 0.1, 31.5)]
    text = page(_record(rows, {"BART": "not installed"}))
    assert "**not met** at tv, a, settled (0.25 times); tv, a, equal NRMSE (0.25 times)" in text
    assert "SigPy at its best weight has 1.50 dB more" in text
    assert "BART: not installed" in text
    assert "| a | SigPy | 0.01 | 0.100 | 0.25 | 31.50 |" in text
    assert "| 12 |" in text


def test_the_page_says_that_a_mark_is_met():
    from classical_page import page  # noqa: PLC0415

    rows = [_row("FeatherMR", "a", 0.1, 30.0), _row("SigPy", "a", 0.4, 29.0)]
    text = page(_record(rows, {}))
    assert "Every row faster than SigPy: met, by 4.00 times or more." in text


@pytest.mark.slow
def test_the_benchmark_runs_without_its_peers(tmp_path):
    blocker = tmp_path / "sitecustomize.py"
    blocker.write_text(
        "import importlib.util as u\nfind = u.find_spec\n"
        "u.find_spec = lambda name, *rest: None if name == 'sigpy' else find(name, *rest)\n"
    )
    output = tmp_path / "results"
    subprocess.run(
        [sys.executable, FOLDER / "classical.py", "--quick", "--repeats", "1", "--output", output],
        check=True, capture_output=True, timeout=300,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "PATH": str(tmp_path)},
    )  # fmt: skip
    record = json.loads((output / "results" / "classical.json").read_text())
    assert set(record["missing"]) == {"SigPy", "BART"}
    assert {row["tool"] for row in record["rows"]} == {"FeatherMR"}
    assert "SigPy: not installed" in (output / "benchmarks.md").read_text()
