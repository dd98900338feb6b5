"""The page about the server under load, from what the soak stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: seconds over the bare method that are allowed, and growth of memory that is none
OVERHEAD, GROWTH = 5e-3, 0.03
#: seconds that a film that is kept up with may fall back, and share of its length that it may
#: take longer to send
BACK, LONGER = 0.25, 0.03


def page(record: Mapping[str, Any]) -> str:
    """Markdown."""
    known = record["environment"]
    lines = [
        "# The server under load",
        "",
        f"Written by `make soak`; it took {record['minutes']:.1f} minutes. {known['Processor']}, "
        f"{known['Threads'].partition(' of ')[2]}; PyTorch {known['PyTorch']}, commit "
        f"{known['Commit']}, {known['Written']}.",
        "",
        "Each part starts `feathermr serve` and streams simulated scans, undersampled four times, "
        "over the loopback; client, server and workers share the cores. Latency is from the last "
        "readout of an image, as it is sent, to the image, as it is there.",
        "",
        *_marks(record),
        *_sessions(record),
        *_latency(record),
        *_films(record),
    ]
    return "\n".join(lines)


def _marks(record: Mapping[str, Any]) -> list[str]:
    row, once = record["in_a_row"], record["at_once"]
    whole = row["images"] == row["sessions"] and once["images"] == once["sessions"]
    over = max(each["overhead"]["p50"] for each in record["latency"])
    side = record["size"]["side"]
    pace = [each for each in record["films"] if kept_up(each)]
    named = ", ".join(f"`{each['method']}`{_options(each)} of {_coils(each)}" for each in pace)
    return [
        "## Marks",
        "",
        f"- No image lost in {row['sessions']} sessions in a row and {once['sessions']} of "
        f"{once['clients']} clients at once: {_mark(whole)}.",
        f"- No growth of memory: {_mark(grown(record) <= GROWTH)}, {grown(record):+.1%} from "
        f"session {row['memory'][0]['sessions']} to {row['memory'][-1]['sessions']}.",
        f"- At most {1e3 * OVERHEAD:g} ms over the bare method at {side} x {side}: "
        f"{_mark(over <= OVERHEAD)}, {1e3 * over:.1f} ms (median) where it is most.",
        f"- A film of 25 frames a second is kept up with: {_mark(bool(pace))}"
        f"{', by ' + named if pace else ''}.",
        "",
    ]


def grown(record: Mapping[str, Any]) -> float:
    """Growth of the memory of server and workers from the first look to the last."""
    first, last = (record["in_a_row"]["memory"][place] for place in (0, -1))
    before, after = (each["server"] + each["workers"] for each in (first, last))
    return float(after / before - 1)


def kept_up(row: Mapping[str, Any]) -> bool:
    """Whether all images came, none ever later than before, and nothing was held back."""
    length = row["wanted"] / 25.0
    return bool(
        row["images"] == row["wanted"]
        and row["late"] - row["early"] <= BACK
        and row["sent"] <= (1 + LONGER) * length
    )


def _mark(met: bool) -> str:
    return "met" if met else "missed"


def _options(row: Mapping[str, Any]) -> str:
    return f" ({row['options']})" if row["options"] else ""


def _coils(row: Mapping[str, Any]) -> str:
    return "one coil" if row["coils"] == 1 else f"{row['coils']} coils"


def _sessions(record: Mapping[str, Any]) -> list[str]:
    row, once, small = record["in_a_row"], record["at_once"], record["size"]["small"]
    lines = [
        "## Sessions",
        "",
        f"One slice of {small} x {small}, 4 coils, `kronecker-cascade`, 2 workers of one thread.",
        "",
        "| | sessions | images | seconds | latency p50, ms | p99, ms | largest, ms |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, each in (("in a row", row), (f"{once['clients']} at once", once)):
        lines.append(
            f"| {name} | {each['sessions']} | {each['images']} | {each['seconds']:.1f} | "
            f"{_ms(each, 'p50')} | {_ms(each, 'p99')} | {_ms(each, 'largest')} |"
        )
    lines += ["", "| after | server, MB | its workers, MB |", "|---|---:|---:|"]
    looks = [(f"{each['sessions']} in a row", each) for each in row["memory"]]
    looks += [(f"{once['sessions']} at once", once["before"])]
    looks += [(f"{2 * once['sessions']} at once", once["after"])]
    lines += [
        f"| {name} | {each['server'] / 1e6:.1f} | {each['workers'] / 1e6:.1f} |"
        for name, each in looks
    ]
    return [*lines, ""]


def _ms(row: Mapping[str, float], key: str) -> str:
    return f"{1e3 * row[key]:.1f}"


def _latency(record: Mapping[str, Any]) -> list[str]:
    size = record["size"]
    lines = [
        "## Latency",
        "",
        f"One slice of {size['side']} x {size['side']}, readouts spread over half a second, "
        f"`kronecker-cascade`, one worker, {size['repeats']} times. *Over* is the latency without "
        "the seconds that the method took inside the worker; *bare* is the method, called by "
        "itself in another process.",
        "",
        "| coils | threads | latency p50, ms | p99, ms | method p50, ms | bare p50, ms "
        "| over p50, ms | p99, ms |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in record["latency"]:
        lines.append(
            f"| {row['coils']} | {row['threads']} | {_ms(row, 'p50')} | {_ms(row, 'p99')} | "
            f"{_ms(row['method'], 'p50')} | {_ms(row['bare'], 'p50')} | "
            f"{_ms(row['overhead'], 'p50')} | {_ms(row['overhead'], 'p99')} |"
        )
    return [*lines, ""]


def _films(record: Mapping[str, Any]) -> list[str]:
    size, rows = record["size"], record["films"]
    lines = [
        "## Films",
        "",
        f"{size['frames']} frames of {size['film_side']} x {size['film_side']}, 25 a second, in "
        "windows of frames of which the last, its margin, are given by the next window; 2 workers "
        "of one thread. *Behind* is the median time from a frame's last readout to its image, in "
        "the second quarter of the film and in the last: a film that is kept up with falls back no "
        "further and its readouts are not held back.",
        "",
        "| coils | method | window, margin | images | behind, second quarter, s "
        "| last quarter, s | sent in, s | all there after, s | kept up |",
        "|---:|---|---|---:|---:|---:|---:|---:|---|",
    ]
    for row in rows:
        lines.append(
            f"| {row['coils']} | {row['method']}{_options(row)} | {row['window']}, "
            f"{row['margin']} | {row['images']} | "
            f"{row['early']:.2f} | {row['late']:.2f} | {row['sent']:.1f} | {row['whole']:.1f} | "
            f"{'yes' if kept_up(row) else 'no'} |"
        )
    return [*lines, ""]
