"""``docs/results/distillation.md`` from its JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from distillation_plan import DEFAULT, FULL, VARIANTS
from distillation_statistics import (
    BEHIND,
    GAIN,
    claims,
    complete,
    difference,
    interval,
    over_seeds,
    parts,
)

from feathermr.metrics import Interval

Record = Mapping[str, Any]


def page(record: Record) -> str:
    """The whole page."""
    size, environment, tasks = record["size"], record["environment"], record["tasks"]
    commits = ", ".join(sorted({task["commit"] for task in tasks.values()}))
    lines = [
        "# Distillation, part by part",
        "Written by `make study-distillation` from [distillation.json](distillation.json), which "
        "holds the scores of every image. Commit "
        f"{commits}, {environment['Processor']}, PyTorch {environment['PyTorch']}, "
        "one thread a training. For research, not for diagnosis.",
        _setting(record),
        "## Targets",
        _targets(tasks, FULL, "The full method"),
        _targets(
            tasks, DEFAULT, "Response, features and edges, without correction and dynamic weights,"
        ),
        "![a brain by teacher and students, and their errors](../images/distillation.png)",
        "From top to bottom: from k-space (4x), super-resolution x2 and x4; first seed.",
        "## What each part adds",
        "Each row has all parts of the rows before it. Mean change of PSNR over the simulated "
        "bodies of all tasks, with its 95 % interval over images, and in how many of the trainings "
        "(seeds, tasks and accelerations) it was positive.",
        _parts(tasks),
    ]
    for task in tasks.values():
        lines.append(f"## {task['title'][0].upper()}{task['title'][1:]}")
        for name, group in task["groups"].items():
            lines += [f"### {name}", _group(group)]
        lines += ["### Cost", _costs(task["costs"])]
    lines += ["## To be read with care", _care(size)]
    return "\n\n".join(line for line in lines if line) + "\n"


def _setting(record: Record) -> str:
    size, tasks = record["size"], record["tasks"]
    teachers = ", ".join(
        f"{task['title']}: {task['teacher_validation']:.2f} dB" for task in tasks.values()
    )
    seeds = ", ".join(f"{task['title']}: {len(task['seeds'])}" for task in tasks.values())
    return (
        f"A teacher (SwinIR of {size['teacher']}) is trained for {size['teacher_steps']} steps, "
        f"every student (`chpnet-tiny`) for {size['steps']} steps of the same batches, with "
        f"several seeds ({seeds}). Training and test scans are simulated, from "
        "objects on a finer grid, with phase and noise; the objects differ. k-space has one coil; "
        "there teacher and students start from an image of small total variation. "
        f"The teachers on the validation set: {teachers}. Tests by magnitude: PSNR and SSIM "
        "by each image's largest value; the weight of total variation was chosen on bodies that "
        f"are not tested with. {record['real']}"
    )


def _targets(tasks: Record, variant: str, name: str) -> str:
    rows = [
        [
            row["task"],
            row["group"],
            _signed(row["gain"]),
            "met" if row["gained"] else "not met",
            _signed(row["behind"]),
            "met" if row["close"] else "not met",
        ]
        for row in claims(tasks, variant)
    ]
    met = sum(row[3] == "met" for row in rows), sum(row[5] == "met" for row in rows)
    sentence = (
        f"{name} over the same student alone, at least +{GAIN} dB with an interval above "
        f"zero: met in {met[0]} of {len(rows)} rows. Within {BEHIND} dB of the teacher (or above): "
        f"met in {met[1]} of {len(rows)}."
    )
    heads = ["task", "images", "over itself alone (dB)", "", "over the teacher (dB)", ""]
    return sentence + "\n\n" + table(heads, rows, 2)


def _parts(tasks: Record) -> str:
    rows = [
        [
            row["part"],
            _signed(row["change"]),
            f"{sum(one > 0 for one in row['seeds'])} of {len(row['seeds'])}",
            "helps" if row["change"].low > 0 else "harms" if row["change"].high < 0 else "unclear",
        ]
        for row in parts(tasks)
    ]
    return table(["part", "change of PSNR (dB)", "positive", ""], rows)


def _group(group: Record) -> str:
    rows = [_row(name, one["scores"]) for name, one in group["classical"].items()]
    rows.append(_row("teacher", group["teacher"]["scores"]))
    if "corrected" in group:
        rows.append(_row("teacher, corrected while it taught", group["corrected"]["scores"]))
    for variant in VARIANTS:
        if not complete(group, variant):
            continue
        lists = {metric: over_seeds(group, variant, metric) for metric in ("psnr", "ssim", "nmse")}
        row = _row(f"student {variant}", lists)
        if variant != "alone" and complete(group, "alone"):
            row[-1] = _signed(difference(lists["psnr"], over_seeds(group, "alone", "psnr")))
        rows.append(row)
    if "ships" in group:
        rows.append(
            _row("`chpnet`, the weights that ship (trained longer)", group["ships"]["scores"])
        )
    return table(["method", "PSNR (dB)", "SSIM", "NMSE", "over alone (dB)"], rows)


def _row(name: str, scores: Mapping[str, Sequence[float]]) -> list[str]:
    found = {metric: interval(scores[metric]) for metric in ("psnr", "ssim", "nmse")}
    psnr = found["psnr"]
    return [
        name,
        f"{psnr.mean:.2f} [{psnr.low:.2f}, {psnr.high:.2f}]",
        f"{found['ssim'].mean:.4f}",
        f"{found['nmse'].mean:.4f}",
        "",
    ]


def _costs(found: Record) -> str:
    if not found:
        return "Not measured yet."
    teacher = found["teacher"]
    rows = [
        [
            name,
            f"{one['parameters'] / 1e6:.3f}",
            f"{100 * one['parameters'] / teacher['parameters']:.1f} %",
            f"{one['multiply_adds'] / 1e9:.3f}",
            f"{one['memory'] / 1e6:.0f}",
            f"{1e3 * one['seconds']:.1f}",
            f"{one['seconds'] / teacher['seconds']:.2f}",
        ]
        for name, one in found.items()
    ]
    heads = ["network", "parameters (M)", "of the teacher's", "multiply-adds (G)", "memory (MB)"]
    return table([*heads, "latency (ms)", "ratio to the teacher"], rows)


def _care(size: Record) -> str:
    return "\n".join(
        (
            f"- Trainings are short ({size['steps']} steps of two images): what is compared is how "
            "much a student learns in that time, not where it would end.",
            "- The teacher has had more steps than its students, as in use; its cost is not part "
            "of theirs.",
            "- The student's learning rate was chosen for the student alone (from k-space 2e-3, "
            "tried 5e-3; for x2 4e-3, tried 2e-3 and 8e-3; for x4 that of x2) on the validation "
            "set, which has other objects than the test. Weights of the parts were set once; for "
            "x2 a response of 0.9 in place of 0.5 was tried on the validation set and was worse.",
            "- Intervals are over images, after the mean over seeds; that of the trainings "
            "themselves is larger, see the column of seeds.",
        )
    )


def _signed(one: Interval) -> str:
    return f"{one.mean:+.3f} [{one.low:+.3f}, {one.high:+.3f}]"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], texts: int = 1) -> str:
    """Markdown; all but the first ``texts`` columns are numbers."""
    marks = ["---"] * texts + ["---:"] * (len(heads) - texts)
    return "\n".join(f"| {' | '.join(line)} |" for line in (heads, marks, *rows))
