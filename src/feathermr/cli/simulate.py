"""Simulate scans of random anatomy, and write them as a data set."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import feathermr
from feathermr.cli.options import checked_folder, count, positive, seed
from feathermr.cli.terminal import progress_bars, say
from feathermr.core.errors import UsageError
from feathermr.core.registry import look_up

FORMATS = {"h5": ".h5", "mrd": ".mrd", "npz": ".npz", "cine": ".npz"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``feathermr simulate``."""
    parser.add_argument(
        "anatomy", nargs="?", default="brain", help="brain, knee, abdomen, heart or texture"
    )
    parser.add_argument("--cases", type=count, default=1, help="subjects (default: 1)")
    parser.add_argument("--slices", type=count, default=1, help="a case (default: 1)")
    parser.add_argument("--frames", type=count, help="a slice (default: 20 for a heart, else 1)")
    parser.add_argument(
        "--size", type=count, nargs=2, default=(256, 256), metavar=("Y", "X"), help="pixels"
    )
    parser.add_argument("--coils", type=count, default=8, help="default: 8")
    parser.add_argument("--snr", type=positive, default=30.0, help="default: 30")
    parser.add_argument("--seed", type=seed, default=0, help="of the first case (default: 0)")
    parser.add_argument(
        "--format",
        choices=tuple(FORMATS),
        help="h5: fastMRI's layout, one frame only; mrd: ISMRMRD; npz: arrays; cine: magnitudes of "
        "all cases in one cine.npz (default: h5, for a time series mrd)",
    )
    parser.add_argument(
        "--out", type=Path, default=Path("out/simulated"), help="folder (default: out/simulated)"
    )


def run(options: argparse.Namespace) -> None:
    """Simulate each case and write it."""
    look_up(feathermr.ANATOMIES, options.anatomy, "anatomy")
    frames = options.frames or (20 if options.anatomy == "heart" else 1)
    chosen = options.format or ("mrd" if frames > 1 else "h5")
    if chosen == "h5" and frames > 1:
        raise UsageError("fastMRI's layout has no frames; use --format mrd, npz or cine")
    folder = checked_folder(options.out)
    references: list[Any] = []
    with progress_bars() as bars:
        update = bars.start(f"simulating {options.anatomy}", options.cases)
        for case in range(options.cases):
            number = options.seed + case
            scan = _scan(options, frames, number)
            if chosen == "cine":
                references.append(scan.reference)
            else:
                path = folder / f"{options.anatomy}-{number:04d}{FORMATS[chosen]}"
                feathermr.save_acquisition(scan, path)
            update(case + 1, options.cases)
    if references:
        feathermr.save_cine(references, folder / "cine.npz")
    cases = "1 case" if options.cases == 1 else f"{options.cases} cases"
    say(f"wrote {cases} of {options.anatomy} to {folder}")


def _scan(options: argparse.Namespace, frames: int, number: int) -> Any:
    return feathermr.simulate(
        options.anatomy,
        slices=options.slices,
        frames=frames,
        shape=tuple(options.size),
        coils=options.coils,
        snr=options.snr,
        seed=number,
    )
