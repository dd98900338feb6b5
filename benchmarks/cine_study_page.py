"""``docs/results/cine.md`` from the stored record of the heart study."""

from __future__ import annotations

from collections.abc import Sequence

from cine_study_statistics import (
    CINE,
    DUAL,
    PARAMETER_SHARE,
    REGIONS,
    TARGETS,
    Difference,
    Record,
    differences,
    parameters,
)
from cine_study_tables import ablations, best_mixing, costs, gains, mixing, quality, tunings
from kronecker_study_tables import table

from feathermr.metrics.moving_region import MARGIN, SHARE


def page(record: Record) -> str:
    """The whole page as Markdown."""
    parts = ["# Films of hearts: all methods side by side", introduction(record)]
    parts += ["## What holds", targets(record), BUDGET]
    for key, group in record["groups"].items():
        parts += [f"## {group['title'].capitalize()}", about(record, key)]
        for acceleration, row in group["accelerations"].items():
            parts += [f"### R = {acceleration}", lines_of(record, key, acceleration), quality(row)]
        if found := gains(record, key):
            parts += [f"### `{CINE}` against the others", DIFFERENCES, found]
    parts += ["## What it costs", cost_note(record), costs(record)]
    parts += ["## A slice", picture_note(record)]
    parts += ["![Frame, error and profile over time](../images/cine-study.png)"]
    parts += ["## Tuning", TUNING, tunings(record)]
    if record.get("ablations"):
        parts += ["## The dual U-Net taken apart", ablation_note(record), ablations(record)]
    if record.get("mixing"):
        parts += ["## How frames are mixed", mixing_note(record), mixing(record)]
    parts += ["## The networks", networks(record), "## How it was done", method(record)]
    return "\n\n".join(part for part in parts if part) + "\n"


def introduction(record: Record) -> str:
    quick = record["size"]["name"] == "quick"
    films = any(key.startswith("film") for key in record["groups"])
    known = "\n".join(f"| {key} | {value} |" for key, value in record["environment"].items())
    lacking = [f"`{name}`" for name in (DUAL, CINE) if name not in record["networks"]]
    return (
        ("**A smoke test: the numbers below mean nothing.**\n\n" if quick else "")
        + "Written by `make study-cine` from [cine.json](cine.json), which holds the scores of "
        "every film.\n\n"
        "**Read this first.** No film of this page was undersampled by a scanner. The hearts are "
        "simulated by the simulator that the networks were trained on, other subjects though"
        + (
            "; the real film is the magnitude of one animal's heart, all slices of that one "
            "animal, to which phase, coil maps and noise were added, and its k-space is the "
            "transform of the very images that results are compared with (*inverse crime*). So "
            "the first say how well a training worked, the second how far it carries to a heart "
            "that no simulator drew, and neither how well a patient's film comes out."
            if films
            else ". The real film was not measured."
        )
        + (f"\n\nNot there: {', '.join(lacking)}." if lacking else "")
        + f"\n\n| | |\n|---|---|\n{known}"
    )


def targets(record: Record) -> str:
    """The targets, row by row, as the numbers say."""
    found = differences(record)
    if not found:
        return f"`{CINE}` was not measured."
    lines = []
    for rival, target in TARGETS.items():
        name = "the dual U-Net" if rival == DUAL else "the best tuned classical method"
        for kind, title in (("simulated", "simulated hearts"), ("film", "the real film")):
            rows = [one for one in found if one.rival == rival and one.group.startswith(kind)]
            lines.append(f"- {verdict(record, f'{title}: {target:+g} dB over {name}', rows)}")
    if (pair := parameters(record)) is not None:
        share = pair[0] / pair[1]
        state = "met" if share <= PARAMETER_SHARE else "**not met**"
        lines.append(
            f"- at most {PARAMETER_SHARE:.0%} of the parameters of the dual U-Net: {state}, "
            f"{pair[0]:,} to {pair[1]:,} ({share:.1%})."
        )
    return "\n".join(lines)


def verdict(record: Record, head: str, rows: Sequence[Difference]) -> str:
    if not rows:
        return f"{head}: not measured."
    short = [one for one in rows if not one.met]
    if not short:
        return f"{head}: met in all {len(rows)} (coils, R, region)."
    missing = "; ".join(
        f"{counted(record['groups'][one.group]['coils'], 'coil')} {one.acceleration}x "
        f"{REGIONS[one.metric]} ({one.paired.difference.mean:+.2f})"
        for one in short
    )
    return (
        f"{head}: met in {len(rows) - len(short)} of {len(rows)} (coils, R, region); "
        f"**not met** at {missing}."
    )


BUDGET = (
    "A small budget: neither network has learned what it could. The dual U-Net gains little over "
    "zero filling after 2,400 films, which says how much training it needs more than what it can "
    "do; its original was trained for 800 epochs on a GPU. And nearly all that `kronecker-cine` "
    "gains over the classical methods it gains by its start, `kt-tv`: see the rows against that."
)


def about(record: Record, key: str) -> str:
    group, settings = record["groups"][key], record["settings"]
    height, width = group["shape"]
    count, frames = len(group["test"]), f"{group['frames']} frames of {height} x {width}"
    what = (
        f"{counted(count, 'subject')}, one heart beat in {frames}"
        if key.startswith("simulated")
        else f"{counted(count, 'slice')} of one animal, {frames}"
    )
    maps = "; coil maps are estimated by each method alike" if group["coils"] > 1 else ""
    return (
        f"{what}, signal-to-noise ratio {settings['snr']:g}{maps}. Mean [bootstrap 95 % interval] "
        + (
            "over subjects."
            if key.startswith("simulated")
            else "over slices, which are taken for independent though they are of one animal."
        )
        + (" Intervals of so few are rough." if count < 8 else "")
        + " The best of a column is bold."
    )


def counted(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")


def lines_of(record: Record, key: str, acceleration: str) -> str:
    row = record["groups"][key]["accelerations"][acceleration]
    return (
        f"{row['lines']} lines a frame ({row['achieved']:.1f}x), {row['center']} of them in the "
        "center."
    )


DIFFERENCES = (
    f"`{CINE}` minus the other, paired over the films, with bootstrap 95 % interval and the "
    "p-value of a sign-flip test. The best classical method is the one that is best in that region "
    "on these very test films, which no user could know. `kt-tv` is where "
    f"`{CINE}` begins, nothing learned, here at its best weight: the difference is what learning "
    "adds. It was made for this and is not among the best classical. A target is met when the mean "
    "is."
)
TUNING = (
    "Each classical method was tuned for each row by mean PSNR of whole films on tuning films that "
    "are none of the test: from its default settings on, one setting at a time was moved one step "
    "up or down its ladder, to the best of all these, until no step gained 0.05 dB. Iterations are "
    "tuned like weights, because these methods get worse when they run on: noise and aliasing come "
    "back. All that was tried is in the stored file. The networks have nothing to tune."
)


def cost_note(record: Record) -> str:
    known = record["costs"]
    group = record["groups"][next(iter(known["groups"]))]
    height, width = group["shape"]
    return (
        f"One film of {group['frames']} frames of {height} x {width} at {known['acceleration']:g}x,"
        f" {known['threads']} threads, the methods in turns in one run, median of "
        f"{record['size']['repeats']}; estimation of coil maps included, loading of weights not. "
        "Multiply-adds are those of convolutions, matrix products and Fourier transforms with one "
        "coil; thresholds and singular values are not counted. Memory is the largest sum of all "
        "tensors alive, weights as loaded and as folded included, the scan not."
    )


def picture_note(record: Record) -> str:
    known = record["picture"]
    group = record["groups"][known["group"]]
    return (
        f"{group['title'].capitalize()}, {known['film']}, at {known['acceleration']:g}x: the frame "
        "farthest from the mean of the film, its error five times brightened, and the line through "
        "the middle of what moves (yellow) over time. The best classical method is that of the "
        "whole film; the slice is the first by name."
    )


def ablation_note(record: Record) -> str:
    known = record["ablations"]
    settings = ", ".join(f"{key} = {value}" for key, value in known["changes"].items())
    return (
        "The recipes of the dual U-Net, each trained on simulated hearts at 5x with 11 central "
        f"lines by the same small budget ({settings}; seeds "
        f"{', '.join(map(str, known['seeds']))}). Test films of each seed are the same for all "
        "recipes; mean (standard deviation) over films, PSNR and SSIM of each frame by its own "
        "largest value. So small a budget tells which variation learns faster, not which is better "
        "in the end: the original trained for 800 epochs and reported, on films of its own, "
        "29.08 dB / 0.844 (L2), 29.15 / 0.844 (L1), 24.15 / 0.743 (no dropout, no schedule), "
        "32.39 / 0.891 (with attention), 28.87 / 0.834 and 28.96 / 0.807 (two and three cascades). "
        f"Measured on {known['environment']['Processor']}, commit "
        f"{known['environment']['Commit']}, {known['environment']['Written']}."
    )


def mixing_note(record: Record) -> str:
    known = record["mixing"]
    settings = ", ".join(f"{key} {value}" for key, value in known["settings"].items())
    return (
        f"`{CINE}` with other ways for frames to know of each other, all else equal and trained by "
        f"the same small budget ({settings}; seeds {', '.join(map(str, known['seeds']))}): mean "
        f"PSNR over {known['films']} validation films of 4x to 10x; the start of every one of "
        f"them, which nothing is learned for, has {known['start']:.2f} dB. All see the mean "
        "over the frames and the averages that the denoiser offers; without mixing that is all "
        f"they see of other frames. Best here: {known['titles'][best_mixing(record)]}. "
        f"Measured on {known['environment']['Processor']}, commit "
        f"{known['environment']['Commit']}, {known['environment']['Written']}."
    )


def networks(record: Record) -> str:
    """What is known of their training."""
    lines = []
    for name, known in record["networks"].items():
        card = known["file"]["card"]
        recipe = card.get("recipe", {})
        drawn = recipe.get("data", {}).get("simulated", {})
        low, high = drawn.get("sizes", ("?", "?"))
        lines.append(
            [f"`{name}`", f"{known['parameters']:,}", card.get("trained_on", "not stated"),
             f"{low} to {high}", ", ".join(f"{r:g}" for r in drawn.get("accelerations", ())),
             f"{card.get('step', '?')} of {recipe.get('trainer', {}).get('steps', '?')}",
             str(drawn.get("batch", "?")), f"`{known['sha256'][:12]}`"]
        )  # fmt: skip
    heads = [
        "network",
        "parameters",
        "trained on",
        "sizes",
        "R",
        "steps",
        "films a step",
        "SHA-256",
    ]
    note = record["settings"]["note"]
    return table(heads, lines, texts=3) + (f"\n\n{note}" if note else "") if lines else "None."


def method(record: Record) -> str:
    settings = record["settings"]
    size = record["size"]
    centers = ", ".join(f"{n} at {r}x" for r, n in settings["centers"].items())
    return "\n".join(
        (
            f"- Masks: `{settings['pattern']}`, every frame drawn anew, one mask a film, the same "
            f"for all methods. Lines in the center: {centers}; 11 at 12x would leave next to none "
            "outside.",
            f"- Simulated hearts: seeds {settings['first_test']} and on for the test, "
            f"{settings['first_tuning']} and on for tuning; trainings draw theirs by other "
            "generators.",
            "- Real film: k-space of the magnitude images cropped to "
            f"{size['film'] or 'nothing'} positions each way (the files are interpolated to "
            "256 x 256), then smooth phase, coil maps and noise added. "
            f"{' and '.join(settings['tuning_films'])} are for tuning, the others for the test.",
            f"- Scores are of magnitudes over whole films (policy `{settings['policy']}`): the "
            "data range is the largest value of the film's reference; no factor is fitted. "
            "*Moving* is where the reference changes over time by more than "
            f"{SHARE:.0%} of its bright level, and {MARGIN} pixels around; *still* is the rest. "
            "*Wall motion* is the correlation over time of the courses of moving pixels, weighed "
            "by the reference's variance.",
            f"- The whole study took {record['seconds'] / 60:.1f} minutes with "
            f"{settings['workers']} processes, what was stored before not counted.",
        )
    )
