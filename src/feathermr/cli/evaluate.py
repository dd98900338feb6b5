"""Score methods on complete scans under several masks, and store one table.

Give files, or folders of fastMRI files. Intervals are over subjects.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import feathermr
from feathermr.cli.options import (
    add_device,
    add_image_physics,
    add_layout,
    add_undersampling,
    command_line,
    names,
    read_scan,
)
from feathermr.cli.terminal import console, progress_bars, say
from feathermr.core.errors import DataError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``feathermr evaluate``."""
    parser.add_argument("paths", type=Path, nargs="+", help="files, or folders of scans")
    parser.add_argument(
        "-m",
        "--method",
        type=names,
        default=("cg-sense", "l1-wavelet", "tv"),
        help="methods with commas between; zero-filled is added (default: cg-sense,l1-wavelet,tv)",
    )
    add_layout(parser)
    add_undersampling(parser, several=True)
    add_image_physics(parser)
    parser.add_argument(
        "--policy",
        choices=("volume", "slice"),
        default="volume",
        help="score a scan as a whole (as fastMRI does) or image by image (default: volume)",
    )
    parser.add_argument(
        "--alignment",
        choices=("none", "least-squares"),
        default="none",
        help="fit one real factor a scan before comparing (default: none)",
    )
    parser.add_argument("--out", type=Path, default=Path("out/evaluate"), help="folder")
    add_device(parser)


def run(options: argparse.Namespace) -> None:
    """Evaluate, print, store."""
    masks = [
        feathermr.Undersampling(factor, options.pattern, options.center, options.seed)
        for factor in options.acceleration or ()
    ]
    methods = {name: feathermr.make_method(name) for name in options.method}
    files = list(_files(options.paths))
    with progress_bars() as bars:
        update = bars.start("scans", len(files))
        entries = feathermr.evaluate(
            _scans(files, options, update),
            masks,
            methods,
            policy=options.policy,
            alignment=options.alignment,
            progress=bars.start,
        )
    options.out.mkdir(parents=True, exist_ok=True)
    stored = feathermr.store(entries, options.out / "scores.json", command_line())
    table = feathermr.write_evaluation_table(stored, options.out / "table.md")
    for mask, rows in feathermr.evaluation_tables(entries).items():
        say(f"\n{mask}")
        console.print(feathermr.to_rich(rows))
    say(f"table: {table}\nscores: {stored}")


def _files(paths: list[Path]) -> Iterator[Path]:
    for path in paths:
        inside = sorted(path.glob("*.h5")) + sorted(path.glob("*.mrd")) if path.is_dir() else []
        yield from inside or [path]


def _scans(
    files: list[Path], options: argparse.Namespace, update: Any
) -> Iterator[tuple[str, Any]]:
    names_seen: set[str] = set()
    for index, path in enumerate(files):
        name = path.name if path.name not in names_seen else str(path)
        if name in names_seen:
            raise DataError(f"{path} was given twice; give each scan once")
        names_seen.add(name)
        yield name, read_scan(path, options)
        update(index + 1, len(files))
