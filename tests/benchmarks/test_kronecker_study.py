"""The Kronecker study: how it splits, what its page says, and that it runs and goes on."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(autouse=True)
def benchmarks_on_path(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))


def test_no_object_is_in_two_splits():
    from kronecker_study_cases import objects  # noqa: PLC0415 - its folder is on the path now

    drawn = [*objects("train", 2, 32), *objects("validation", 2, 32), *objects("test", 2, 32)]
    for place, one in enumerate(drawn):
        for other in drawn[:place]:
            assert float((one - other).abs().max()) > 0.01 * float(one.abs().max())


def test_a_batch_depends_on_seed_and_step_alone():
    from kronecker_study_cases import objects, training_batch  # noqa: PLC0415

    complete = objects("train", 3, 32)
    first, again = (training_batch(complete, 2, 5, 1) for _ in range(2))
    assert torch.equal(first.kspace, again.kspace)
    for step, seed in ((6, 1), (5, 2)):
        assert not torch.equal(first.kspace, training_batch(complete, 2, step, seed).kspace)


def test_a_pass_meets_every_object_once():
    from kronecker_study_cases import objects, training_batch  # noqa: PLC0415

    complete = objects("train", 4, 32)
    targets = torch.cat([training_batch(complete, 2, step, 0).target for step in range(2)])
    shapes = targets / targets.abs().amax((-2, -1), keepdim=True)
    for place in range(4):
        for other in range(place):
            assert float((shapes[place] - shapes[other]).abs().max()) > 0.01


def _run(row, part, shift, seed=0, fraction=1.0):
    values = {"psnr": [20.0 + shift, 22.0 + shift, 24.0 + shift], "ssim": [0.5] * 3}
    return {
        "part": part, "row": row, "seed": seed, "fraction": fraction, "settings": {"width": 8},
        "rate": 1e-3, "steps": 10, "seconds": 1.0, "curve": [{"step": 10, "psnr": 20.0}],
        "scores": {"4": {**values, "nmse": [0.1] * 3}},
    }  # fmt: skip


def _record(kronecker):
    zero = {"psnr": [18.0, 20.0, 22.0], "ssim": [0.4] * 3, "nmse": [0.2] * 3}
    runs = {
        "residual-unet": _run("residual-unet", "table", 0.0),
        "kronecker-unet": _run("kronecker-unet", "table", kronecker),
        "limited-residual-unet-10-0": _run("residual-unet", "limited", 0.0, 0, 0.1),
        "limited-kronecker-unet-10-0": _run("kronecker-unet", "limited", kronecker, 0, 0.1),
    }
    return {
        "environment": {}, "classical": {"scores": {"zero-filled": {"4": zero}}, "chosen": {}},
        "size": {
            "name": "study", "objects": {"train": 10, "validation": 2, "test": 3}, "steps": 10,
            "limited_steps": 5, "batch": 2, "pixels": 32, "fractions": [0.1, 1.0], "seeds": [0],
            "rates": [1e-3], "rate_steps": 5, "weights": [12.0],
        },
        "loss": ["composite", {}], "average": 0.9, "clip": 1.0, "rates": {}, "costs": {},
        "runs": runs, "missing": ["swinmr"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kronecker", "loss", "few"),
    [
        (0.5, "**holds, and it is better**", "**holds**"),
        (-0.1, "**holds within 0.2 dB**", "**does not hold: the dense twin is better**"),
        (-0.5, "loses more than 0.2 dB", "**does not hold: the dense twin is better**"),
    ],
)
def test_the_page_says_what_holds(kronecker, loss, few):
    from kronecker_study_page import page  # noqa: PLC0415

    text = page(_record(kronecker))
    assert loss in text
    assert few in text
    assert "Not there yet: `swinmr`" in text


def test_a_twin_that_learned_little_is_weak_evidence():
    from kronecker_study_page import page  # noqa: PLC0415

    record = _record(0.0)
    for values in record["classical"]["scores"]["zero-filled"].values():
        values["psnr"] = [19.5, 21.5, 23.5]
    assert "weak evidence" in page(record)


@pytest.mark.slow
def test_the_study_runs_and_does_nothing_twice(tmp_path):
    command = [sys.executable, FOLDER / "kronecker_study.py", "--quick", "--output", tmp_path]
    lines = []
    for _ in range(2):
        finished = subprocess.run(
            command, check=True, capture_output=True, text=True, timeout=300,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        lines.append(len(finished.stdout.splitlines()))
    assert lines[1] == 3 < lines[0]
    record = json.loads((tmp_path / "results" / "kronecker.json").read_text())
    assert record["missing"] == []
    assert (tmp_path / "images" / "kronecker-errors.png").stat().st_size > 1000
    assert "What holds" in (tmp_path / "results" / "kronecker.md").read_text()
