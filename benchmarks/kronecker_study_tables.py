"""The tables of ``docs/results/kronecker.md``."""

from __future__ import annotations

from collections.abc import Sequence

from kronecker_study_plan import LIMITED, TITLES, TWINS
from kronecker_study_statistics import (
    METRICS,
    Record,
    accelerations,
    few_cases,
    interval,
    long_runs,
    sweep,
    twins,
    values,
)

from feathermr.metrics import Interval, PairedComparison

ORDER = (
    "zero-filled",
    "l1-wavelet",
    "lb-unet",
    "efficient-unet",
    "unet",
    "residual-unet",
    "kronecker-unet",
    "swinmr",
    "kronecker-swinmr",
    "modl",
    "kronecker-modl",
    "kronecker-cascade",
)
HEADS = {"psnr": "PSNR (dB)", "ssim": "SSIM", "nmse": "NMSE"}
DIGITS = {"psnr": 2, "ssim": 3, "nmse": 4}


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], texts: int = 1) -> str:
    """Markdown; all but the first ``texts`` columns are numbers."""
    marks = ["---"] * texts + ["---:"] * (len(heads) - texts)
    return "\n".join(f"| {' | '.join(line)} |" for line in (heads, marks, *rows))


def costs(record: Record) -> str:
    found = record["costs"]
    rows = [
        [
            TITLES[row],
            f"{found[row]['parameters'] / 1e6:.3f}",
            f"{found[row]['multiply_adds'] / 1e9:.3f}",
            f"{found[row]['inference_memory'] / 1e6:.1f}",
            f"{found[row]['training_memory'] / 1e6:.0f}",
            f"{1e3 * found[row]['seconds']:.0f}",
        ]
        for row in (*ORDER, "kronecker-unet-4", "kronecker-unet-8")
        if row in found
    ]
    heads = ["network", "parameters (M)", "multiply-adds (G)"]
    heads += ["memory, inference (MB)", "memory, training (MB)", "latency (ms)"]
    return table(heads, rows)


def quality(record: Record, acceleration: str) -> str:
    rows = []
    for row in ORDER:
        lists = {metric: values(record, row, acceleration, metric) for metric in METRICS}
        if all(lists.values()):
            rows.append(
                [TITLES[row]]
                + [cell(interval(row, metric, lists[metric]), metric) for metric in METRICS]
            )
    return table(["method", *(HEADS[metric] for metric in METRICS)], rows)


def cell(one: Interval, metric: str) -> str:
    numbers = (one.mean, one.std, one.low, one.high)
    mean, std, low, high = (f"{number:.{DIGITS[metric]}f}" for number in numbers)
    return f"{mean} ({std}) [{low}, {high}]"


def difference(one: PairedComparison) -> str:
    digits = DIGITS[one.metric] + (one.metric == "ssim")
    found = one.difference
    numbers = (found.mean, found.low, found.high)
    mean, low, high = (f"{number:+.{digits}f}" for number in numbers)
    return f"{mean} [{low}, {high}]"


def twin_table(record: Record) -> str:
    by_metric = {metric: twins(record, metric) for metric in METRICS}
    rows = []
    for place, (row, acceleration, _) in enumerate(by_metric["psnr"]):
        found = [by_metric[metric][place][2] for metric in METRICS]
        rows.append(
            [f"{TITLES[row]} - {TITLES[TWINS[row]]}", f"{acceleration}x"]
            + [difference(one) for one in found]
            + [f"{found[0].p_value:.4f}"]
        )
    return table(["pair", "R", *(HEADS[m] for m in METRICS), "p (PSNR)"], rows, texts=2)


def few_table(record: Record) -> str:
    rows = [
        [
            f"{row['percent']} %",
            f"{row['acceleration']}x",
            f"{row['dense'].mean:.2f}",
            f"{row['kronecker'].mean:.2f}",
            difference(row["paired"]),
            ", ".join(f"{value:+.2f}" for value in row["seeds"].values()),
        ]
        for row in few_cases(record)
    ]
    heads = ["cases", "R", TITLES[LIMITED[0]], TITLES[LIMITED[1]], "difference", "by seed"]
    return table(heads, rows, texts=2)


def long_table(record: Record) -> str:
    rows = [
        [f"{percent} %", f"{acceleration}x", *(f"{mean:.2f}" for mean in means), difference(one)]
        for percent, acceleration, one, means in long_runs(record)
    ]
    heads = ["cases", "R", TITLES[LIMITED[0]], TITLES[LIMITED[1]], "difference"]
    return table(heads, rows, texts=2) if len(rows) > len(accelerations(record)) else ""


def sweep_table(record: Record) -> str:
    rows = []
    for n, row in sweep(record):
        cost = record["costs"].get(row)
        line = [f"{n}", f"{cost['parameters'] / 1e6:.3f}" if cost else "-"]
        for metric in ("psnr", "ssim"):
            for acceleration in accelerations(record):
                numbers = values(record, row, acceleration, metric)
                line.append(f"{sum(numbers) / len(numbers):.{DIGITS[metric]}f}")
        rows.append(line)
    heads = ["n", "parameters (M)"]
    for metric in ("psnr", "ssim"):
        heads += [f"{HEADS[metric]}, {acceleration}x" for acceleration in accelerations(record)]
    return table(heads, rows)


def choices(record: Record) -> str:
    """Learning rates that were tried, and which was taken."""
    rows = []
    for family, found in record["rates"].items():
        tried = ", ".join(f"{rate}: {value:.2f}" for rate, value in found["rates"].items())
        rows.append([TITLES[family], tried, f"{found['chosen']:g}"])
    return table(["family", "validation PSNR (dB) by rate", "taken"], rows, texts=2)
