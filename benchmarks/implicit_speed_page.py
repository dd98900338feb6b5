"""The page about the speed of fields, from what the benchmark stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean, median
from typing import Any

#: what the others are measured by, and what is the default
SIREN, DEFAULT = "siren", "factors"
#: times sooner, and dB over temporal total variation, that are asked for
SOONER, BETTER = 10.0, 1.0


def page(record: Mapping[str, Any]) -> str:
    """Markdown."""
    known, size = record["environment"], record["size"]
    where = record["device"] or f"{known['Processor']}, {known['Threads']}"
    height, width = size["shape"]
    lines = [
        "# How soon fields describe a scan",
        "",
        f"Written by `make bench-implicit`; it took {record['minutes']:.1f} minutes. {where}; "
        f"PyTorch {known['PyTorch']}, commit {known['Commit']}, {known['Written']}.",
        "",
        f"{len(size['seeds'])} simulated hearts of {size['frames']} frames, {height} x {width}, "
        f"{size['coils']} coil, signal over noise {size['snr']:g}; their k-space is that of a "
        f"finer object. All fields: weight {record['weight']:g}, in space {record['in_space']:g}, "
        "stopped by samples held out; one thread, seconds of the processor. Temporal total "
        "variation: the best of many weights and numbers of iterations, chosen by the reference. "
        "PSNR is the mean over frames; the time "
        "of looking at it does not count.",
        "",
        *_marks(record),
        *_table(record),
    ]
    return "\n".join(lines)


def seconds_to(course: Sequence[Sequence[float]], goal: float) -> float | None:
    """When a fit first reaches a PSNR; ``None`` if never."""
    return next((seconds for seconds, psnr in course if psnr >= goal), None)


def ratios(films: Sequence[Mapping[str, Any]], name: str) -> list[float | None]:
    """How many times sooner a field is where the SIREN ends, in each film."""
    found: list[float | None] = []
    for film in films:
        siren, own = film["fields"][SIREN], film["fields"][name]
        needed = seconds_to(own["course"], siren["psnr"])
        whole = seconds_to(siren["course"], siren["psnr"]) or siren["seconds"]
        found.append(None if needed is None else whole / needed)
    return found


def _marks(record: Mapping[str, Any]) -> list[str]:
    films = record["films"]
    if not all({SIREN, DEFAULT} <= set(film["fields"]) for film in films):
        return []
    found = ratios(films, DEFAULT)
    reached = [one for one in found if one is not None]
    least = f"{min(reached):.1f} times at least" if len(reached) == len(found) else "not everywhere"
    met = len(reached) == len(found) and min(reached) >= SOONER
    gains = [film["fields"][DEFAULT]["psnr"] - film["temporal-tv"]["psnr"] for film in films]
    return [
        f"- `{DEFAULT}` where the SIREN ends, {SOONER:g} times sooner: {_mark(met)}, {least}.",
        f"- `{DEFAULT}` {BETTER:g} dB above tuned temporal total variation: "
        f"{_mark(fmean(gains) >= BETTER)}, {fmean(gains):+.2f} dB on average, {min(gains):+.2f} to "
        f"{max(gains):+.2f}.",
        "",
    ]


def _mark(met: bool) -> str:
    return "met" if met else "missed"


def _table(record: Mapping[str, Any]) -> list[str]:
    lines = [
        "| acceleration | field | parameters | PSNR | over temporal TV | seconds "
        "| to the SIREN's PSNR | sooner |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for acceleration in record["size"]["accelerations"]:
        films = [film for film in record["films"] if film["acceleration"] == acceleration]
        tv = [film["temporal-tv"] for film in films]
        lines.append(
            f"| {acceleration:g} | temporal-tv, tuned | 0 | {_mean(tv, 'psnr'):.2f} | | "
            f"{_mean(tv, 'seconds'):.2f} | | |"
        )
        lines += [_row(acceleration, name, films) for name in films[0]["fields"]]
    return [*lines, ""]


def _row(acceleration: float, name: str, films: Sequence[Mapping[str, Any]]) -> str:
    own = [film["fields"][name] for film in films]
    gain = _mean(own, "psnr") - fmean(film["temporal-tv"]["psnr"] for film in films)
    cells = ["", ""]
    if SIREN in films[0]["fields"]:
        needed = [
            seconds_to(film["fields"][name]["course"], film["fields"][SIREN]["psnr"])
            for film in films
        ]
        found = [one for one in ratios(films, name) if one is not None]
        if len(found) == len(films):
            cells = [
                f"{median(one for one in needed if one is not None):.2f}",
                f"{median(found):.1f}",
            ]
        else:
            cells = [f"in {len(found)} of {len(films)}", ""]
    return (
        f"| {acceleration:g} | {name} | {own[0]['parameters']:,} | {_mean(own, 'psnr'):.2f} | "
        f"{gain:+.2f} | {_mean(own, 'seconds'):.2f} | {cells[0]} | {cells[1]} |"
    )


def _mean(rows: Sequence[Mapping[str, float]], key: str) -> float:
    return fmean(row[key] for row in rows)
