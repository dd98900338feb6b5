"""The measurement: tools take turns, medians of all rounds; weights and iterations are found."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from statistics import median

import numpy as np
from classical_cases import Case, map_angle, nrmse, psnr
from classical_tool import CG_ITERATIONS, DEFAULT, Job, Tool

#: NRMSE that every tool must reach, over the worst of the tools' settled ones
SLACK = 1.02
#: ratio of neighbouring weights in the sweep
RATIO = 2.0
#: a sweep stops here even when its best is at an end
LONGEST_SWEEP = 10
#: pause before a run, so that waiting threads of the last one are asleep
PAUSE = 0.05
#: power iterations of ESPIRiT with the same settings for all: our default
POWER_ITERATIONS = 12

Say = Callable[[str], None]


@dataclass
class Timing:
    """Seconds of every round, and of the empty call after each."""

    seconds: list[float] = field(default_factory=list)
    empty: list[float] = field(default_factory=list)

    @property
    def net(self) -> float:
        """Median without start, input and output of a process."""
        return max(1e-4, median(self.seconds) - median(self.empty))


def timed(tool: Tool, job: Job, timing: Timing) -> np.ndarray:
    """Run once and add to the timing."""
    gc.collect()
    time.sleep(PAUSE)
    image, seconds = tool.run(job)
    timing.seconds.append(seconds)
    timing.empty.append(tool.overhead(job))
    return image


def rounds(
    tools: Sequence[Tool], jobs: Sequence[Job], repeats: int
) -> list[tuple[Timing, np.ndarray]]:
    """Every tool does its job in turn, ``repeats`` times; timings and last images."""
    timings = [Timing() for _ in tools]
    images = [np.empty(0)] * len(tools)
    for _ in range(repeats):
        for index, (tool, job) in enumerate(zip(tools, jobs, strict=True)):
            images[index] = timed(tool, job, timings[index])
    return list(zip(timings, images, strict=True))


def first_that(holds: Callable[[int], bool], largest: int) -> int:
    """The smallest count up to ``largest`` for which ``holds``, by bisection.

    ``holds`` must be true at ``largest`` and is taken to be monotonic.
    """
    low, high = 0, largest
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def record_timing(timing: Timing) -> dict[str, object]:
    """For the stored result."""
    return {"seconds": timing.seconds, "empty": timing.empty, "net": timing.net}


def measure(tools: Sequence[Tool], task: str, case: Case, repeats: int, say: Say) -> list[dict]:
    """One row a tool: times, weight, iterations and scores of a task on a case."""
    if task == "espirit":
        return _espirit(tools, case, repeats, say)
    if task == "cg-sense":
        return _cg_sense(tools, case, repeats, say)
    return _sparse(tools, task, case, repeats, say)


def _row(tool: Tool, task: str, case: Case, **values: object) -> dict:
    return {"task": task, "case": case.name, "tool": tool.name, "version": tool.version, **values}


def _espirit(tools: Sequence[Tool], case: Case, repeats: int, say: Say) -> list[dict]:
    rows = {tool.name: _row(tool, "espirit", case) for tool in tools}
    for key, iterations in (("default", DEFAULT), ("equal", POWER_ITERATIONS)):
        job = Job("espirit", case, iterations)
        for tool in tools:
            tool.run(job)
        done = rounds(tools, [job] * len(tools), repeats)
        for tool, (timing, maps) in zip(tools, done, strict=True):
            angle = map_angle(maps, case)
            rows[tool.name][key] = {**record_timing(timing), "degrees": angle}
            say(f"{tool.name} ({key} settings): {timing.net:.3f} s, {angle:.3f} degrees")
    return list(rows.values())


def _cg_sense(tools: Sequence[Tool], case: Case, repeats: int, say: Say) -> list[dict]:
    job = Job("cg-sense", case, CG_ITERATIONS)
    for tool in tools:
        tool.run(job)
    rows = []
    for tool, (timing, image) in zip(
        tools, rounds(tools, [job] * len(tools), repeats), strict=True
    ):
        scores = {"psnr": psnr(image, case), "nrmse": nrmse(image, case)}
        rows.append(
            _row(tool, "cg-sense", case, default={**record_timing(timing), **scores},
                 iterations=CG_ITERATIONS)
        )  # fmt: skip
        say(f"{tool.name}: {timing.net:.3f} s, {scores['psnr']:.2f} dB")
    return rows


def _sparse(tools: Sequence[Tool], task: str, case: Case, repeats: int, say: Say) -> list[dict]:
    rows, jobs = [], []
    for tool, (timing, sweep) in zip(tools, _sweeps(tools, task, case, repeats), strict=True):
        best = max(sweep, key=lambda entry: entry["psnr"])
        middle = tool.middle_weight(task)
        chosen = next(e for e in sweep if e["weight"] == middle) if tool.own_weights else best
        rows.append(
            _row(
                tool, task, case, iterations=tool.iterations(task), weight=chosen["weight"],
                default={**record_timing(timing), **chosen}, best=best, sweep=sweep,
            )
        )  # fmt: skip
        jobs.append(Job(task, case, tool.iterations(task), chosen["weight"]))
        say(
            f"{tool.name}: {tool.iterations(task)} iterations {timing.net:.3f} s, "
            f"{chosen['psnr']:.2f} dB at weight {chosen['weight']:g}"
        )
    target = SLACK * max(row["default"]["nrmse"] for row in rows)
    enough = [
        replace(job, iterations=_iterations_to(tool, job, target))
        for tool, job in zip(tools, jobs, strict=True)
    ]
    done = rounds(tools, enough, repeats)
    for row, job, tool, (timing, image) in zip(rows, enough, tools, done, strict=True):
        row["equal"] = {
            **record_timing(timing), "target": target, "iterations": job.iterations,
            "nrmse": nrmse(image, case),
        }  # fmt: skip
        say(f"{tool.name}: to NRMSE {target:.4f} {job.iterations} iterations, {timing.net:.3f} s")
    return rows


def _iterations_to(tool: Tool, job: Job, target: float) -> int:
    def reached(count: int) -> bool:
        return nrmse(tool.run(replace(job, iterations=count))[0], job.case) <= target

    return first_that(reached, job.iterations)


def _sweeps(
    tools: Sequence[Tool], task: str, case: Case, repeats: int
) -> list[tuple[Timing, list[dict[str, float]]]]:
    """Interleaved runs at a log grid of weights about the middle; they are also the timing.

    The cost of an iteration does not depend on the weight. A sweep whose best is at an end goes on
    in that direction, outside the timing.
    """
    timings = [Timing() for _ in tools]
    found: list[dict[int, dict[str, float]]] = [{} for _ in tools]

    def score(index: int, power: int, timing: Timing) -> None:
        tool = tools[index]
        weight = tool.middle_weight(task) * RATIO**power
        image = timed(tool, Job(task, case, tool.iterations(task), weight), timing)
        found[index][power] = {
            "weight": weight, "psnr": psnr(image, case), "nrmse": nrmse(image, case),
        }  # fmt: skip

    for tool in tools:
        tool.run(Job(task, case, 2, tool.middle_weight(task)))
    for count in range(repeats):
        for index in range(len(tools)):
            score(index, count - repeats // 2, timings[index])
    for index, entries in enumerate(found):
        while len(entries) < LONGEST_SWEEP:
            best = max(entries, key=lambda power: entries[power]["psnr"])
            if best not in (min(entries), max(entries)):
                break
            score(index, best - 1 if best == min(entries) else best + 1, Timing())
    return [
        (timing, [entries[power] for power in sorted(entries)])
        for timing, entries in zip(timings, found, strict=True)
    ]
