"""Simulate a scan, undersample it, reconstruct it by every method, and write a report.

No download, no GPU, no data: the object is simulated, and the page says so.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import feathermr
from feathermr.cli.options import add_device, checked_device, command_line, count, positive
from feathermr.cli.terminal import console, progress_bars, say

STATIC = ("cg-sense", "tv", "l1-wavelet")
DYNAMIC = ("temporal-tv", "low-rank-sparse")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``feathermr demo``."""
    parser.add_argument(
        "anatomy", nargs="?", default="brain", help="brain, knee, abdomen, heart (a film), texture"
    )
    parser.add_argument("--slices", type=count, default=4, help="subjects (default: 4)")
    parser.add_argument("--size", type=count, default=256, help="pixels an axis (default: 256)")
    parser.add_argument("--coils", type=count, default=8, help="default: 8")
    parser.add_argument("--acceleration", type=positive, default=4.0, help="default: 4")
    parser.add_argument("--seed", type=int, default=1, help="default: 1")
    parser.add_argument("--out", type=Path, default=Path("out/demo"), help="folder")
    add_device(parser)


def run(options: argparse.Namespace) -> None:
    """The whole way once."""
    film = options.anatomy == "heart"
    say(
        f"simulating {options.anatomy}: {1 if film else options.slices} x {options.size} x "
        f"{options.size}, {options.coils} coils, seed {options.seed}"
    )
    scan = feathermr.simulate(
        options.anatomy,
        slices=1 if film else options.slices,
        frames=20 if film else 1,
        shape=(options.size, options.size),
        coils=options.coils,
        seed=options.seed,
    ).to(checked_device(options.device))
    scan = scan.without_coil_maps()
    given = feathermr.Undersampling(options.acceleration, seed=options.seed)(scan)
    methods = {name: feathermr.make_method(name) for name in (DYNAMIC if film else STATIC)}
    with progress_bars() as bars:
        comparison = feathermr.compare(
            given, methods, feathermr.reference_image(scan), scan="demo", progress=bars.start
        )
    options.out.mkdir(parents=True, exist_ok=True)
    page = feathermr.write_report(comparison, options.out / "report.html", command=command_line())
    console.print(feathermr.to_rich(feathermr.score_table(comparison)))
    say(f"report: {page.resolve()}")
