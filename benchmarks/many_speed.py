"""How much sooner two workers have an archive done than one: ``make bench-many``.

    python benchmarks/many_speed.py            # measure, store, write the page
    python benchmarks/many_speed.py --quick    # a tiny archive, print only
    python benchmarks/many_speed.py --page     # write the page again from what is stored

An archive of simulated scans is reconstructed by ``feathermr reconstruct-many`` as a process of its
own, with one worker of one thread, with one of two, with two of one, and by two workers of a Dask
cluster on the same machine. The runs take turns; where a worker has one thread their images must be
the same to the last bit. The time is that of the whole command, the start of its processes
included; a run that finds everything done is timed, too.
Writes ``docs/results/many-speed.md`` from ``docs/results/many-speed.json``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from distributed import LocalCluster
from many_speed_page import MORE_THREADS, WAYS, page

from feathermr import Undersampling, save_acquisition, simulate
from feathermr.core.atomic import written_file
from feathermr.core.environment import environment

ROOT = Path(__file__).resolve().parents[1]
STORED = ROOT / "docs" / "results" / "many-speed.json"
PAGE = ROOT / "docs" / "results" / "many-speed.md"
#: what libraries read when they are first imported
ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

Record = dict[str, Any]


@dataclass(frozen=True)
class Size:
    """How much is measured.

    Attributes:
        scans: in the archive.
        slices: of each.
        shape: (y, x).
        coils: of the array.
        acceleration: of every scan.
        methods: each is measured.
        rounds: of every number of workers; the median counts.
    """

    scans: int = 16
    slices: int = 2
    shape: tuple[int, int] = (256, 224)
    coils: int = 8
    acceleration: float = 4.0
    methods: tuple[str, ...] = ("kronecker-cascade",)
    rounds: int = 3


QUICK = Size(3, 1, (20, 24), 2, 2.0, ("zero-filled",), 1)


def said(what: str) -> None:
    print(f"measuring: {what}", file=sys.stderr, flush=True)


def write_archive(folder: Path, size: Size) -> None:
    """The scans, in four folders."""
    for index in range(size.scans):
        scan = simulate(
            "brain", slices=size.slices, shape=size.shape, coils=size.coils, seed=9000 + index
        )
        given = Undersampling(size.acceleration, seed=index)(scan.without_coil_maps())
        save_acquisition(given, folder / f"day{index % 4}" / f"scan{index:04d}.h5")


def command(folder: Path, out: Path, method: str, *words: str) -> float:
    """Seconds of one run."""
    program = [sys.executable, "-m", "feathermr.cli.main", "reconstruct-many"]
    start = time.perf_counter()
    subprocess.run(
        [*program, str(folder), "-o", str(out), "-m", method, "--format", "npy", *words],
        check=True,
        stdout=subprocess.DEVNULL,
        env={**os.environ, **ONE_THREAD},
    )
    return time.perf_counter() - start


def images(out: Path) -> str:
    """SHA-256 of all images and their names."""
    digest = hashlib.sha256()
    for path in sorted(out.rglob("image.npy")):
        digest.update(path.relative_to(out).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


@contextmanager
def dask_workers(count: int) -> Iterator[str]:
    """The address of a scheduler with so many workers of one thread, on this machine."""
    before = dict(os.environ)
    os.environ.update(ONE_THREAD)
    try:
        with LocalCluster(
            n_workers=count, threads_per_worker=1, dashboard_address=":0", host="127.0.0.1"
        ) as cluster:
            yield cluster.scheduler_address
    finally:
        os.environ.clear()
        os.environ.update(before)


def measure_method(folder: Path, scratch: Path, method: str, rounds: int) -> Record:
    """Seconds of each way to run, and of a restart, in every round."""
    seconds: dict[str, list[float]] = {name: [] for name in (*WAYS, "restart")}
    found = set()
    for turn in range(rounds):
        for name in WAYS:
            said(f"{method}, {name}, round {turn + 1} of {rounds}")
            out = scratch / f"{method}-{name}-{turn}"
            if name == "dask":
                with dask_workers(2) as address:
                    seconds[name].append(command(folder, out, method, "--cluster", address))
            else:
                workers, _, threads = name.partition("x")
                words = ("--workers", workers, "--threads", threads)
                seconds[name].append(command(folder, out, method, *words))
            if name != MORE_THREADS:
                found.add(images(out))
        seconds["restart"].append(command(folder, out, method))
    return {"method": method, "seconds": seconds, "same_images": len(found) == 1}


def measure(size: Size) -> Record:
    """The whole record."""
    start = time.perf_counter()
    with TemporaryDirectory() as name:
        scratch = Path(name)
        said(f"writing {size.scans} scans")
        write_archive(scratch / "scans", size)
        total = sum(one.stat().st_size for one in (scratch / "scans").rglob("*.h5"))
        rows = [
            measure_method(scratch / "scans", scratch, method, size.rounds)
            for method in size.methods
        ]
    return {
        "environment": dict(environment()),
        "size": asdict(size),
        "bytes": total,
        "rows": rows,
        "minutes": (time.perf_counter() - start) / 60,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a tiny archive, print only")
    parser.add_argument("--page", action="store_true", help="write the page, measure nothing")
    options = parser.parse_args()
    if options.quick:
        print(page(measure(QUICK)))
        return
    if not options.page:
        record = measure(Size())
        with written_file(STORED) as beside:
            beside.write_text(json.dumps(record, indent=1) + "\n")
    text = page(json.loads(STORED.read_text()))
    print(text)
    with written_file(PAGE) as beside:
        beside.write_text(text)


if __name__ == "__main__":
    main()
