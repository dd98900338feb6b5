"""The pictures of the Kronecker study: error maps at the highest acceleration, and curves."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from kronecker_study_plan import LIMITED, TABLE, TITLES

from feathermr.core.atomic import written_file

mpl.use("Agg")
import matplotlib.pyplot as plt

COLOURS = {LIMITED[0]: "#c1632c", LIMITED[1]: "#20639b"}
ROWS = ("zero-filled", "l1-wavelet", "lb-unet", "efficient-unet", "unet", *TABLE[:6], TABLE[-1])
SHORT = {"kronecker-cascade": "Kronecker cascade"}


def draw_errors(folder: Path, path: Path, errors: float = 0.3) -> None:
    """Image and error magnitude of the first knee and the first brain at the last acceleration.

    Args:
        folder: with the images of each method (scan, y, x): two objects, each at all accelerations.
        path: of the picture.
        errors: that are white, as a share of the largest value of the target.
    """
    names = [name for name in ROWS if (folder / f"{name}.npy").exists()]
    target = np.load(folder / "target.npy")
    scans = (len(target) // 2 - 1, len(target) - 1)
    columns = 1 + len(names)
    figure, axes = plt.subplots(
        4, columns, figsize=(1.35 * columns, 5.7), squeeze=False, layout="constrained"
    )
    for place, scan in enumerate(scans):
        largest = target[scan].max()
        for column, name in enumerate(("target", *names)):
            image = np.load(folder / f"{name}.npy")[scan]
            upper, lower = axes[2 * place, column], axes[2 * place + 1, column]
            upper.imshow(image, cmap="gray", vmin=0, vmax=largest)
            if name == "target":
                lower.set_visible(False)
            else:
                difference = np.abs(image - target[scan])
                lower.imshow(difference, cmap="inferno", vmin=0, vmax=errors * largest)
                noise = np.mean(difference.astype(float) ** 2)
                lower.set_xlabel(f"{10 * np.log10(largest**2 / noise):.1f} dB", fontsize=8)
            if place == 0:
                title = SHORT.get(name, TITLES.get(name, "target"))
                upper.set_title(title.replace(" ", "\n", 1), fontsize=8)
    for one in axes.flat:
        one.set_xticks([])
        one.set_yticks([])
    _save(figure, path, 75)


def draw_curves(record: Mapping[str, Any], path: Path) -> None:
    """PSNR of the validation cases over the steps, one panel a share of the training cases."""
    runs, count = list(record["runs"].values()), record["size"]["objects"]["train"]
    panels = [("limited", share) for share in record["size"]["fractions"]]
    panels += [("long", run["fraction"]) for run in runs if run["part"] == "long"][:1]
    figure, axes = plt.subplots(
        1, len(panels), figsize=(3.2 * len(panels), 3), sharey=True, squeeze=False,
        layout="constrained",
    )  # fmt: skip
    for panel, (part, share) in zip(axes[0], panels, strict=True):
        longer = ", longer" if part == "long" else ""
        panel.set_title(f"{100 * share:g} %: {max(1, round(share * count))} cases{longer}")
        panel.set_xlabel("step")
        panel.grid(alpha=0.3)
        for run in runs:
            if (run["part"], run["fraction"]) == (part, share):
                panel.plot(
                    [point["step"] for point in run["curve"]],
                    [point["psnr"] for point in run["curve"]],
                    color=COLOURS[run["row"]], lw=1.3, marker=".",
                    label=TITLES[run["row"]] if run["seed"] == 0 else None,
                )  # fmt: skip
    axes[0, 0].set_ylabel("validation PSNR (dB)")
    if axes[0, 0].has_data():
        axes[0, 0].legend(fontsize=8)
    _save(figure, path, 110)


def _save(figure: Any, path: Path, dpi: int) -> None:
    with written_file(path) as beside:
        figure.savefig(beside, format="png", dpi=dpi)
    plt.close(figure)
