"""``docs/results/implicit.md`` from the stored record of the study of films at any time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kronecker_study_statistics import interval, paired
from kronecker_study_tables import table

from feathermr.metrics import PairedComparison

Record = Mapping[str, Any]
TV, START, FIELD, FAMILY = "temporal-tv", "kt-tv", "inr", "inr-lambda"
ALONE, SHIPS = "start of liif, untrained", "liif-rdn3d (ships)"
HEADS = {
    "psnr": "PSNR (dB)",
    "psnr-acquired": "acquired times",
    "psnr-between": "between",
    "psnr-moving": "moving region",
    "ssim": "SSIM",
}
#: what is compared with what, and by how many dB it should be better; nothing where only told
PAIRS: tuple[tuple[str, str, float | None], ...] = (
    (SHIPS, TV, 2.0),
    ("rdn3d", TV, 2.0),
    ("unet3d", TV, None),
    (FIELD, TV, 1.0),
    (SHIPS, ALONE, None),
    ("rdn3d", "conv2d", None),
    ("rdn3d", "unet3d", None),
    ("rdn3d", "rdn3d, ReLU", None),
    ("rdn3d from zero filling", "conv2d from zero filling", None),
    ("rdn3d from zero filling", "unet3d from zero filling", None),
)

TOLD = (
    (SHIPS, ALONE, "What training added to the network that ships, over its start and the motion "
     "between frames, in which nothing is learned"),
    ("rdn3d", "unet3d", "Residual dense network over U-Net, from that start"),
    ("rdn3d", "conv2d", "3D over 2D, from that start"),
    ("rdn3d from zero filling", "unet3d from zero filling",
     "Residual dense network over U-Net, from zero filling"),
    ("rdn3d from zero filling", "conv2d from zero filling", "3D over 2D, from zero filling"),
    ("rdn3d", "rdn3d, ReLU", "Sine over ReLU"),
    ("rdn3d, C = 64", "rdn3d, C = 8", "64 features over 8"),
)  # fmt: skip


def page(record: Record) -> str:
    """The whole page as Markdown."""
    parts = [
        "# Films at any time",
        introduction(record),
        "## What holds",
        targets(record),
        told(record),
    ]
    for key, group in record["groups"].items():
        parts += [f"## {group['title'].capitalize()}, {key.split('-')[1]} frames acquired"]
        parts += [about(group)]
        for acceleration, row in group["accelerations"].items():
            parts += [f"### R = {acceleration}", quality(row)]
        parts += ["### Differences", differences(group)]
    parts += ["## A film", PICTURE, "![A film at any time](../images/implicit-study.png)"]
    parts += ["![The same as a film](../images/implicit-study.gif)"]
    parts += ["## One fit, all weights", family(record)]
    parts += ["![One fit at five weights](../images/implicit-family.png)"]
    if record.get("raw"):
        parts += ["## Fields of a raw scan", raw(record["raw"])]
    parts += ["## Tuning", tunings(record), "## The networks", networks(record)]
    return "\n\n".join(part for part in parts if part) + "\n"


def introduction(record: Record) -> str:
    known = "\n".join(f"| {key} | {value} |" for key, value in record["environment"].items())
    size = record["size"]
    return (
        ("**A smoke test: the numbers below mean nothing.**\n\n" if size["name"] == "quick" else "")
        + "Written by `make study-implicit` from [implicit.json](implicit.json), which holds the "
        "scores of every film.\n\n"
        "**Read this first.** No film of this page was undersampled by a scanner. The hearts are "
        f"simulated on a finer grid, and what they look like at {size['times']} times of a beat is "
        "known; a few of these times are acquired, by one coil. The networks were trained on the "
        "same simulator, on other subjects. The real film is the magnitude of one animal's heart, "
        "to which phase and noise were added; its k-space is the transform of the very images that "
        "results are compared with (*inverse crime*), but for the times between the acquired "
        "frames, which no method was given. Settings of all methods were chosen on other films. "
        "Scores are of whole films: one data range, the largest value of the true film.\n\n"
        f"| | |\n|---|---|\n{known}"
    )


def about(group: Record) -> str:
    names = ", ".join(group["test"])
    return f"{len(group['test'])} films of {group['times']} times: {names}."


def quality(row: Record) -> str:
    """All methods at one acceleration."""
    lines = []
    best = {head: max(mean(one[head]) for one in row.values()) for head in HEADS}
    for method, scores in row.items():
        line = [method if " " in method else f"`{method}`"]
        for head in HEADS:
            one, digits = interval(method, head, scores[head]), 3 if head == "ssim" else 2
            text = f"{one.mean:.{digits}f}"
            if head == "psnr" and len(scores[head]) > 1:
                text += f" [{one.low:.2f}, {one.high:.2f}]"
            line.append(f"**{text}**" if mean(scores[head]) == best[head] else text)
        lines.append([*line, f"{mean(scores['seconds']):.1f}"])
    return table(["method", *HEADS.values(), "seconds"], lines)


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def compared(row: Record, first: str, second: str) -> PairedComparison | None:
    if first not in row or second not in row:
        return None
    return paired("psnr", (first, row[first]["psnr"]), (second, row[second]["psnr"]))


def differences(group: Record) -> str:
    """Pairs of methods, film by film."""
    lines = []
    for first, second, target in PAIRS:
        for acceleration, row in group["accelerations"].items():
            found = compared(row, first, second)
            if found is None:
                continue
            one = found.difference
            text = f"{one.mean:+.2f}"
            if one.n > 1:
                text += f" [{one.low:+.2f}, {one.high:+.2f}]"
            verdict = ""
            if target is not None:
                verdict = f"{target:+g} dB: {'met' if one.mean >= target else '**not met**'}"
            lines.append([first, second, f"{acceleration}x", text, verdict])
    return table(["method", "minus", "R", "difference (dB)", "target"], lines, texts=3)


def targets(record: Record) -> str:
    """How many rows reach each target."""
    lines = []
    for first, second, target in PAIRS:
        if target is None:
            continue
        for kind, title in (("simulated", "simulated hearts"), ("film", "the real film")):
            found = [
                (f"{key.split('-')[1]} frames {acceleration}x", one.difference.mean)
                for key, group in record["groups"].items()
                if key.startswith(kind)
                for acceleration, row in group["accelerations"].items()
                if (one := compared(row, first, second)) is not None
            ]
            if not found:
                continue
            short = [f"{name} ({value:+.2f})" for name, value in found if value < target]
            text = f"- {title}: {first} {target:+g} dB over the tuned {second}: met in "
            text += f"{len(found) - len(short)} of {len(found)} rows"
            lines.append(text + (f"; **not met** at {', '.join(short)}." if short else "."))
    return "\n".join(lines)


def told(record: Record) -> str:
    """What was learned, and what the encoder is worth: the smallest and the largest difference."""
    lines = []
    for first, second, words in TOLD:
        found = [
            one.difference.mean
            for group in record["groups"].values()
            for row in group["accelerations"].values()
            if (one := compared(row, first, second)) is not None
        ]
        if found:
            lines.append(
                f"- {words}: {min(found):+.2f} to {max(found):+.2f} dB in {len(found)} rows."
            )
    return "\n".join(lines)


def family(record: Record) -> str:
    """PSNR by lambda."""
    parts = []
    for one in record["families"]:
        heads = ["log10 lambda", *(f"{level:g}" for level in one["levels"])]
        rows = [[name, *(f"{value:.2f}" for value in one[name])] for name in (FAMILY, FIELD)]
        seconds = one["seconds"]
        parts.append(
            f"`{one['film']}`, 8 frames, R = {one['acceleration']:g}: PSNR (dB) of the whole film "
            f"from one fit of `{FAMILY}` ({seconds[FAMILY]:.1f} s) and from a fit of `{FIELD}` at "
            f"each weight ({seconds[FIELD]:.1f} s in all). The default of `{FIELD}` gives "
            f"{one['default']:.2f} dB.\n\n" + table(heads, rows)
        )
    return "\n\n".join(parts)


def raw(found: Record) -> str:
    """How well samples that were held out are predicted."""
    factors = list(next(iter(found["methods"].values())))
    rows = []
    for name, by_factor in found["methods"].items():
        errors = {key: mean([fold["error"] for fold in folds]) for key, folds in by_factor.items()}
        marked = [f"{errors[factor]:.3f}" if factor in errors else "" for factor in factors]
        seconds = mean([fold["seconds"] for fold in by_factor["1"]])
        rows.append([f"`{name}`", *marked, f"{seconds:.1f}"])
    height, width = found["shape"]
    return (
        f"A real brain, {found['coils']} coils, {height} x {width}, {found['acceleration']:.1f} "
        f"times undersampled by the scanner; there is no reference. {found['held_out']:.0%} of the "
        f"samples outside of the center were kept apart ({found['folds']} times) and predicted: "
        "error over their norm, by multiple of each method's default weight. Noise cannot be "
        "predicted, so no method can reach 0.\n\n"
        + table(["method", *(f"x {factor}" for factor in factors), "seconds"], rows)
    )


def tunings(record: Record) -> str:
    rows = [
        [f"`{method}`", key, ", ".join(f"{name} {value:g}" for name, value in chosen.items())]
        for key, group in record["groups"].items()
        for method, chosen in group["tuned"].items()
    ]
    return (
        "The classical methods have the settings that are best on the tuning films of each group, "
        "for each acceleration by themselves; the networks and `inr` have one setting for all.\n\n"
        + table(["method", "films", "chosen"], rows, texts=3)
    )


def networks(record: Record) -> str:
    rows = [
        [name, f"{one['parameters']:,}", f"{one['steps']:,}", f"{one['validation']:.2f}",
         f"{one['seconds'] / 60:.0f}" if one["seconds"] else ""]
        for name, one in record["networks"].items()
    ]  # fmt: skip
    return (
        "Steps are of one film each, so these are minutes of training on one core, not what the "
        "networks could learn; all but the one that ships had the same budget, data and rate, and "
        "one seed.\n\n"
        + table(["network", "parameters", "steps", "validation (dB)", "minutes of one core"], rows)
    )


PICTURE = (
    "The first test heart, 8 frames acquired, R = 6: magnitude and phase at half of the beat, the "
    "error there (of the whole film in dB), and the line along y at half of the width over time."
)
