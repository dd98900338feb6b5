"""The page about archives, from what the benchmark stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

#: workers x threads -> how it is called
WAYS = {
    "1x1": "1 worker",
    "1x2": "1 worker of 2 threads",
    "2x1": "2 workers",
    "dask": "2 workers of a Dask cluster",
}
#: sums in another order differ in their last bits
MORE_THREADS = "1x2"


def page(record: Mapping[str, Any]) -> str:
    """Markdown."""
    known, size = record["environment"], record["size"]
    height, width = size["shape"]
    lines = [
        "# How soon an archive is done",
        "",
        f"Written by `make bench-many`; it took {record['minutes']:.1f} minutes. "
        f"{known['Processor']}, {cores(known['Threads'])}; PyTorch {known['PyTorch']}, commit "
        f"{known['Commit']}, {known['Written']}.",
        "",
        f"{size['scans']} simulated scans of {size['slices']} slices, {height} x {width}, "
        f"{size['coils']} coils, {size['acceleration']:g} times undersampled, "
        f"{record['bytes'] / 1e6:.0f} MB. Every run is `feathermr reconstruct-many` as a whole, "
        "with the start of its processes (not of the Dask workers), one thread a worker where no "
        "other number stands; "
        f"median of {size['rounds']} (least to most).",
        "",
        "| method | workers | seconds | scans a second | times as fast as one |",
        "|---|---|---|---|---|",
    ]
    for row in record["rows"]:
        lines += rows(row, size["scans"])
    same = all(row["same_images"] for row in record["rows"])
    lines += [
        "",
        "The images of all runs with one thread a worker are "
        + ("the same to the last bit." if same else "**not the same**, which is a fault."),
        "",
    ]
    return "\n".join(lines)


def cores(threads: str) -> str:
    """``2 cores`` of ``1 of 2 cores``."""
    return threads.rpartition(" of ")[2]


def rows(row: Mapping[str, Any], scans: int) -> list[str]:
    """The lines of a method, and of a run that finds everything done."""
    one = median(row["seconds"]["1x1"])
    lines = []
    for way, words in WAYS.items():
        taken = row["seconds"][way]
        lines.append(
            f"| {row['method']} | {words} | {spread(taken)} | {scans / median(taken):.2f} | "
            f"{one / median(taken):.2f} |"
        )
    lines.append(
        f"| {row['method']} | all is done already | {spread(row['seconds']['restart'])} | | |"
    )
    return lines


def spread(taken: Sequence[float]) -> str:
    """Median and range."""
    return f"{median(taken):.1f} ({min(taken):.1f} to {max(taken):.1f})"
