"""Trainings of a study: each in a folder of its own, done once, and gone on with when cut off."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from feathermr.core.atomic import written_file
from feathermr.training.recipe import Recipe
from feathermr.training.run_folder import RunFolder, series
from feathermr.training.train import TrainingRun, train


def write(path: Path, record: Any) -> None:
    """A record as JSON, whole or not at all."""
    with written_file(path) as beside:
        beside.write_text(json.dumps(record, allow_nan=False) + "\n")


def is_done(place: Path) -> bool:
    """Whether the training of this folder came to its end."""
    return (place / "done.json").exists()


def trained(recipe: Recipe, place: Path, run: TrainingRun | None = None) -> RunFolder:
    """Train unless it is done; ``done.json`` says how long it took and what came of it."""
    folder = RunFolder(place)
    if not is_done(place):
        begun, fresh = time.process_time(), not folder.last.exists()
        run = run or TrainingRun(accelerator="cpu")
        train(recipe, place, run, resume=place.exists(), say=lambda line: None)
        seconds = round(time.process_time() - begun, 1) if fresh else None
        best = max(series(folder.rows(), "validation", "psnr").values())
        write(place / "done.json", {"seconds": seconds, "validation": best})
        print(f"{place.name}: {best:.2f} dB on the validation set", flush=True)
    return folder
