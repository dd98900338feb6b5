"""How fast and how large the network of films is, beside its peers: ``make bench-cine``.

    python benchmarks/cine_speed.py                    # measure, store, write the page
    python benchmarks/cine_speed.py --cine runs/cine   # weights that do not ship; same times
    python benchmarks/cine_speed.py --quick            # tiny films, print only
    python benchmarks/cine_speed.py --page             # write the page again from what is stored

Contestants take turns in every round, in an order that rotates. Writes
``docs/results/cine-speed.md`` from ``docs/results/cine-speed.json``.
"""

from __future__ import annotations

import argparse
import gc
import json
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from cine_speed_cases import (
    CINE,
    CLASSICAL,
    DUAL,
    FEW,
    QUICK,
    Size,
    Work,
    classical,
    film,
    forward,
    from_scan,
    networks,
    parts,
    posed,
    training_step,
)
from cine_speed_page import page

from feathermr.core.atomic import written_file
from feathermr.core.environment import environment
from feathermr.nn import fold
from feathermr.nn.cost import inference_memory, multiply_adds, parameter_count, training_memory

ROOT = Path(__file__).resolve().parents[1]
STORED = ROOT / "docs" / "results" / "cine-speed.json"
PAGE = ROOT / "docs" / "results" / "cine-speed.md"
THREADS = [2, 1]

Record = dict[str, Any]


def rounds(runs: Mapping[str, Work], count: int) -> dict[str, list[float]]:
    """Seconds of every round by contestant, after a round to get warm."""
    names = list(runs)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    gc.collect()
    gc.disable()
    for index in range(count + 1):
        turn = index % len(names)
        for name in names[turn:] + names[:turn]:
            before = time.perf_counter()
            runs[name]()
            if index:
                seconds[name].append(time.perf_counter() - before)
    gc.enable()
    return seconds


def said(what: str) -> None:
    print(f"measuring: {what}", file=sys.stderr, flush=True)


def reconstruction(size: Size, weights: str, threads: int) -> Record:
    """Times of all on films of one coil and of several, with some threads."""
    said(f"reconstruction with {threads} threads")
    torch.set_num_threads(threads)
    models, _ = networks(size, weights)
    single = film(size.frames, size.single, 1)
    short = film(size.dual_frames, size.single, 1)
    several = film(size.frames, size.several, size.coils)
    given, many = posed(single), posed(several)
    runs = {
        CINE: from_scan(models[CINE], single),
        f"{CINE}, network alone": forward(models[CINE], *given),
        DUAL: from_scan(models[DUAL], short),
        **{name: classical(name, single) for name in CLASSICAL},
    }
    of_several = {
        CINE: from_scan(models[CINE], several),
        f"{CINE}, network alone": forward(models[CINE], *many),
    }
    parts(models[CINE], *given)
    return {
        "single": rounds(runs, size.rounds),
        "several": rounds(of_several, min(FEW, size.rounds)),
        "parts": [parts(models[CINE], *given) for _ in range(size.rounds)],
        "parts of several": [parts(models[CINE], *many) for _ in range(min(FEW, size.rounds))],
    }


def needs(size: Size, weights: str) -> Record:
    """Parameters, multiply-adds a frame and bytes of both networks on films of one coil."""
    said("parameters, multiply-adds, memory")
    models, _ = networks(size, weights)
    given = posed(film(size.dual_frames, size.single, 1))
    return {
        name: {
            "parameters": parameter_count(model),
            "multiply_adds": multiply_adds(fold(model), *given) / size.dual_frames,
            "inference_bytes": inference_memory(fold(model), *given),
            "training_bytes": training_memory(model, *given),
        }
        for name, model in models.items()
    }


def growth(size: Size, weights: str) -> dict[str, int]:
    """Bytes of a reconstruction by its number of frames."""
    said("memory by number of frames")
    network = fold(networks(size, weights)[0][CINE])
    return {
        str(frames): inference_memory(network, *posed(film(frames, size.single, 1)))
        for frames in size.growth
    }


def training(size: Size, weights: str, threads: int) -> dict[str, list[float]]:
    """Times of a step of both on the same film."""
    said("training steps")
    torch.set_num_threads(threads)
    models, _ = networks(size, weights)
    given = posed(film(size.dual_frames, size.single, 1))
    runs = {name: training_step(model, *given) for name, model in models.items()}
    return rounds(runs, min(FEW, size.rounds))


def alone(options: argparse.Namespace, size: Size) -> None:
    """Print by how many bytes this process grew while it worked with one network."""
    torch.set_num_threads(max(options.threads))
    model = networks(size, options.cine)[0][options.alone]
    given = posed(film(size.dual_frames, size.single, 1))
    work = {"training": training_step, "inference": forward}[options.work](model, *given)
    before = resident()
    work()
    work()
    print(resident() - before)


def resident() -> int:
    """Largest resident size of this process so far in bytes, as Linux tells it."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return 1024 * int(line.split()[1])
    raise SystemExit("this system does not tell the size of a process")


def processes(options: argparse.Namespace) -> Record:
    """Bytes by which a process of its own grows, by network and work."""
    if not Path("/proc/self/status").exists():
        return {}
    said("processes of their own")
    common = [sys.executable, __file__, "--cine", options.cine]
    common += ["--threads", *map(str, options.threads)]
    common += ["--quick"] if options.quick else []
    found: Record = {name: {} for name in (CINE, DUAL)}
    for name, values in found.items():
        for work in ("inference", "training"):
            command = [*common, "--alone", name, "--work", work]
            ran = subprocess.run(command, capture_output=True, text=True, check=True)
            values[work] = int(ran.stdout)
    return found


def measure(options: argparse.Namespace, size: Size) -> Record:
    """The whole record."""
    start = time.perf_counter()
    record: Record = {
        "environment": dict(environment()), "threads": max(options.threads),
        "weights": networks(size, options.cine)[1],
        "frames": size.frames, "dual_frames": size.dual_frames,
        "single": size.single, "several": size.several, "coils": size.coils,
    }  # fmt: skip
    record["processes"] = processes(options)
    record["needs"] = needs(size, options.cine)
    record["growth"] = growth(size, options.cine)
    record["reconstruction"] = {
        str(threads): reconstruction(size, options.cine, threads) for threads in options.threads
    }
    record["training"] = training(size, options.cine, max(options.threads))
    record["minutes"] = (time.perf_counter() - start) / 60
    return record


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cine", default="", metavar="RUN", help="weights that do not ship")
    parser.add_argument("--threads", type=int, nargs="+", default=THREADS, help="one after another")
    parser.add_argument("--quick", action="store_true", help="tiny films, print only")
    parser.add_argument("--page", action="store_true", help="write the page, measure nothing")
    parser.add_argument("--alone", choices=(CINE, DUAL), help=argparse.SUPPRESS)
    parser.add_argument("--work", choices=("inference", "training"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    size = QUICK if options.quick else Size()
    if options.alone:
        alone(options, size)
        return
    if options.quick:
        print(page(measure(options, size)))
        return
    if not options.page:
        with written_file(STORED) as beside:
            beside.write_text(json.dumps(measure(options, size), indent=1) + "\n")
    text = page(json.loads(STORED.read_text()))
    print(text)
    with written_file(PAGE) as beside:
        beside.write_text(text)


if __name__ == "__main__":
    main()
