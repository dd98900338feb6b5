"""Sessions in a row, many at once, latency and films: ``make soak``.

    python benchmarks/soak.py                  # measure, store, write the page
    python benchmarks/soak.py --quick          # a few small sessions, print only
    python benchmarks/soak.py --page           # write the page again from what is stored

Every part starts ``feathermr serve`` as a process of its own and streams simulated scans to it over
the loopback. Memory is that of the server and of its workers as the system tells it (Linux). Writes
``docs/results/serving.md`` from ``docs/results/serving.json``.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import ismrmrd
import numpy as np
import torch
from soak_page import page

from feathermr import Acquisition, Undersampling, make_method, simulate
from feathermr.core.atomic import written_file
from feathermr.core.environment import environment
from feathermr.deploy.client import Reply, send
from feathermr.deploy.server.metrics import resident_bytes

ROOT = Path(__file__).resolve().parents[1]
STORED = ROOT / "docs" / "results" / "serving.json"
PAGE = ROOT / "docs" / "results" / "serving.md"

Record = dict[str, Any]


@dataclass(frozen=True)
class Size:
    """How much is measured.

    Attributes:
        sessions: one after the other.
        settled: sessions after which memory is looked at for the first time.
        at_once: clients.
        each: sessions of each of them.
        small: side of the scans of these sessions.
        side: of the scans whose latency is taken.
        coils: of these, one row each.
        repeats: sessions of each of these.
        film_side: of the films.
        film_coils: of the films, one row each.
        frames: of a film.
        films: method, frames of a window and of its margin, more options: one row each.
    """

    sessions: int = 1000
    settled: int = 100
    at_once: int = 16
    each: int = 8
    small: int = 64
    side: int = 256
    coils: tuple[int, ...] = (1, 8)
    repeats: int = 20
    film_side: int = 128
    film_coils: tuple[int, ...] = (1, 8)
    frames: int = 125
    films: tuple[tuple[str, int, int, str], ...] = (
        ("view-sharing", 16, 2, ""),
        ("kronecker-cine", 50, 3, ""),
        ("kronecker-cine", 50, 3, "--runtime openvino --precision bf16"),
    )


QUICK = Size(6, 2, 3, 2, 32, 48, (2,), 4, 32, (2,), 30, (("view-sharing", 10, 2, ""),))
#: frames a second of a film
PACE = 25.0


def said(what: str) -> None:
    print(f"measuring: {what}", file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Served:
    """A server that runs as a process."""

    process: int
    port: int

    def memory(self) -> Record:
        """Bytes of the server and of all its workers."""
        tasks = Path(f"/proc/{self.process}/task/{self.process}/children")
        workers = [int(word) for word in tasks.read_text().split()]
        return {
            "server": resident_bytes(self.process),
            "workers": sum(resident_bytes(each) for each in workers),
        }


@contextmanager
def served(*options: str) -> Iterator[Served]:
    """A server while the block lasts."""
    command = [sys.executable, "-m", "feathermr.cli.main", "serve", "--port", "0"]
    process = subprocess.Popen(
        [*command, "--health-port", "0", *options], stdout=subprocess.PIPE, text=True,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout is not None
    found = re.search(r":(\d+), http", process.stdout.readline())
    try:
        if found is None:
            raise SystemExit("the server did not start")
        yield Served(process.pid, int(found[1]))
    finally:
        process.terminate()
        process.communicate(timeout=60)


def given(anatomy: str, side: int, coils: int, frames: int = 1, seed: int = 1) -> Acquisition:
    """A simulated scan, undersampled four times."""
    complete = simulate(anatomy, frames=frames, shape=(side, side), coils=coils, seed=seed)
    return Undersampling(4, seed=seed)(complete.without_coil_maps())


def latencies(reply: Reply) -> list[float]:
    """Seconds from the last readout of each image to the image, for scans of one slice."""
    return [
        came - reply.frames_sent[int(image.head["phase"])]
        for came, image in zip(reply.seconds, reply.images, strict=True)
    ]


def percentiles(values: Sequence[float]) -> Record:
    """Median, 99th percentile and largest."""
    middle, high = np.percentile(values, (50, 99))
    return {"p50": float(middle), "p99": float(high), "largest": max(values)}


def in_a_row(size: Size) -> Record:
    """One session after the other; every image is counted, memory is looked at along the way."""
    scan = given("brain", size.small, 4)
    times: list[float] = []
    memory: list[Record] = []
    errors: list[str] = []
    with served("--method", "kronecker-cascade", "--workers", "2", "--threads", "1") as server:
        start = time.perf_counter()
        for number in range(1, size.sessions + 1):
            reply = send(scan, port=server.port)
            times += latencies(reply)
            errors += reply.texts
            if number % size.settled == 0:
                memory.append({"sessions": number, **server.memory()})
        seconds = time.perf_counter() - start
    return {
        "sessions": size.sessions, "images": len(times), "texts": errors, "seconds": seconds,
        "memory": memory, **percentiles(times),
    }  # fmt: skip


def at_once(size: Size) -> Record:
    """Clients at the same time."""
    scan = given("brain", size.small, 4)
    times: list[float] = []
    texts: list[str] = []

    def client(port: int) -> None:
        for _ in range(size.each):
            reply = send(scan, port=port)
            times.extend(latencies(reply))
            texts.extend(reply.texts)

    with served("--method", "kronecker-cascade", "--workers", "2", "--threads", "1") as server:
        together(lambda: client(server.port), size.at_once)
        before = server.memory()
        start = time.perf_counter()
        times.clear()
        together(lambda: client(server.port), size.at_once)
        seconds = time.perf_counter() - start
        after = server.memory()
    return {
        "clients": size.at_once, "sessions": size.at_once * size.each, "images": len(times),
        "texts": texts, "seconds": seconds, "before": before, "after": after, **percentiles(times),
    }  # fmt: skip


def together(work: Callable[[], None], count: int) -> None:
    """The same work in so many threads."""
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def latency(size: Size, coils: int, threads: int) -> Record:
    """One slice at a time, its readouts at a scanner's pace, beside the bare method."""
    scan, name = given("brain", size.side, coils), "kronecker-cascade"
    outside: list[float] = []
    inside: list[float] = []
    options = ("--method", name, "--workers", "1", "--threads", str(threads))
    with served(*options) as server:
        for _ in range(size.repeats + 2):
            reply = send(scan, port=server.port, frames_a_second=2.0)
            (spent,) = latencies(reply)
            meta = ismrmrd.Meta.deserialize(reply.images[0].attributes)
            outside.append(spent)
            inside.append(float(meta["FeatherMR_seconds"]))
    torch.set_num_threads(threads)
    method, bare = make_method(name), []
    for _ in range(min(10, size.repeats)):
        bare.append(method(scan).seconds)
    over = [whole - part for whole, part in zip(outside[2:], inside[2:], strict=True)]
    return {
        "coils": coils, "threads": threads, "overhead": percentiles(over),
        "method": percentiles(inside[2:]), "bare": percentiles(bare), **percentiles(outside[2:]),
    }  # fmt: skip


def film(size: Size, row: tuple[str, int, int, str], coils: int) -> Record:
    """A film at the pace of a scanner: how far behind its images are, early and late."""
    method, window, margin, options = row
    scan = repeated(given("heart", size.film_side, coils, frames=min(60, size.frames)), size.frames)
    words = (
        "--method", method, "--workers", "2", "--threads", "1", "--window", str(window),
        "--margin", str(margin), *options.split(),
    )  # fmt: skip
    with served(*words) as server:
        send(repeated(scan, 2 * window), port=server.port)  # what is made at the first scan
        reply = send(scan, port=server.port, frames_a_second=PACE)
    behind = latencies(reply)
    quarter = len(behind) // 4
    early, late = behind[quarter : 2 * quarter], behind[-quarter:]
    return {
        "method": method, "options": options, "coils": coils, "images": len(behind),
        "texts": list(reply.texts), "sent": reply.sent, "early": float(np.median(early or [0])),
        "late": float(np.median(late or [0])), "window": window, "margin": margin,
        "whole": reply.seconds[-1] if reply.seconds else 0.0, "wanted": size.frames,
        **percentiles(behind or [0.0]),
    }  # fmt: skip


def repeated(scan: Acquisition, frames: int) -> Acquisition:
    """The film over and over, up to a number of frames."""
    order = torch.arange(frames) % scan.n_frames
    mask = scan.mask if scan.mask.shape[1] == 1 else scan.mask[:, order]
    return Acquisition(kspace=scan.kspace[:, order], mask=mask)


def measure(size: Size) -> Record:
    """The whole record."""
    start = time.perf_counter()
    record: Record = {"environment": dict(environment()), "size": asdict(size)}
    said(f"{size.sessions} sessions in a row")
    record["in_a_row"] = in_a_row(size)
    said(f"{size.at_once} clients at once")
    record["at_once"] = at_once(size)
    record["latency"] = []
    for coils in size.coils:
        for threads in (2, 1):
            said(f"latency, {coils} coils, {threads} threads")
            record["latency"].append(latency(size, coils, threads))
    record["films"] = []
    for coils in size.film_coils:
        for row in size.films:
            said(f"film, {coils} coils, {row[0]} {row[3]}")
            record["films"].append(film(size, row, coils))
    record["minutes"] = (time.perf_counter() - start) / 60
    return record


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a few small sessions, print only")
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
