"""The picture of the study of distillation: what teacher and students see, and where they err."""

from __future__ import annotations

import math
from pathlib import Path

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import torch
from distillation_measure import simulated, start
from distillation_plan import ACCELERATIONS, FULL, TASKS, VARIANTS, Size
from torch import Tensor

from feathermr.core.atomic import written_file
from feathermr.models.weights import load_weights
from feathermr.training.run_folder import RunFolder

mpl.use("Agg")
import matplotlib.pyplot as plt

Picture = npt.NDArray[np.float32]
#: times that errors are brightened
BRIGHTER = 5


@torch.no_grad()
def draw(size: Size, folder: Path, path: Path) -> None:
    """Two rows a task: images and errors, of ground truth, start, teacher and students."""
    seed, full = size.seeds[0], list(VARIANTS).index(FULL)
    rows: list[dict[str, Picture]] = []
    for task in TASKS:
        places = {
            "teacher": folder / f"{task.name}-teacher",
            "student alone": folder / f"{task.name}-0-{seed}",
            "student taught": folder / f"{task.name}-{full}-{seed}",
        }
        if not all(RunFolder(place).weights.exists() for place in places.values()):
            continue
        example = next(simulated(task, size, "test", ACCELERATIONS[0], ("brain",), 1))
        given = example.measured, example.encoding
        images: dict[str, Tensor] = {"ground truth": example.target, "zero-filled": start(*given)}
        images |= {name: load_weights(place).network(*given) for name, place in places.items()}
        rows.append({name: image.abs()[0, 0].numpy() for name, image in images.items()})
    if not rows:
        return
    figure, axes = plt.subplots(
        2 * len(rows), 5, figsize=(10, 4 * len(rows)), squeeze=False, layout="constrained"
    )
    for number, images in enumerate(rows):
        _row(axes[2 * number : 2 * number + 2], images)
    with written_file(path) as beside:
        figure.savefig(beside, format="png", dpi=80)
    plt.close(figure)


def _row(axes: object, images: dict[str, Picture]) -> None:
    truth = images["ground truth"]
    largest = float(truth.max())
    for place, (name, image) in enumerate(images.items()):
        above, below = axes[0, place], axes[1, place]  # type: ignore[index]
        above.imshow(image, cmap="gray", vmin=0, vmax=0.9 * largest)
        above.set_title(name, fontsize=9)
        error = abs(image - truth)
        below.imshow(error, cmap="inferno", vmin=0, vmax=largest / BRIGHTER)
        value = 20 * math.log10(largest / float((error**2).mean()) ** 0.5) if place else 0.0
        below.set_xlabel(f"{value:.2f} dB" if place else f"errors x {BRIGHTER}", fontsize=8)
        for axis in (above, below):
            axis.set_xticks([])
            axis.set_yticks([])
