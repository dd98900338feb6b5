"""The part of the page for a film: all films at once, profiles over time, error over time."""

import math
from collections.abc import Sequence

import numpy as np

from feathermr.recon.comparison import Comparison
from feathermr.report.family import Slider, slider_controls
from feathermr.report.markup import figure, row
from feathermr.report.plot import line_plot
from feathermr.report.shown import REFERENCE, Shown
from feathermr.report.viewer import frame_times

HINT = "drag a line to move it; on a picture with the focus, arrow keys move its line, space plays"


def film_section(comparison: Comparison, shown: Shown, found: Sequence[Slider]) -> str:
    """Films side by side with one line in all of them, what happens along it; empty for one frame.

    The line starts where the reference (else the first image) moves most.

    Args:
        comparison: for the times and the reference.
        shown: what the page shows of it.
        found: sliders through the films of methods that have several.
    """
    if len(shown.selection.frames) < 2:
        return ""
    names = list(enumerate(shown.names))
    films = [
        figure(name, image=f"magnitude-{index}", view="whole", label=f"{name}, film")
        for index, name in names
    ]
    profiles = [
        figure(name, image=f"magnitude-{index}", view="course", label=f"{name}, profile over time")
        for index, name in names
    ]
    lost = [
        figure(name, image=f"error-{index}", view="course", label=f"{name}, error over time")
        for index, name in names
        if shown.errors and name != REFERENCE
    ]
    caption = '<h3>{} <small>{}<output class="course-axes"></output></small></h3>'
    errors = ""
    if lost:
        empty = '<div class="legend-cell"></div>'
        heading = caption.format("Error along the line", f"{shown.window.error_caption}; ")
        errors = heading + row("", "", [empty, *lost])
    return (
        f'<section id="film"><h2>Film</h2>{_line_choice(shown)}'
        f"{slider_controls(found)}"
        f"{row('Films', f'{shown.window.caption}; {HINT}', films)}"
        f"{caption.format('Profile along the line', '')}{row('', '', profiles)}"
        f"{errors}{_error_over_time(comparison, shown)}</section>"
    )


def _line_choice(shown: Shown) -> str:
    column, line = liveliest(shown)
    height, width = shown.size
    return (
        '<div class="choices" role="group" aria-label="Line of the profiles">'
        '<label><input type="radio" name="line-axis" value="x" checked>Vertical</label>'
        '<label><input type="radio" name="line-axis" value="y">Horizontal</label>'
        f'<label class="wide">Line <input type="range" id="line-place" min="0" max="{width - 1}" '
        f'value="{column}" data-x="{column}" data-y="{line}" data-width="{width}" '
        f'data-height="{height}"><output id="line-value"></output></label></div>'
    )


def liveliest(shown: Shown) -> tuple[int, int]:
    """Column and row along which the first image of the first slice varies most over time."""
    variance = np.var(shown.magnitudes[0][0], axis=0, dtype=np.float64)
    return int(variance.sum(axis=0).argmax()), int(variance.sum(axis=1).argmax())


def relative_errors(shown: Shown, place: int) -> dict[str, list[float]]:
    """``sqrt(sum |error|^2 / sum |reference|^2)`` of every frame of a shown slice, by method."""
    names = shown.names[len(shown.names) - len(shown.errors) :]
    energy = np.square(shown.magnitudes[0][place], dtype=np.float64).sum(axis=(-2, -1))
    result = {}
    for name, error in zip(names, shown.errors, strict=True):
        lost = np.square(error[place], dtype=np.float64).sum(axis=(-2, -1))
        ratio = np.divide(lost, energy, out=np.full_like(lost, math.nan), where=energy > 0)
        result[name] = np.sqrt(ratio).tolist()
    return result


def _error_over_time(comparison: Comparison, shown: Shown) -> str:
    if not shown.errors:
        return ""
    known = frame_times(comparison, shown)
    times = [1.0 + frame for frame in shown.selection.frames]
    if known is not None:
        times = [1e3 * time for time in known]
    plots = "".join(
        f'<div data-slice="{place}"{" hidden" if place else ""}>'
        + line_plot(
            relative_errors(shown, place),
            times,
            x_label="frame" if known is None else "time in ms",
            y_label="relative error",
            label=f"Relative error over time, slice {index + 1}",
        )
        + "</div>"
        for place, index in enumerate(shown.selection.slices)
    )
    return (
        "<h3>Error over time <small>root of summed squared error over summed squared reference, "
        f"magnitude, each frame</small></h3>{plots}"
    )
