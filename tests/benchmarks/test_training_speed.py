"""The speed of training, and the training of a few minutes that plans by it."""

import importlib
import json
import os
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"
TINY = [
    *("--minutes", "0.5", "--workers", "1", "--batch", "2", "--trial", "6", "--first", "3"),
    *("--set", "settings.width=8", "--set", "settings.levels=2", "--set", "loss.denoising=0"),
    *("--set", "data.simulated.sizes=[32,40]", "--set", "data.validation=1"),
]


@pytest.fixture(autouse=True)
def benchmarks_on_path(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))


def planned(seconds, first, waiting):
    train_gpu = importlib.import_module("train_gpu")
    parts = {"waiting": waiting, "network": 0.02, "gradient": 0.02, "optimiser": 0.01}
    speed = {"steps": 100, "seconds_per_step": parts}
    return train_gpu.affordable(Namespace(first=first, reuse=4), speed, 50, seconds)


def test_the_steps_that_are_planned_fit_learning_and_drawing():
    # 100 steps of 0.05 s of learning; 50 batches drawn in 10 s, each met four times
    assert planned(60, 50, 0.05) == pytest.approx(
        60 / 0.05, abs=1
    )  # learning is what takes the time
    assert planned(60, 310, 0.05) == (60 * 5 - 260) * 4  # drawing is
    assert planned(1, 330, 0.05) == 101  # no fewer steps than have been done


@pytest.mark.slow
def test_every_case_is_measured(tmp_path):
    words = ["--recipe", "unet", "--steps", "2", "--out", str(tmp_path / "speed.json")]
    subprocess.run([sys.executable, str(FOLDER / "training_speed.py"), *words], check=True)
    record = json.loads((tmp_path / "speed.json").read_text())
    assert len(record["cases"]) == 4
    assert all(one["examples_per_processor_second"] > 0 for one in record["cases"].values())


@pytest.mark.slow
def test_the_training_of_a_few_minutes_leaves_weights_and_no_examples(tmp_path):
    out = tmp_path / "run"
    words = [sys.executable, str(FOLDER / "train_gpu.py"), "--out", str(out), *TINY]
    subprocess.run(words, check=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    runs = json.loads((out / "environment.json").read_text())["runs"]
    assert len(runs) == 2
    assert (out / "model.safetensors").exists()
    assert not (out / "examples").exists()
