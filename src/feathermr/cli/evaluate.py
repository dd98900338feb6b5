"""Score methods on complete scans under several masks, and store one table.

Give files, or folders: of one DICOM series or of pictures, which is one scan, or of scans in any
other format. Intervals are over subjects.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import feathermr
from feathermr.cli.options import (
    add_device,
    add_image_physics,
    add_layout,
    add_undersampling,
    check_undersampling,
    checked_device,
    checked_folder,
    command_line,
    names,
)
from feathermr.cli.terminal import progress_bars, say, show
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
    parser.add_argument(
        "--out", type=Path, default=Path("out/evaluate"), help="folder (default: out/evaluate)"
    )
    add_device(parser)


def run(options: argparse.Namespace) -> None:
    """Evaluate, print, store."""
    checked_device(options.device)
    check_undersampling(options)
    methods = {name: feathermr.make_method(name) for name in options.method}
    folder = checked_folder(options.out)
    masks = [
        feathermr.Undersampling(factor, options.pattern, options.center, options.seed)
        for factor in options.acceleration or ()
    ]
    files = _files(options.paths)
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
    stored = feathermr.store(entries, folder / "scores.json", command_line())
    table = feathermr.write_evaluation_table(stored, folder / "table.md")
    for mask, rows in feathermr.evaluation_tables(entries).items():
        say(f"\n{mask}")
        show(feathermr.to_rich(rows))
    say(f"table: {table}\nscores: {stored}")


def _files(paths: list[Path]) -> list[Path]:
    """The scans, folders opened; each once.

    Raises:
        DataError: one does not exist or comes twice.
    """
    files: dict[Path, Path] = {}
    for path in paths:
        entries = sorted(path.iterdir()) if path.is_dir() else []
        for file in [one for one in entries if feathermr.named_like_scan(one.name)] or [path]:
            if not file.exists() and not Path(f"{file}.cfl").exists():
                raise DataError(f"{file}: there is no such file or folder")
            if file.resolve() in files:
                raise DataError(f"{file} was given twice; give each scan once")
            files[file.resolve()] = file
    return list(files.values())


def _scans(
    files: list[Path], options: argparse.Namespace, update: Any
) -> Iterator[tuple[str, Any]]:
    """Name and scan, one at a time; the name is the whole path where the file's is not enough."""
    shared = {name for name, count in Counter(path.name for path in files).items() if count > 1}
    for index, path in enumerate(files):
        scan = feathermr.read_scan(
            path,
            layout=options.layout,
            whole=bool(options.acceleration),
            coils=options.coils,
            snr=options.snr,
            seed=options.seed,
        ).to(options.device)
        for method in options.method:
            feathermr.check_suits(method, scan)
        yield str(path) if path.name in shared else path.name, scan
        update(index + 1, len(files))
