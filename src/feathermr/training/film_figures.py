"""Pictures of films: the mask over time, frames side by side, profiles over time.

A film comes as three magnitudes (frame, y, x): aliased, reconstructed and full.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image, ImageDraw
from torch import Tensor

from feathermr.core.atomic import written_file

Film = tuple[Tensor, Tensor, Tensor]

NAMES = ("aliased", "reconstruction", "full")
#: by which errors are multiplied
GAIN = 5
#: of the magnitudes that are shown, the share that is not white
WHITE = 0.995
#: pixels of the heading of an animation and between its films
HEADING, GAP = 14, 4


def draw_mask(mask: Tensor, path: Path) -> None:
    """The mask (frame, y, x) of the first frame, and beside it all frames along k and t."""
    along_y = bool((mask == mask[..., :1]).all())
    lines = mask[:, :, mask.shape[2] // 2] if along_y else mask[:, mask.shape[1] // 2, :]
    axis = "y" if along_y else "x"
    acceleration = mask.numel() / max(1, int(mask.sum()))
    figure = Figure(figsize=(8, 4.2))
    first, time = figure.subplots(1, 2)
    _show(first, mask[0], 1.0)
    first.set_title("frame 0")
    first.set_xlabel("$k_x$")
    first.set_ylabel("$k_y$")
    _show(time, lines.T, 1.0)
    time.set_aspect("auto")
    time.set_title("all frames")
    time.set_xlabel("frame")
    time.set_ylabel(f"$k_{axis}$")
    figure.suptitle(f"sampled positions (white), {acceleration:.2f} times accelerated")
    figure.subplots_adjust(left=0.05, right=0.98, bottom=0.1, top=0.84, wspace=0.12)
    _write(figure, path)


def draw_examples(films: Sequence[Film], path: Path) -> None:
    """The first frame and one of a third later of each film, with the error."""
    rows = [(film, frame) for film in films for frame in _moments(film)]
    figure = Figure(figsize=(9, 2.25 * len(rows) + 0.4))
    table = figure.subplots(len(rows), 4, squeeze=False)
    for (film, frame), row in zip(rows, table, strict=True):
        _show_row(row, [one[frame] for one in film])
        row[0].set_ylabel(f"frame {frame}")
    _finish(table, figure, ())
    _write(figure, path)


def draw_profiles(films: Sequence[Film], path: Path) -> None:
    """One column of pixels over time of each film: where the full film changes most."""
    figure = Figure(figsize=(10, 1.95 * len(films) + 0.55))
    table = figure.subplots(len(films), 5, squeeze=False)
    for film, row in zip(films, table, strict=True):
        column = int(film[2].std(0, correction=0).sum(0).argmax())
        _show(row[0], film[2][0], _white(film))
        row[0].axvline(column, color="tab:orange", linewidth=1)
        row[0].set_ylabel("y")
        _show_row(row[1:], [one[:, :, column].T for one in film])
        for axes in row[1:]:
            axes.set_aspect("auto")
    _finish(table, figure, ("line through the full film",))
    for axes in table[-1][1:]:
        axes.set_xlabel("frame")
    _write(figure, path)


def side_by_side(films: Sequence[Film]) -> Tensor:
    """Films above each other, each with its three versions beside each other: one film to play.

    Returns:
        (1, frame, y, x), every film's white at 1, names of the columns on top.
    """
    frames = min(film[0].shape[0] for film in films)
    room = max(film[0].shape[2] for film in films)
    parts = [_heading(room).expand(frames, -1, -1)]
    for film in films:
        white = _white(film)
        gap = torch.ones(frames, film[0].shape[1], GAP)
        columns = [_within((one[:frames] / white).clamp(0, 1), room) for one in film]
        row = torch.cat([columns[0], gap, columns[1], gap, columns[2]], dim=2)
        parts += [row, torch.ones(frames, GAP, row.shape[2])]
    return torch.cat(parts[:-1], dim=1)[None]


def _within(film: Tensor, room: int) -> Tensor:
    """A film in the middle of ``room`` columns, white beside it."""
    left = (room - film.shape[2]) // 2
    return torch.nn.functional.pad(film, (left, room - film.shape[2] - left), value=1.0)


def _heading(room: int) -> Tensor:
    """Names of the columns, each ``room`` wide, black on white, (1, y, x)."""
    picture = Image.new("L", (3 * room + 2 * GAP, HEADING), 255)
    pen = ImageDraw.Draw(picture)
    for column, name in enumerate(NAMES):
        shown = name if pen.textlength(name) <= room else name[:5]
        middle = column * (room + GAP) + room / 2
        pen.text((middle, HEADING / 2), shown, fill=0, anchor="mm")
    return torch.from_numpy(np.asarray(picture).astype(np.float32) / 255)[None]


def _moments(film: Film) -> tuple[int, ...]:
    frames = int(film[0].shape[0])
    return tuple(sorted({0, frames // 3}))


def _show_row(row: Sequence[Any], images: Sequence[Tensor]) -> None:
    """Three images and the error of the second one."""
    white = _white(images)
    for axes, image in zip(row, images, strict=False):
        _show(axes, image, white)
    _show(row[3], GAIN * (images[1] - images[2]).abs(), white, "inferno")


def _show(axes: Any, image: Tensor, white: float, colours: str = "gray") -> None:
    axes.imshow(image.numpy(), cmap=colours, vmin=0, vmax=white, interpolation="nearest")
    axes.set_xticks([])
    axes.set_yticks([])


def _finish(table: Any, figure: Figure, before: tuple[str, ...]) -> None:
    for axes, name in zip(table[0], (*before, *NAMES, f"error x {GAIN}"), strict=True):
        axes.set_title(name, fontsize=10)
    height = figure.get_figheight()
    figure.subplots_adjust(
        left=0.03, right=0.99, bottom=0.25 / height, top=1 - 0.3 / height, wspace=0.03, hspace=0.04
    )


def _white(images: Sequence[Tensor]) -> float:
    """What is shown white: a quantile of the full image."""
    values = np.quantile(images[2].numpy(), WHITE)
    return float(values) or 1.0


def _write(figure: Figure, path: Path) -> None:
    canvas = FigureCanvasAgg(figure)
    with written_file(path) as beside:
        canvas.print_png(str(beside))
