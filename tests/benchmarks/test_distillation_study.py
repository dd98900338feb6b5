"""The study of distillation: equal terms, and a page that says what holds."""

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


def test_variants_differ_in_the_parts_of_the_method_alone():
    from dataclasses import replace  # noqa: PLC0415

    from distillation_plan import SIZES, TASKS, VARIANTS, student_recipe  # noqa: PLC0415

    for task in TASKS:
        recipes = [student_recipe(task, SIZES["study"], variant, 1) for variant in VARIANTS]
        for recipe in recipes:
            same = replace(recipe, distillation=recipes[0].distillation)
            assert same == recipes[0]
        assert len({repr(recipe.distillation) for recipe in recipes}) == len(recipes)


def test_no_image_to_test_or_tune_with_is_another():
    import torch  # noqa: PLC0415
    from distillation_measure import simulated  # noqa: PLC0415
    from distillation_plan import SIZES, TASKS  # noqa: PLC0415

    drawn = [
        next(simulated(TASKS[1], SIZES["quick"], split, 0, ("brain",), 1)).target
        for split in ("train", "test", "tuning")
    ]
    for place, one in enumerate(drawn):
        for other in drawn[:place]:
            assert float((one - other).abs().max()) > 0.01 * float(one.abs().max())
    assert torch.isfinite(drawn[0].real).all()


def test_cubic_interpolation_keeps_a_slope_in_its_place():
    import torch  # noqa: PLC0415
    from distillation_measure import cubic  # noqa: PLC0415

    from feathermr.operators import Downsampling  # noqa: PLC0415

    ramp = torch.arange(9.0).expand(12, 9).to(torch.complex64)[None, None]
    for scale in (2, 3):
        fine = cubic(ramp, Downsampling((1, 1, 12 * scale, 9 * scale), scale)).real[0, 0, 0]
        assert float(fine[9 * scale // 2]) == pytest.approx(4.0)
        assert float(fine[9 * scale // 2 + 1]) == pytest.approx(4 + 1 / scale, abs=0.02)


def _group(full):
    def scores(shift):
        values = [20.0 + shift, 22.0 + shift, 24.0 + shift]
        return {"scores": {"psnr": values, "ssim": [0.5] * 3, "nmse": [0.1] * 3}}

    variants = {"alone": 0.0, "+ response": full / 2, "+ dynamic weights": full}
    return {
        "classical": {"zero-filled": scores(-2.0)},
        "teacher": scores(0.5),
        "students": {name: {"0": scores(shift)} for name, shift in variants.items()},
    }


@pytest.mark.parametrize(
    ("full", "gained", "close"), [(0.4, "1 of 1", "1 of 1"), (0.1, "0 of 1", "0 of 1")]
)
def test_the_page_says_which_targets_are_met(full, gained, close):
    from distillation_page import page  # noqa: PLC0415

    environment = {"Commit": "abc", "Processor": "one", "PyTorch": "2"}
    task = {
        "title": "super-resolution x2",
        "seeds": [0],
        "commit": "abc",
        "teacher_validation": 27.0,
        "groups": {"simulated bodies": _group(full)},
        "costs": {},
    }
    size = {"teacher": "embedding 12", "teacher_steps": 4, "steps": 4}
    record = {"environment": environment, "size": size, "real": "", "tasks": {"x2": task}}
    text = page(record)
    assert f"an interval above zero: met in {gained} rows" in text
    assert f"(or above): met in {close}." in text
    assert "| + response | " in text


@pytest.mark.slow
def test_the_study_runs_and_does_nothing_twice(tmp_path):
    command = [sys.executable, FOLDER / "distillation_study.py", "--quick", "--output", tmp_path]
    stamps = []
    for _ in range(2):
        subprocess.run(
            [*command, "--only", "x4"], check=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
        )
        runs = sorted((tmp_path / "distillation" / "quick").glob("*/model.safetensors"))
        stamps.append([path.stat().st_mtime_ns for path in runs])
    assert stamps[0] == stamps[1]
    record = json.loads((tmp_path / "results" / "distillation.json").read_text())
    students = record["tasks"]["x4"]["groups"]["simulated bodies"]["students"]
    assert {len(by_seed) for by_seed in students.values()} == {2}
    assert (tmp_path / "images" / "distillation.png").stat().st_size > 5000
