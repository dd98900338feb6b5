"""Our classical methods beside SigPy and BART: time, memory, PSNR; ``make bench-classical``.

Writes ``docs/results/classical.json`` and from it ``docs/benchmarks.md``. Peers that are not
installed are skipped by name. ``--quick`` is a smoke test on tiny scans, written elsewhere.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import torch
from classical_cases import SEED, cases
from classical_memory import peaks
from classical_page import page
from classical_timing import SLACK, measure
from classical_tool import THREADS
from classical_tools import available_tools

from feathermr.core.atomic import written_file
from feathermr.core.environment import environment

ROOT = Path(__file__).resolve().parents[1]
#: what the libraries read at their start
THREAD_SETTINGS = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMBA_NUM_THREADS",
)
MEMORY_DISK = Path("/dev/shm")


def restart_with_threads(threads: int) -> None:
    """Start again with as many threads for every library, unless it is so already."""
    wanted = dict.fromkeys(THREAD_SETTINGS, str(threads))
    if any(os.environ.get(name) != value for name, value in wanted.items()):
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **wanted})


def run(quick: bool, repeats: int, scratch: Path) -> dict:
    """The whole benchmark as a record."""
    begun = time.perf_counter()

    def say(line: str) -> None:
        print(f"[{time.perf_counter() - begun:4.0f} s] {line}", flush=True)

    tools, missing = available_tools(scratch)
    for name, reason in missing.items():
        say(f"{name}: skipped, {reason}")
    small, full = cases(small=True), cases(small=quick)
    rows = []
    for case in full:
        for tool in tools:
            tool.prepare(case)
        for task in case.tasks:
            say(f"{task}, {case.name}")
            rows += measure(tools, task, case, repeats, lambda line: say(f"    {line}"))
    say("peak memory")
    # of each task, the largest scan
    pairs = {
        task: pair
        for pair in sorted(zip(small, full, strict=True), key=lambda p: p[1].kspace.size)
        for task in pair[1].tasks
    }
    memory = peaks(tools, pairs, scratch)
    say("done")
    return {
        "format": "feathermr classical benchmark 1",
        "command": "make bench-classical" if not quick else "classical.py --quick",
        "environment": {**environment(), "Threads": f"{THREADS} of {os.cpu_count()} cores"},
        "seed": SEED,
        "repeats": repeats,
        "slack": SLACK,
        "seconds": time.perf_counter() - begun,
        "disk": "RAM disk" if scratch.is_relative_to(MEMORY_DISK) else "ordinary disk",
        "tools": {tool.name: tool.version for tool in tools},
        "missing": missing,
        "cases": {case.name: case.description for case in full},
        "rows": rows,
        "memory": [
            {"tool": tool, "task": task, "case": pairs[task][1].name, "bytes": value}
            for (tool, task), value in memory.items()
        ],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="tiny scans, a few seconds")
    parser.add_argument("--repeats", type=int, default=5, help="rounds, at least 5 to be stored")
    parser.add_argument("--threads", type=int, default=2, help="of every library")
    parser.add_argument("--output", type=Path, help="folder, instead of docs")
    parser.add_argument("--page", action="store_true", help="only write the page anew")
    options = parser.parse_args()
    if options.output is None and (options.quick or options.repeats < 5):
        options.output = Path("out") / "bench-classical"
    folder = options.output or ROOT / "docs"
    stored = folder / "results" / "classical.json"
    if not options.page:
        restart_with_threads(options.threads)
        torch.set_num_threads(THREADS)
        disk = MEMORY_DISK if MEMORY_DISK.is_dir() else None
        with tempfile.TemporaryDirectory(dir=disk, prefix="bench-classical-") as scratch:
            record = run(options.quick, options.repeats, Path(scratch))
        with written_file(stored) as beside:
            beside.write_text(json.dumps(record, indent=1, allow_nan=False) + "\n")
    with written_file(folder / "benchmarks.md") as beside:
        beside.write_text(page(json.loads(stored.read_text())))
    print(f"wrote {folder / 'benchmarks.md'}")


if __name__ == "__main__":
    main()
