"""The best tuned classical method of a row, differences to it, and whether targets are met."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kronecker_study_statistics import paired

from feathermr.metrics import Interval

Row = Mapping[str, Any]
DEFAULT = "kronecker-cascade"
NETWORKS = ("kronecker-cascade", "kronecker-unet")
SWEPT = ("l1-wavelet", "tv")


def failures(values: Sequence[Mapping[str, Any]]) -> int:
    return sum("failed" in value for value in values)


def column(values: Sequence[Mapping[str, Any]], metric: str) -> list[float]:
    """Of every scan; none when one failed."""
    return [] if failures(values) else [value[metric] for value in values]


def mean(values: Sequence[Mapping[str, Any]], metric: str) -> float | None:
    numbers = column(values, metric)
    return sum(numbers) / len(numbers) if numbers else None


def tuned(row: Row, method: str, metric: str = "psnr", sign: int = 1) -> tuple[str, list[Any]]:
    """Multiple of the default weight of the best mean over the row's scans, and its values."""
    found = {
        factor: mean(values, metric)
        for factor, values in row["sweeps"][method].items()
        if not failures(values)
    }
    best = max(found, key=lambda factor: sign * (found[factor] or 0.0))
    return best, row["sweeps"][method][best]


def best_tuned(row: Row, metric: str = "psnr", sign: int = 1) -> tuple[str, str, list[Any]]:
    """(method, multiple, values) of the better one of the tuned methods."""
    found = [(method, *tuned(row, method, metric, sign)) for method in SWEPT]
    return max(found, key=lambda one: sign * (mean(one[2], metric) or 0.0))


def gain(row: Row, name: str = DEFAULT) -> Interval | None:
    """PSNR of a network minus that of the best tuned method, paired over the scans."""
    numbers = column(row["methods"][name], "psnr")
    method, _, values = best_tuned(row)
    if not numbers:
        return None
    return paired("psnr", (name, numbers), (method, column(values, "psnr"))).difference


def met(row: Row) -> bool:
    found = gain(row)
    return found is not None and found.mean >= row["target"]


def pooled(rows: Sequence[Row]) -> list[Row]:
    """Rows of the same coils and acceleration as one, every part with its own tuned weights."""
    groups: dict[tuple[int, float], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["coils"], row["acceleration"]), []).append(row)
    return [_joined(list(same)) for same in groups.values()]


def _joined(rows: Sequence[Row]) -> Row:
    names = rows[0]["methods"]
    sweeps = {}
    for method in SWEPT:
        best = [tuned(row, method)[1] for row in rows]
        sweeps[method] = {"each its own": [value for values in best for value in values]}
    return {
        **rows[0],
        "title": "all",
        "scans": [f"{row['title']}: {scan}" for row in rows for scan in row["scans"]],
        "methods": {name: [one for row in rows for one in row["methods"][name]] for name in names},
        "sweeps": sweeps,
    }


def worse(rows: Sequence[Row], name: str, metric: str) -> list[str]:
    """Scans on which a network is worse than zero filling, or failed."""
    found = []
    for row in rows:
        for scan, one, zero in zip(
            row["scans"], row["methods"][name], row["methods"]["zero-filled"], strict=True
        ):
            if "failed" in one or one[metric] < zero[metric]:
                found.append(f"{row['name']} ({scan})")
    return found
