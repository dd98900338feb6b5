"""A training of seconds, for the tests of everything around it."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from feathermr.core.progress import Progress, silent
from feathermr.training import recorder
from feathermr.training.recipe import Recipe, parse_recipe
from feathermr.training.run_folder import RunFolder
from feathermr.training.train import TrainingRun, train

TEXT = """
model: unet
settings: {width: 4, depth: 2, consistency: 0}
data:
  validation: 2
  simulated:
    batch: 2
    sizes: [32, 40]
    coils: [1]
    anatomies: {texture: 1.0}
    blend: 0
    accelerations: [2, 2.5]
trainer: {steps: 8, validate_every: 4, checkpoint_every: 3, log_every: 3}
"""
CASCADE = TEXT.replace(
    "model: unet\nsettings: {width: 4, depth: 2, consistency: 0}",
    "model: kronecker-cascade\nsettings: {width: 8, levels: 2, steps: 2}\nloss: {name: log-mse}",
)
#: batches of any two steps can be joined
FIXED_SIZE = {"data.simulated.sizes": "[32, 32]", "trainer.steps": "5"}
ON_CPU = TrainingRun(accelerator="cpu")


def small_recipe(changes: Mapping[str, str] | None = None, text: str = TEXT) -> Recipe:
    return parse_recipe(text, "small.yaml", changes)


def silently(line: str) -> None:
    """Say nothing."""


def trained(
    out: Path,
    changes: Mapping[str, str] | None = None,
    run: TrainingRun = ON_CPU,
    *,
    resume: bool = False,
    progress: Progress = silent,
    curves: bool = False,
    text: str = TEXT,
) -> RunFolder:
    """Train; without the picture of the curves, which takes as long as the training."""
    with pytest.MonkeyPatch.context() as patch:
        if not curves:
            patch.setattr(recorder, "draw_curves", lambda folder, title: folder.curves)
        return train(
            small_recipe(changes, text),
            out,
            run,
            resume=resume,
            progress=lambda description: progress,
            say=silently,
        )
