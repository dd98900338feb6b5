"""Means, intervals and paired differences of the stored scores of the Kronecker study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kronecker_study_plan import LIMITED, SWEEP, TWINS

from feathermr.metrics import Interval, PairedComparison, Score, compare, summarise

Record = Mapping[str, Any]
METRICS = ("psnr", "ssim", "nmse")


def scores_of(method: str, metric: str, values: Sequence[float]) -> list[Score]:
    """One score a test object, in the order of the objects."""
    return [
        Score(
            method=method, scan=str(number), subject=str(number), metric=metric, values=(value,),
            policy="slice", data_range=(1.0,), alignment="none", factor=1.0,
        )
        for number, value in enumerate(values)
    ]  # fmt: skip


def values(record: Record, row: str, acceleration: str, metric: str) -> list[float]:
    """The test scores of a row of the table; none when it is missing."""
    found = record["classical"].get("scores", {}).get(row)
    if found is None:
        found = record["runs"].get(row, {}).get("scores")
    return found[acceleration][metric] if found else []


def interval(method: str, metric: str, numbers: Sequence[float]) -> Interval:
    return summarise(scores_of(method, metric, numbers))[method, metric]


def paired(
    metric: str, first: tuple[str, Sequence[float]], second: tuple[str, Sequence[float]]
) -> PairedComparison:
    return compare(scores_of(first[0], metric, first[1]), scores_of(second[0], metric, second[1]))


def of_seeds(record: Record, row: str, percent: str, acceleration: str) -> dict[int, list[float]]:
    """PSNR of the test cases of each seed of the experiment with few cases."""
    return {
        run["seed"]: run["scores"][acceleration]["psnr"]
        for run in record["runs"].values()
        if run["part"] == "limited" and run["row"] == row
        and f"{100 * run['fraction']:g}" == percent
    }  # fmt: skip


def average(lists: Sequence[Sequence[float]]) -> list[float]:
    """Mean over the lists of each place."""
    return [sum(column) / len(column) for column in zip(*lists, strict=True)]


def accelerations(record: Record) -> list[str]:
    run = next(iter(record["runs"].values()), None)
    return list(run["scores"]) if run else []


def twins(record: Record, metric: str) -> list[tuple[str, str, PairedComparison]]:
    """(Kronecker row, acceleration, Kronecker minus dense) of the finished pairs."""
    found = []
    for row, dense in TWINS.items():
        for acceleration in accelerations(record):
            pair = [values(record, one, acceleration, metric) for one in (row, dense)]
            if all(pair):
                difference = paired(metric, (row, pair[0]), (dense, pair[1]))
                found.append((row, acceleration, difference))
    return found


def few_cases(record: Record) -> list[dict[str, Any]]:
    """One row a share of the cases and acceleration, over the seeds that both networks have."""
    dense, kronecker = LIMITED
    rows = []
    for fraction in record["size"]["fractions"]:
        percent = f"{100 * fraction:g}"
        for acceleration in accelerations(record):
            both = [of_seeds(record, row, percent, acceleration) for row in (dense, kronecker)]
            seeds = sorted(set(both[0]) & set(both[1]))
            if not seeds:
                continue
            means = [average([side[seed] for seed in seeds]) for side in both]
            rows.append(
                {
                    "percent": percent,
                    "acceleration": acceleration,
                    "dense": interval(dense, "psnr", means[0]),
                    "kronecker": interval(kronecker, "psnr", means[1]),
                    "paired": paired("psnr", (kronecker, means[1]), (dense, means[0])),
                    "seeds": {
                        seed: sum(both[1][seed]) / len(both[1][seed])
                        - sum(both[0][seed]) / len(both[0][seed])
                        for seed in seeds
                    },
                }
            )
    return rows


def long_runs(record: Record) -> list[tuple[str, str, PairedComparison, list[float]]]:
    """(share of the cases, acceleration, Kronecker minus dense, both means) of equal budgets."""
    found = []
    fewest = f"{100 * min(record['size']['fractions']):g}"
    sides = {fewest: [f"long-{row}-{fewest}" for row in LIMITED], "100": list(LIMITED)}
    for percent, names in sides.items():
        for acceleration in accelerations(record):
            pair = [values(record, name, acceleration, "psnr") for name in names]
            if all(pair):
                difference = paired("psnr", (names[1], pair[1]), (names[0], pair[0]))
                means = [sum(one) / len(one) for one in pair]
                found.append((percent, acceleration, difference, means))
    return found


def sweep(record: Record) -> list[tuple[int, str]]:
    """(n, row) of the finished networks of the sweep, the dense one first."""
    rows = [(1, LIMITED[0]), (2, LIMITED[1]), *((int(row[-1]), row) for row in SWEEP)]
    return [(n, row) for n, row in rows if row in record["runs"]]
