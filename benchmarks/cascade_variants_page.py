"""The table of variants in ``docs/training.md``, from what the comparison stored."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cascade_variants_plan import BATCH, SIZES, VARIANTS

Record = Mapping[str, Any]
BEGIN, END = "<!-- cascade variants -->\n", "<!-- end of cascade variants -->\n"


def update(page: Path, record: Record) -> None:
    """Put the section between its marks."""
    before, rest = page.read_text().split(BEGIN)
    after = rest.split(END)[1]
    page.write_text(f"{before}{BEGIN}{section(record)}{END}{after}")


def section(record: Record) -> str:
    """Markdown: how it was done, and a row a variant."""
    return f"{introduction(record)}\n\n{table(record)}\n"


def introduction(record: Record) -> str:
    known = record["environment"]
    each = [one for name, one in record["variants"].items() if not VARIANTS[name].like]
    least, most = (function(one["seconds"] for one in each) for function in (min, max))
    slices = f"slices of {SIZES[0]} to {SIZES[1]} pixels"
    parts = [
        "**A comparison of beginnings**: each variant was trained once, for about "
        f"{record['seconds']:.0f} seconds of the processor ({least:.0f} to {most:.0f}; less where "
        "the table says so), from the "
        f"same {record['examples']} batches of {BATCH} {slices}, with seed {record['seed']}. It "
        "says what learns quickly, not what is best at last. How far the first two rows below `tv` "
        "are apart is what chance does.",
        "PSNR in dB inside the object, of the network alone, without a phase that a scan asks for; "
        "in brackets the number of scans.",
        "Written by `python benchmarks/cascade_variants.py` from "
        "[results/cascade-variants.json](results/cascade-variants.json); "
        f"{known['Processor']}, one thread, PyTorch {known['PyTorch']}, commit {known['Commit']}, "
        f"{known['Written']}.",
    ]
    return " ".join(parts)


def means(scores: Mapping[str, Mapping[str, float]], groups: Mapping[str, str]) -> dict[str, float]:
    """Mean PSNR of each group of scans, then of all groups alike."""
    found: dict[str, list[float]] = {}
    for name, group in groups.items():
        found.setdefault(group, []).append(scores[name]["psnr"])
    each = {group: sum(values) / len(values) for group, values in found.items()}
    return {**each, "mean of the columns": sum(each.values()) / len(each)}


def seconds(scores: Mapping[str, Mapping[str, float]]) -> float:
    """Mean of all scans."""
    return sum(one["seconds"] for one in scores.values()) / len(scores)


def table(record: Record) -> str:
    """A row a variant, below that of total variation."""
    groups = record["groups"]
    counts = {group: list(groups.values()).count(group) for group in groups.values()}
    titles = [f"{group} ({count})" for group, count in counts.items()]
    head = ["variant", "parameters", "steps", *titles, "mean of the columns", "seconds a scan"]
    lines = [f"| {' | '.join(head)} |", "|---|" + "---:|" * (len(head) - 1)]
    lines.append(row("`tv`", "", "", record["tv"], groups))
    for one in record["variants"].values():
        title = f"{one['title']} (`{one['changes']}`)" if one["changes"] else one["title"]
        lines.append(
            row(title, f"{one['parameters']:,}", f"{one['steps']:,}", one["scores"], groups)
        )
    return "\n".join(lines)


def row(
    title: str,
    parameters: str,
    steps: str,
    scores: Mapping[str, Mapping[str, float]],
    groups: Mapping[str, str],
) -> str:
    numbers = [f"{value:.2f}" for value in means(scores, groups).values()]
    return f"| {' | '.join([title, parameters, steps, *numbers, f'{seconds(scores):.2f}'])} |"
