"""The picture of the heart study: a frame, its error and the profile over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from cine_study_measure import Contestant
from torch import Tensor

from feathermr import Acquisition, make_method
from feathermr.core.atomic import written_file
from feathermr.metrics import moving_region

mpl.use("Agg")
import matplotlib.pyplot as plt

#: times that errors are brightened
BRIGHTER = 5
#: share of the reference's largest value that is white
WHITE = 0.7


def picture_films(given: Acquisition, methods: Sequence[Contestant]) -> dict[str, Tensor]:
    """Magnitudes (frame, y, x) of the reference and of each method."""
    if given.reference is None:
        raise ValueError("the film has no reference")
    films = {"reference": given.reference.abs()[0]}
    for one in methods:
        films[one.name] = make_method(one.method, one.settings)(given).image.abs()[0]
    return films


def moving_center(film: Tensor) -> tuple[int, int]:
    """(y, x) in the middle of what moves."""
    places = moving_region(film).nonzero().double()
    if not len(places):
        return film.shape[-2] // 2, film.shape[-1] // 2
    row, column = places.median(0).values.long().tolist()
    return row, column


def draw(films: Mapping[str, Tensor], path: Path) -> None:
    """Columns are methods; rows are a frame, its error, the profile and the profile's error.

    The frame is the one farthest from the mean of the film, cut to the heart's surroundings; the
    profile is the line through the middle of what moves.
    """
    reference = films["reference"]
    row, column = moving_center(reference)
    frame = int((reference - reference.mean(0)).square().sum((-2, -1)).argmax())
    half = min(reference.shape[-2:]) // 3
    height, width = reference.shape[-2:]
    rows = slice(max(0, row - half), min(height, row + half))
    columns = slice(max(0, column - half), min(width, column + half))
    largest = WHITE * float(reference.max())
    figure, axes = plt.subplots(
        4, len(films), figsize=(2.0 * len(films), 6.6), squeeze=False, layout="constrained",
        height_ratios=(1, 1, 0.5, 0.5),
    )  # fmt: skip
    for place, (name, film) in enumerate(films.items()):
        error = (film - reference).abs()
        # a profile of y over time, stretched so that a frame is as wide as several pixels
        views = (
            (film[frame, rows, columns], "gray", 1.0),
            (error[frame, rows, columns], "inferno", 1.0 / BRIGHTER),
            (film[:, rows, column].T, "gray", 1.0),
            (error[:, rows, column].T, "inferno", 1.0 / BRIGHTER),
        )
        for axis, (view, colours, share) in zip(axes[:, place], views, strict=True):
            shape = view.shape
            aspect = "equal" if shape == views[0][0].shape else 0.5 * shape[1] / shape[0]
            axis.imshow(
                view.numpy(), cmap=colours, vmin=0, vmax=share * largest, aspect=aspect,
                interpolation="nearest",
            )  # fmt: skip
            axis.set_xticks([])
            axis.set_yticks([])
        axes[0, place].set_title(name, fontsize=9)
        if place:
            share = float(error.square().mean())
            value = 10 * np.log10(float(reference.max()) ** 2 / share)
            axes[1, place].set_xlabel(f"{value:.1f} dB", fontsize=8)
        else:
            axes[0, 0].axvline(column - columns.start, color="#e0b040", lw=0.6)
            axes[1, 0].set_visible(False)
            axes[3, 0].set_visible(False)
    labels = (f"frame {frame + 1}", f"error x {BRIGHTER}", "y over time", f"error x {BRIGHTER}")
    for axis, label in zip(axes[:, 0], labels, strict=True):
        axis.set_ylabel(label, fontsize=8)
    axes[1, 1].set_ylabel(labels[1], fontsize=8)
    axes[3, 1].set_ylabel(labels[3], fontsize=8)
    with written_file(path) as beside:
        figure.savefig(beside, format="png", dpi=90)
    plt.close(figure)
