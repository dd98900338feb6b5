"""Peak memory of one task: a fresh process that does it, over one that only gets ready.

As a script it is that process: ``classical_memory.py TOOL TASK SMALL CASE [WEIGHT]``. It loads the
library and the case and does the task on the small case; with a weight, also on the case itself.
"""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from classical_bart import Bart
from classical_cases import Case, restore, save
from classical_tool import CG_ITERATIONS, DEFAULT, Job, Tool
from classical_tools import python_tool

#: iterations are alike: the peak is reached within a few
FEW = 5
#: starts a process and tells its largest resident size in KiB; itself small, because a new
#: process is first counted with the memory of the one that started it
LAUNCHER = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def iterations(task: str) -> int:
    """Of the run whose memory is measured."""
    return {"espirit": DEFAULT, "cg-sense": CG_ITERATIONS}.get(task, FEW)


def peak(command: Sequence[str], environment: Mapping[str, str] | None = None) -> int:
    """Largest resident size of a command in bytes."""
    finished = subprocess.run(
        [sys.executable, "-S", "-E", "-c", LAUNCHER, *command],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * int(finished.stdout)


def peaks(
    tools: Sequence[Tool], pairs: Mapping[str, tuple[Case, Case]], folder: Path
) -> dict[tuple[str, str], int]:
    """Bytes by (tool, task).

    Args:
        tools: all that are there.
        pairs: a small case and the case itself, by task.
        folder: for files.
    """
    jobs = [(tool, task) for tool in tools for task in pairs]
    for task, (small, case) in pairs.items():
        save(small, folder / f"{task}-small.npz")
        save(case, folder / f"{task}-full.npz")

    def one(pair: tuple[Tool, str]) -> int:
        tool, task = pair
        if isinstance(tool, Bart):
            job = Job(task, pairs[task][1], iterations(task), tool.middle_weight(task))
            busy, idle = (
                [tool.program, *words] for words in (tool.command(job), tool.empty_command(job))
            )
            return peak(busy, tool.environment) - peak(idle, tool.environment)
        files = [str(folder / f"{task}-{size}.npz") for size in ("small", "full")]
        command = [sys.executable, __file__, tool.name, task, *files]
        return peak([*command, "work"]) - peak(command)

    inside = [job for job in jobs if not isinstance(job[0], Bart)]
    outside = [job for job in jobs if isinstance(job[0], Bart)]
    with ThreadPoolExecutor(2) as pool:
        found = dict(zip(inside, pool.map(one, inside), strict=True))
    found |= {job: one(job) for job in outside}
    return {(tool.name, task): value for (tool, task), value in found.items()}


def main() -> None:
    name, task, *files = sys.argv[1:5]
    small, full = (restore(Path(file)) for file in files)
    tool = python_tool(name)
    for case in (small, full) if len(sys.argv) > 5 else (small,):
        tool.prepare(case)
        weight = 0.0 if task in ("espirit", "cg-sense") else tool.middle_weight(task)
        tool.run(Job(task, case, iterations(task), weight))


if __name__ == "__main__":
    main()
