"""Reconstruct a whole archive of scans: every file below a folder, by several workers.

The images of FOLDER/a/b.h5 go to OUT/a/b.h5/, with record.json beside them; OUT/manifest.json
lists all scans and what became of them. A scan that fails is listed with its reason and does not
stop the others. The same command goes on where an earlier run ended.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import feathermr
from feathermr.cli.options import checked_folder, command_line, count
from feathermr.cli.reconstruct import add_request, checked_request
from feathermr.cli.terminal import note, progress_bars, say
from feathermr.core.errors import DataError, UsageError

#: by default
WORKERS = 2
#: failures that are printed; the manifest has all
SHOWN = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``feathermr reconstruct-many``."""
    parser.add_argument("folder", type=Path, help="folder of scans, at any depth")
    parser.add_argument("-o", "--out", type=Path, required=True, help="folder to write to")
    parser.add_argument(
        "--match",
        action="append",
        default=[],
        metavar="GLOB",
        help="which files, or folders of a DICOM series each, are scans, e.g. '*.npy' or "
        "'series_*'; repeat for several (default: files whose ending is that of a scan)",
    )
    parser.add_argument(
        "--report", action="store_true", help="write a report.html for each scan, with a baseline"
    )
    parser.add_argument(
        "--replace",
        action="store_true",
        help="make anew what has results of other settings or of another version",
    )
    parser.add_argument(
        "--verify",
        action="store_true",
        help="on restart read every scan to see whether it changed, not only its size and time",
    )
    group = parser.add_argument_group("workers")
    group.add_argument(
        "--workers", type=count, metavar="N", help="processes on this machine (default: 2)"
    )
    group.add_argument("--threads", type=count, default=1, help="of each worker (default: 1)")
    group.add_argument(
        "--cluster",
        metavar="ADDRESS",
        help="of the scheduler of a Dask cluster, instead of processes here; its workers must see "
        "the same folders",
    )
    add_request(parser)


def run(options: argparse.Namespace) -> None:
    """Check, reconstruct what has no results yet, say what failed."""
    request = checked_request(options, page=options.report)
    archive = feathermr.Archive(options.folder, checked_folder(options.out), tuple(options.match))
    with progress_bars() as bars:
        summary = feathermr.reconstruct_many(
            archive,
            request,
            _pool(options),
            replace_others=options.replace,
            verify=options.verify,
            command=command_line(),
            progress=bars.start("scans"),
        )
    if summary.kept:
        note(f"{summary.kept} scans had their results already")
    for name, reason in list(summary.failures.items())[:SHOWN]:
        say(f"failed: {name}: {reason}")
    if len(summary.failures) > SHOWN:
        say(f"... and {len(summary.failures) - SHOWN} more")
    say(f"reconstructed {summary.done} scans in {summary.seconds:.1f} s")
    say(f"manifest: {summary.manifest}")
    if summary.failures:
        total = summary.done + summary.kept + len(summary.failures)
        raise DataError(f"{len(summary.failures)} of {total} scans failed; the manifest says why")


def _pool(options: argparse.Namespace) -> Any:
    if options.cluster is None:
        return feathermr.LocalPool(options.workers or WORKERS, options.threads)
    if options.workers:
        raise UsageError("--workers is for processes here; a cluster has its own")
    return feathermr.DaskCluster(options.cluster, options.threads)
