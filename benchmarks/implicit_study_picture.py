"""The pictures of the study of films at any time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from feathermr.core.atomic import written_file

mpl.use("Agg")
import matplotlib.pyplot as plt

#: times that errors are brightened
BRIGHTER = 5
#: share of the reference's largest value that is white
WHITE = 0.7
#: milliseconds a frame of the animation
FRAME = 60


def draw(films: Mapping[str, Tensor], path: Path) -> None:
    """Columns are methods, the first the truth; the films are complex (time, y, x).

    Rows are magnitude and phase at half of the film's time, the error there, the line along y at
    half of the width over time, and its error.
    """
    reference = next(iter(films.values()))
    moment, column = len(reference) // 2, reference.shape[-1] // 2
    largest = WHITE * float(reference.abs().max())
    figure, axes = plt.subplots(
        5, len(films), figsize=(2.0 * len(films), 9.0), squeeze=False, layout="constrained",
        height_ratios=(1, 1, 1, 0.6, 0.6),
    )  # fmt: skip
    for place, (name, film) in enumerate(films.items()):
        error = (film.abs() - reference.abs()).abs()
        bright = film[moment].abs() > 0.1 * largest
        phase = torch.where(bright, film[moment].angle(), torch.nan)
        views = (
            (film[moment].abs(), "gray", 0.0, largest),
            (phase, "twilight", -torch.pi, torch.pi),
            (error[moment], "inferno", 0.0, largest / BRIGHTER),
            (film[:, :, column].abs().T, "gray", 0.0, largest),
            (error[:, :, column].T, "inferno", 0.0, largest / BRIGHTER),
        )
        for row, (view, colours, low, high) in enumerate(views):
            aspect = "equal" if row < 3 else 0.6 * view.shape[1] / view.shape[0]
            axes[row, place].imshow(
                view.numpy(), cmap=colours, vmin=low, vmax=high, aspect=aspect,
                interpolation="nearest",
            )  # fmt: skip
            axes[row, place].set_xticks([])
            axes[row, place].set_yticks([])
        axes[0, place].set_title(name, fontsize=9)
        if place:
            share = float(error.square().mean())
            value = 10 * np.log10(float(reference.abs().max()) ** 2 / share)
            axes[2, place].set_xlabel(f"{value:.1f} dB", fontsize=8)
        else:
            axes[2, 0].set_visible(False)
            axes[4, 0].set_visible(False)
    labels = {0: "magnitude, T/2", 1: "phase, T/2", 3: "y over time"}
    for row, label in labels.items():
        axes[row, 0].set_ylabel(label, fontsize=8)
    for row in (2, 4):
        axes[row, 1].set_ylabel(f"error x {BRIGHTER}", fontsize=8)
    _save(figure, path)


def draw_family(films: Mapping[float, Tensor], path: Path) -> None:
    """Columns are logarithms of lambda; rows a frame at half of the time and y over time."""
    first = next(iter(films.values()))
    moment, column = len(first) // 2, first.shape[-1] // 2
    largest = WHITE * float(first.abs().max())
    figure, axes = plt.subplots(
        2, len(films), figsize=(2.0 * len(films), 3.4), squeeze=False, layout="constrained",
        height_ratios=(1, 0.6),
    )  # fmt: skip
    for place, (level, film) in enumerate(films.items()):
        profile = film[:, :, column].abs().T
        wide = 0.6 * profile.shape[1] / profile.shape[0]
        for row, (view, aspect) in enumerate(((film[moment].abs(), "equal"), (profile, wide))):
            axes[row, place].imshow(
                view.numpy(), cmap="gray", vmin=0, vmax=largest, aspect=aspect,
                interpolation="nearest",
            )  # fmt: skip
            axes[row, place].set_xticks([])
            axes[row, place].set_yticks([])
        axes[0, place].set_title(f"lambda = 10^{level:g}", fontsize=9)
    axes[0, 0].set_ylabel("magnitude, T/2", fontsize=8)
    axes[1, 0].set_ylabel("y over time", fontsize=8)
    _save(figure, path)


def _save(figure: plt.Figure, path: Path) -> None:
    with written_file(path) as beside:
        figure.savefig(beside, format="png", dpi=90)
    plt.close(figure)


def animate(films: Mapping[str, Tensor], path: Path, every: int = 2) -> None:
    """Magnitude above phase of all films (time, y, x) side by side, as a GIF."""
    reference = next(iter(films.values()))
    largest = WHITE * float(reference.abs().max())
    frames = []
    for moment in range(0, len(reference), every):
        columns = [np.vstack(_both(film[moment], largest)) for film in films.values()]
        frames.append(Image.fromarray(np.hstack(columns)).quantize(128))
    with written_file(path) as beside:
        frames[0].save(
            beside, format="GIF", save_all=True, append_images=frames[1:], duration=FRAME, loop=0
        )


def _both(image: Tensor, largest: float) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Magnitude and phase of a complex image as colours."""
    bright = (image.abs() / largest).clamp(0, 1).numpy()
    phase = (image.angle() / (2 * torch.pi) + 0.5).numpy()
    colours = mpl.colormaps["twilight"](phase)[..., :3] * (bright[..., None] > 0.1)
    grey = np.repeat(bright[..., None], 3, axis=-1)
    return (255 * grey).astype(np.uint8), (255 * colours).astype(np.uint8)
