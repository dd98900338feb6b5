"""Ask a field that reconstruct fitted for frames at any time, or for another smoothness.

The field is the field.safetensors that feathermr reconstruct -m inr or -m inr-lambda wrote.
"""

from __future__ import annotations

import argparse
from itertools import pairwise
from pathlib import Path
from typing import Any

import feathermr
from feathermr.cli.options import checked_folder, count, names
from feathermr.cli.terminal import note, say
from feathermr.core.errors import UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``feathermr query``."""
    parser.add_argument("path", type=Path, help="field.safetensors")
    when = parser.add_mutually_exclusive_group()
    when.add_argument(
        "--times",
        type=count,
        metavar="N",
        help="so many frames, equally spaced over the film (default: those of the scan)",
    )
    when.add_argument("--at", type=seconds, metavar="T,T", help="frames at these times in seconds")
    parser.add_argument(
        "--lambda",
        dest="level",
        type=decades,
        metavar="L",
        help="log10 of the regularisation weight, -5 (detailed) to 0 (smooth), of a field of "
        "inr-lambda (default: that of the scan's image)",
    )
    parser.add_argument("--out", type=Path, help="folder to write to (default: out/NAME)")
    parser.add_argument(
        "--format",
        type=names,
        help="of the image: npy,png,nifti,dicom,h5,gif,mp4 (default: npy,png; for a time series "
        "npy,gif)",
    )


def run(options: argparse.Namespace) -> None:
    """Read the field, evaluate it, write the image."""
    for kind in options.format or ():
        feathermr.check_image_format(kind)
    folder = checked_folder(options.out or Path("out") / options.path.stem)
    field = feathermr.load_field(options.path)
    image, header = field.image(_times(field, options), _weight(options))
    usual = ("npy", "gif" if image.shape[1] > 1 else "png")
    for kind in options.format or usual:
        for path in feathermr.save_image(image, header, folder / "image", kind):
            say(f"wrote {path}")
    slices, frames, height, width = image.shape
    note(f"{slices} slices, {frames} frames, {height} x {width}, from a field '{field.name}'")


def decades(text: str) -> float:
    """A number from -5 to 0."""
    try:
        value = float(text)
    except ValueError:
        value = 1.0
    if not -5 <= value <= 0:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from -5 to 0")
    return value


def seconds(text: str) -> tuple[float, ...]:
    """Rising times with commas between."""
    try:
        times = tuple(float(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' must be numbers with commas between") from None
    if not all(a < b for a, b in pairwise((float("-inf"), *times, float("inf")))):
        raise argparse.ArgumentTypeError(f"the times '{text}' must rise")
    return times


def _times(field: Any, options: argparse.Namespace) -> tuple[float, ...] | None:
    if options.times:
        times: tuple[float, ...] = field.domain.equal_times(options.times)
        return times
    if options.at is None:
        return None
    first, length = field.domain.times[0], field.domain.duration
    if not first <= options.at[0] <= options.at[-1] <= first + length:
        unit = "s" if field.header.frame_times else "frames (no times are known)"
        raise UsageError(
            f"the film lasts from {first:g} to {first + length:g} {unit}; --at takes times within"
        )
    at: tuple[float, ...] = options.at
    return at


def _weight(options: argparse.Namespace) -> float | None:
    return None if options.level is None else float(10**options.level)
