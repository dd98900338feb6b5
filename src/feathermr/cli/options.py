"""Arguments that several commands share, and what is read from them."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from pathlib import Path
from typing import TypeVar

import feathermr
from feathermr.core.errors import DataError, UsageError
from feathermr.core.registry import look_up

N = TypeVar("N", int, float)


def add_undersampling(parser: argparse.ArgumentParser, several: bool = False) -> None:
    """How a complete scan is undersampled retrospectively."""
    group = parser.add_argument_group("undersample a complete scan retrospectively")
    group.add_argument(
        "--acceleration",
        type=accelerations if several else acceleration,
        metavar="R,R" if several else "R",
        help="positions over samples, the center counted"
        + ("; one or several, e.g. 4,8" if several else ""),
    )
    group.add_argument(
        "--pattern",
        default="auto",
        help="sampling pattern (feathermr methods lists them; default: kt-random for a time "
        "series, else random)",
    )
    group.add_argument(
        "--center",
        type=center,
        default=0,
        metavar="C",
        help="central lines: a count, or below 1 a fraction (default: 0.32/R, at least 8)",
    )
    group.add_argument("--seed", type=seed, default=0, help="of masks and noise (default: 0)")


def add_image_physics(parser: argparse.ArgumentParser) -> None:
    """What is added to a magnitude image before it is taken for a scan."""
    group = parser.add_argument_group("when the input is an image, not k-space")
    group.add_argument("--coils", type=count, default=1, help="coils to simulate (default: 1)")
    group.add_argument(
        "--snr", type=positive, default=30.0, help="signal to noise to simulate (default: 30)"
    )


def add_layout(parser: argparse.ArgumentParser) -> None:
    """Names of the axes of a bare array."""
    parser.add_argument(
        "--layout",
        type=lambda text: tuple(part.strip() for part in text.split(",")),
        metavar="AXES",
        help="axes of a bare array, e.g. coil,y,x (of slice, frame, coil, y, x)",
    )


def add_device(parser: argparse.ArgumentParser) -> None:
    """Where to compute."""
    parser.add_argument("--device", default="cpu", help="cpu or cuda (default: cpu)")


def positive(text: str) -> float:
    """A positive finite number."""
    value = _number(float, text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"'{text}' is not a positive number")
    return value


def acceleration(text: str) -> float:
    """A finite number of at least 1."""
    value = positive(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is below 1, which samples all")
    return value


def accelerations(text: str) -> tuple[float, ...]:
    """Different accelerations with commas between."""
    values = tuple(acceleration(part) for part in text.split(","))
    if len(set(values)) < len(values):
        raise argparse.ArgumentTypeError(f"'{text}' names one acceleration twice")
    return values


def center(text: str) -> float:
    """A whole number of lines, or a fraction below 1."""
    value = positive(text)
    if value > 1 and value != int(value):
        raise argparse.ArgumentTypeError(f"'{text}' is neither a number of lines nor below 1")
    return value


def count(text: str) -> int:
    """A whole number of at least 1."""
    value = _number(int, text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not at least 1")
    return value


def seed(text: str) -> int:
    """A whole number of at least 0."""
    value = _number(int, text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"'{text}' is negative")
    return value


def _number(kind: type[N], text: str) -> N:
    try:
        return kind(text)
    except ValueError:
        wanted = "a whole number" if kind is int else "a number"
        raise argparse.ArgumentTypeError(f"'{text}' is not {wanted}") from None


def names(text: str) -> tuple[str, ...]:
    """Different words with commas between."""
    words = tuple(part.strip() for part in text.split(","))
    if "" in words or len(set(words)) < len(words):
        raise argparse.ArgumentTypeError(f"'{text}' must be different names with commas between")
    return words


def settings(pairs: list[str]) -> dict[str, str]:
    """``key=value`` pairs of ``--set``."""
    found = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise UsageError(f"--set takes key=value, not '{pair}'")
        found[key] = value
    return found


def checked_device(name: str) -> str:
    """The device, if it is there."""
    if name == "cpu":
        return name
    if name.partition(":")[0] != "cuda":
        raise UsageError(f"no device is called '{name}'; there are: cpu, cuda")
    if not feathermr.cuda_name():
        raise UsageError("no CUDA device is available here; use --device cpu")
    return name


def checked_folder(folder: Path) -> Path:
    """The folder to write to, if it can be made and written to; nothing is made yet.

    Raises:
        DataError: a file has its name, or it may not be written to.
    """
    there = next(one for one in (folder, *folder.absolute().parents) if one.exists())
    if not there.is_dir():
        raise DataError(f"cannot write to the folder {folder}: {there} is a file; choose another")
    if not os.access(there, os.W_OK | os.X_OK):
        raise DataError(f"cannot write to the folder {folder}: {there} is read-only to this user")
    return folder


def check_undersampling(options: argparse.Namespace) -> None:
    """Refuse an unknown pattern, and numbers of a mask that is not asked for.

    Raises:
        UsageError: before anything is read.
    """
    if options.pattern != "auto":
        look_up(feathermr.PATTERNS, options.pattern, "sampling pattern")
    if not options.acceleration and (options.pattern != "auto" or options.center):
        raise UsageError("--pattern and --center say how to undersample; give --acceleration too")


def command_line() -> str:
    """What was typed, so that a report can say how to repeat it."""
    return shlex.join(["feathermr", *sys.argv[1:]])
