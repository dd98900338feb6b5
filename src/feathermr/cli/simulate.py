"""Simulate scans of random anatomy, and write them as a data set."""

from __future__ import annotations

import argparse
from pathlib import Path

import feathermr
from feathermr.cli.options import count, positive
from feathermr.cli.terminal import progress_bars, say
from feathermr.core.errors import UsageError

FORMATS = {"h5": ".h5", "mrd": ".mrd", "npz": ".npz", "cine": ".npz"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``feathermr simulate``."""
    parser.add_argument(
        "anatomy", nargs="?", default="brain", help="brain, knee, abdomen, heart or texture"
    )
    parser.add_argument("--cases", type=count, default=1, help="subjects (default: 1)")
    parser.add_argument("--slices", type=count, default=1, help="a case (default: 1)")
    parser.add_argument("--frames", type=count, help="a slice (default: 20 for a heart, else 1)")
    parser.add_argument("--size", type=count, nargs=2, default=(256, 256), metavar=("Y", "X"))
    parser.add_argument("--coils", type=count, default=8, help="1 to 32 (default: 8)")
    parser.add_argument("--snr", type=positive, default=30.0, help="default: 30")
    parser.add_argument("--seed", type=int, default=0, help="of the first case (default: 0)")
    parser.add_argument(
        "--format",
        choices=tuple(FORMATS),
        default="h5",
        help="h5: fastMRI's layout; mrd: ISMRMRD; npz: arrays; cine: all cases in one cine.npz "
        "(default: h5)",
    )
    parser.add_argument("--out", type=Path, default=Path("out/simulated"), help="folder")


def run(options: argparse.Namespace) -> None:
    """Simulate each case and write it."""
    frames = options.frames or (20 if options.anatomy == "heart" else 1)
    if options.format == "h5" and frames > 1:
        raise UsageError("fastMRI's layout has no frames; use --format mrd, npz or cine")
    options.out.mkdir(parents=True, exist_ok=True)
    scans = []
    with progress_bars() as bars:
        update = bars.start(f"simulating {options.anatomy}", options.cases)
        for case in range(options.cases):
            scan = feathermr.simulate(
                options.anatomy,
                slices=options.slices,
                frames=frames,
                shape=tuple(options.size),
                coils=options.coils,
                snr=options.snr,
                seed=options.seed + case,
            )
            if options.format == "cine":
                scans.append(scan)
            else:
                name = f"{options.anatomy}-{options.seed + case:04d}{FORMATS[options.format]}"
                feathermr.save_acquisition(scan, options.out / name)
            update(case + 1, options.cases)
    if scans:
        feathermr.save_cine(scans, options.out / "cine.npz")
    say(f"wrote {options.cases} {options.anatomy} cases to {options.out}")
