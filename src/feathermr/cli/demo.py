"""Simulate a scan, undersample it, reconstruct it by every method, and write a report.

No download, no GPU, no data: the object is simulated, and the page says so; the weights of the
network are part of the package, trained on other simulated objects.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import feathermr
from feathermr.cli.options import (
    acceleration,
    add_device,
    checked_device,
    checked_folder,
    command_line,
    count,
    seed,
)
from feathermr.cli.terminal import progress_bars, say, show
from feathermr.core.registry import look_up

STATIC = ("cg-sense", "l1-wavelet", "tv", "kronecker-cascade")
DYNAMIC = ("view-sharing", "temporal-tv", "low-rank-sparse", "kronecker-cine")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``feathermr demo``."""
    parser.add_argument(
        "anatomy", nargs="?", default="brain", help="brain, knee, abdomen, heart (a film), texture"
    )
    parser.add_argument("--slices", type=count, help="each of another body (default: 4; a film: 1)")
    parser.add_argument("--size", type=count, default=256, help="pixels an axis (default: 256)")
    parser.add_argument("--coils", type=count, default=8, help="default: 8")
    parser.add_argument(
        "--acceleration", type=acceleration, default=4.0, metavar="R", help="default: 4"
    )
    parser.add_argument("--seed", type=seed, default=1, help="default: 1")
    parser.add_argument(
        "--out", type=Path, default=Path("out/demo"), help="folder (default: out/demo)"
    )
    add_device(parser)


def run(options: argparse.Namespace) -> None:
    """The whole way once."""
    look_up(feathermr.ANATOMIES, options.anatomy, "anatomy")
    device, folder = checked_device(options.device), checked_folder(options.out)
    film = options.anatomy == "heart"
    slices, frames = options.slices or (1 if film else 4), 20 if film else 1
    say(
        f"simulating {options.anatomy}: {slices} x {options.size} x {options.size}, "
        f"{'20 frames, ' if film else ''}{options.coils} coils, seed {options.seed}"
    )
    scan = feathermr.simulate(
        options.anatomy,
        slices=slices,
        frames=frames,
        shape=(options.size, options.size),
        coils=options.coils,
        seed=options.seed,
    ).to(device)
    scan = scan.without_coil_maps()
    given = feathermr.Undersampling(options.acceleration, seed=options.seed)(scan)
    methods = {name: feathermr.make_method(name) for name in (DYNAMIC if film else STATIC)}
    with progress_bars() as bars:
        comparison = feathermr.compare(
            given, methods, feathermr.reference_image(scan), scan="demo", progress=bars.start
        )
    page = feathermr.write_report(comparison, folder / "report.html", command=command_line())
    show(feathermr.to_rich(feathermr.score_table(comparison)))
    say(f"report: {page.resolve()}")
