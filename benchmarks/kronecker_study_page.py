"""``docs/results/kronecker.md`` from the stored record of the Kronecker study."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from kronecker_study_plan import LIMITED, TITLES, TWINS
from kronecker_study_statistics import (
    Record,
    accelerations,
    few_cases,
    long_runs,
    paired,
    twins,
    values,
)
from kronecker_study_tables import (
    choices,
    costs,
    few_table,
    long_table,
    quality,
    sweep_table,
    table,
    twin_table,
)

from feathermr.metrics import PairedComparison

#: a loss of less than this is one that nobody would see
MARGIN = 0.2
#: a network that gains less than this over zero filling has not learned enough to lose it
LEARNED = 1.0
#: SSIM below which nobody would look at an image
USEFUL = 0.7
BASELINES = ("zero-filled", "l1-wavelet", "lb-unet", "efficient-unet", "unet")


def page(record: Record) -> str:
    """The whole page as Markdown."""
    parts = ["# Kronecker networks: the claims, tested", introduction(record)]
    parts += ["## What holds", claims(record), "## Parameters, operations, memory, time"]
    parts += [COSTS, costs(record), "## Quality", quality_note(record)]
    for acceleration in accelerations(record):
        parts += [f"### R = {acceleration}", quality(record, acceleration)]
    parts += ["## Kronecker against dense", PAIRED, twin_table(record)]
    parts += ["## Few cases", few_note(record), few_table(record), *long(record)]
    parts += ["![Validation PSNR over the steps](../images/kronecker-curves.png)"]
    parts += ["## n = 1, 2, 4, 8", SWEEP_NOTE, sweep_table(record)]
    highest = (accelerations(record) or ["?"])[-1]
    parts += [f"## Errors at {highest}x", ERRORS.format(highest=highest)]
    parts += ["![Images and their errors](../images/kronecker-errors.png)"]
    parts += ["## How it was done", method(record)]
    return "\n\n".join(part for part in parts if part) + "\n"


def introduction(record: Record) -> str:
    size, counts = record["size"], record["size"]["objects"]
    known = "\n".join(f"| {key} | {value} |" for key, value in record["environment"].items())
    missing = ", ".join(f"`{name}`" for name in record["missing"])
    samples = size["steps"] * size["batch"]
    return (
        "Written by `make study-kronecker` from [kronecker.json](kronecker.json); size: "
        f"**{size['name']}**.\n\n"
        f"**Read this first.** Each network of the table has seen {samples} samples "
        f"({size['steps']} steps of {size['batch']}), each of the experiment with few cases "
        f"{size['limited_steps'] * size['batch']}. That is a budget of minutes of one core a "
        "network, far from convergence, at a narrow width: the study says which network learns "
        "more from the same short training, not how good each becomes at last. Every network of "
        "the table was trained once, so that the intervals tell how the difference varies over "
        f"test cases, not over trainings. Data: {counts['train']} training, "
        f"{counts['validation']} validation and {counts['test']} test objects, simulated, half of "
        f"them knees and half brains, one coil, {size['pixels']} x {size['pixels']}; R = 4, 8, 16 "
        "mixed.\n\n"
        + (f"Not there yet: {missing}.\n\n" if missing else "")
        + f"| | |\n|---|---|\n{known}"
    )


def claims(record: Record) -> str:
    lines = [*halved(record), *no_loss(record), *fewer(record), *longer(record), *sixteen(record)]
    lines += [*beyond_baselines(record), *lighter(record)]
    return "\n".join(f"- {line}" for line in lines)


def halved(record: Record) -> list[str]:
    found = record["costs"]
    shares = [
        f"{TITLES[row]} {found[row]['parameters'] / found[dense]['parameters']:.3f}"
        for row, dense in TWINS.items()
        if row in found and dense in found
    ]
    if not shares:
        return []
    return [
        "*Half of the parameters.* **Holds**: n = 2 over the dense twin of the same widths, the "
        f"whole network counted: {', '.join(shares)}."
    ]


def no_loss(record: Record) -> list[str]:
    """One line a pair of twins, over all accelerations."""
    lines = []
    for row, dense in TWINS.items():
        found = [(r, one) for name, r, one in twins(record, "psnr") if name == row]
        if found:
            gains = {r: gain(record, dense, r) for r, _ in found}
            said = "; ".join(
                f"{r}x {in_words(one)}, of {gains[r]:+.2f} dB that the twin gains over zero filling"
                for r, one in found
            )
            lines.append(
                f"*No significant loss*, {TITLES[row]} against {TITLES[dense]}: "
                f"**{verdict([one for _, one in found], gains)}** ({said})."
            )
    return lines


def gain(record: Record, row: str, acceleration: str) -> float:
    """Mean PSNR of a row over that of zero filling."""
    own = values(record, row, acceleration, "psnr")
    return mean(own) - zero(record, acceleration) if own else 0.0


def zero(record: Record, acceleration: str) -> float:
    """Mean PSNR of zero filling."""
    return mean(values(record, "zero-filled", acceleration, "psnr"))


def mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / len(numbers) if numbers else math.nan


def in_words(one: PairedComparison) -> str:
    found = one.difference
    return f"{found.mean:+.2f} dB [{found.low:+.2f}, {found.high:+.2f}]"


def verdict(found: Sequence[PairedComparison], gains: Mapping[str, float]) -> str:
    """Over the accelerations of a pair; a network that learned little has little to lose."""
    if all(one.difference.low > 0 for one in found):
        said = "holds, and it is better"
    elif all(one.difference.low > -MARGIN for one in found):
        said = f"holds within {MARGIN:g} dB"
    elif any(one.difference.high < -MARGIN for one in found):
        said = f"does not hold at this budget: it loses more than {MARGIN:g} dB"
    elif any(one.difference.high < 0 for one in found):
        said = "does not hold at this budget: it loses, if little"
    else:
        said = f"not decided: a loss of {MARGIN:g} dB is neither shown nor ruled out"
    faint = [f"{acceleration}x" for acceleration, value in gains.items() if value < LEARNED]
    if faint:
        said += (
            f"; weak evidence at {', '.join(faint)}, where the twin itself gains less than "
            f"{LEARNED:g} dB"
        )
    return said


def fewer(record: Record) -> list[str]:
    lines = []
    found = few_cases(record)
    for percent in dict.fromkeys(row["percent"] for row in found):
        rows = [row for row in found if row["percent"] == percent]
        better = [row for row in rows if row["paired"].difference.low > 0 and all_positive(row)]
        worse = [row for row in rows if row["paired"].difference.high < 0]
        if len(better) == len(rows):
            said = "holds"
        elif len(worse) == len(rows):
            said = "does not hold: the dense twin is better"
        elif better:
            said = f"holds at {', '.join(row['acceleration'] + 'x' for row in better)} only"
        else:
            said = "does not hold at this budget"
        least = min(row["dense"].mean - zero(record, row["acceleration"]) for row in rows)
        if least < LEARNED:
            said += f"; weak evidence, as the twin itself gains as little as {least:.2f} dB"
        numbers = "; ".join(f"{row['acceleration']}x {in_words(row['paired'])}" for row in rows)
        claim = "Better than the dense twin" if percent != "100" else "(For comparison) better"
        lines.append(
            f"*{claim} with {percent} % of the cases*: **{said}** (mean over "
            f"{len(rows[0]['seeds'])} seeds: {numbers})."
        )
    return lines


def longer(record: Record) -> list[str]:
    """Few cases with the budget of the table."""
    fewest = f"{100 * min(record['size']['fractions']):g}"
    found = [(r, one) for percent, r, one, _ in long_runs(record) if percent == fewest]
    if not found:
        return []
    better = [one for _, one in found if one.difference.low > 0]
    worse = [one for _, one in found if one.difference.high < 0]
    said = f"better at {len(better)} of {len(found)} accelerations, worse at {len(worse)}"
    numbers = "; ".join(f"{r}x {in_words(one)}" for r, one in found)
    return [
        f"*Better than the dense twin with {fewest} % of the cases*, longer training, one seed: "
        f"**{said}** ({numbers})."
    ]


def all_positive(row: dict) -> bool:
    return all(value > 0 for value in row["seeds"].values())


def sixteen(record: Record) -> list[str]:
    found = accelerations(record)
    if not found:
        return []
    highest = found[-1]
    gains = [
        f"{TITLES[row]} {gain(record, row, highest):+.2f} dB (twin "
        f"{gain(record, dense, highest):+.2f} dB)"
        for row, dense in TWINS.items()
        if row in record["runs"] and dense in record["runs"]
    ]
    if not gains:
        return []
    enough = all(gain(record, row, highest) >= LEARNED for row in TWINS if row in record["runs"])
    said = "holds" if enough else f"not for all: some gain less than {LEARNED:g} dB"
    best, similarity = max(
        ((row, mean(values(record, row, highest, "ssim"))) for row in record["runs"]
         if record["runs"][row]["part"] == "table"),
        key=lambda one: one[1],
    )  # fmt: skip
    useless = similarity < USEFUL
    return [
        f"*It works at {highest}x* too: **{said}**; over zero filling {', '.join(gains)}. The best "
        f"SSIM of all networks there is {similarity:.2f} ({TITLES[best]})"
        + (": after so short a training no image at that rate is of use." if useless else ".")
    ]


def beyond_baselines(record: Record) -> list[str]:
    """One line a Kronecker network: against which baselines it is not better, and where."""
    lines = []
    for row in TWINS:
        failed, count = [], 0
        for baseline in BASELINES:
            for acceleration in accelerations(record):
                pair = [values(record, one, acceleration, "psnr") for one in (row, baseline)]
                if all(pair):
                    count += 1
                    one = paired("psnr", (row, pair[0]), (baseline, pair[1]))
                    if one.difference.low <= 0:
                        failed.append(f"{TITLES[baseline]} at {acceleration}x ({in_words(one)})")
        if count:
            said = "holds"
            if failed:
                said = f"holds in {count - len(failed)} of {count} comparisons"
            but = f", not against {'; '.join(failed)}" if failed else ""
            lines.append(f"*Better than the baselines*, {TITLES[row]}: **{said}**{but}.")
    return lines


def lighter(record: Record) -> list[str]:
    found, runs = record["costs"], record["runs"]
    keys = ("multiply_adds", "training_memory", "inference_memory")
    said = []
    for row, dense in TWINS.items():
        if {row, dense} <= set(found) and {row, dense} <= set(runs):
            ratios = [found[row][key] / found[dense][key] for key in keys]
            ratios.append(runs[row]["seconds"] / max(runs[dense]["seconds"], 0.1))
            said.append(f"{TITLES[row]} {' / '.join(f'{ratio:.2f}' for ratio in ratios)}")
    if not said:
        return []
    return [
        "*Lighter* means fewer parameters and nothing else. Multiply-adds as it is trained / "
        "memory of training / memory of inference / processor time of training over those of the "
        f"dense twin: {', '.join(said)}. Once folded, a Kronecker network is the dense network."
    ]


COSTS = (
    "For one slice of the study's size on one thread. Multiply-adds count the Fourier transforms "
    "and the building of the Kronecker weights; memory of inference and latency are those of the "
    "folded network, memory of training includes gradients and Adam's state. Latencies were "
    "measured while the machine did other work too: read differences of less than a third as none. "
    "[What each number means](../models.md#what-a-number-of-the-cost-table-means)."
)
PAIRED = (
    "Kronecker minus dense over the test cases: mean and bootstrap 95 % interval, and the p-value "
    "of a sign-flip test. Positive PSNR and SSIM and negative NMSE are in favour of the Kronecker "
    "network."
)
SWEEP_NOTE = (
    "The same residual U-Net with layers of other n, same budget, learning rate of the dense one. "
    "n = 1 is the dense twin; parameters fall as about 1/n."
)
ERRORS = (
    "The first knee and the first brain of the test cases at {highest}x, chosen before anything "
    "was trained: magnitude, and below it the error, white from 30 % of the largest value on."
)


def quality_note(record: Record) -> str:
    return (
        f"{record['size']['objects']['test']} test cases, magnitude, each slice by its own "
        "largest value, no alignment of scale: mean (standard deviation) [bootstrap 95 % interval "
        "of the mean]. fastMRI's U-Net makes the image anew, as published, where the others add to "
        "the zero-filled one; a short training does not reward that."
    )


def few_note(record: Record) -> str:
    size = record["size"]
    width = size.get("limited_settings", {}).get("width")
    return (
        f"{TITLES[LIMITED[1]]} (n = 2) and its dense twin, each trained on the first 10, 50 and "
        f"100 % of the {size['objects']['train']} training cases with seeds "
        f"{', '.join(map(str, size['seeds']))}, always {size['limited_steps'] * size['batch']} "
        "samples (masks and noise new for each)"
        + (f", of width {width}" if width else "")
        + ". PSNR of the test cases in dB, mean over seeds; "
        "the difference is Kronecker minus dense with the 95 % interval over test cases, and by "
        "seed."
    )


def long(record: Record) -> list[str]:
    """Few cases with the budget of the table, if trained."""
    found = long_table(record)
    size = record["size"]
    return [
        f"The same with the budget and the width of the table ({size['steps'] * size['batch']} "
        "samples), one seed, so that few cases are met often enough to be learned by heart; those "
        "of 100 % are the table's own. PSNR in dB.",
        found,
    ] if found else []  # fmt: skip


def method(record: Record) -> str:
    size = record["size"]
    runs = record["runs"]
    times = [
        [TITLES[name], widths(run), f"{run['rate']:g}", f"{run['seconds']:.0f}"]
        for name, run in runs.items()
        if run["part"] in ("table", "sweep")
    ]
    chosen = record["classical"].get("chosen", {})
    weights = ", ".join(f"{value:g} at {key}x" for key, value in chosen.items())
    tried = ", ".join(f"{value:g}" for value in size["weights"])
    parts = (
        "**Data.** Objects of the simulator, drawn by a seed that the name of the split is "
        "part of, complete samples kept without noise; every network sees the same ones. Masks "
        "over the columns with a fully sampled center of 0.32 / R of the axis, half of them "
        "random and half equispaced; noise of signal-to-noise ratio 30. Of training cases mask "
        "and noise are drawn anew each time, of validation and test cases once for all. No "
        "other augmentation. The target is the image of the complete samples without noise.",
        f"**Training.** The same for every network: {size['steps']} steps of {size['batch']} "
        f"slices, Adam, cosine schedule after a warm-up of a twentieth, gradients clipped to "
        f"norm {record['clip']:g}, average of the weights {record['average']:g}, the paper's "
        "composite loss without its perceptual term, network in bfloat16 and all else in "
        "single precision. The last averaged weights are tested; no step is chosen. One-shot "
        "networks, all of them, end in one consistency step. The learning rate is that of the "
        f"family, the better of {len(size['rates'])} after {size['rate_steps']} steps on the "
        "validation cases; it was tuned on the dense network, which favours that one.",
        size.get("note", ""),
        choices(record),
        f"The l1-wavelet's weight is the best of {tried} on the validation cases at each R "
        f"({weights}), 80 iterations, so it is tuned as well as the networks.",
        table(["network", "settings", "learning rate", "training (s)"], times, texts=2),
        "Seconds are processor time of one thread.",
        "**LPIPS is left out**: it needs weights learned on natural images that this project "
        "does not bring, and a substitute would be no LPIPS. The perceptual term of the loss "
        "is off for the same reason.",
        "**Differences from the paper.** Simulated objects instead of fastMRI's knees, smaller "
        "and far shorter-trained networks, SwinMR with patches of 4 x 4 and fewer blocks, and "
        "MoDL with fewer steps than by default. `feathermr train kronecker-unet-fastmri --data "
        "FOLDER` is the experiment at full size on fastMRI's files; `python "
        "benchmarks/kronecker_study.py --full` is this study with the networks as they are by "
        "default.",
    )
    return "\n\n".join(part for part in parts if part)


def widths(run: dict) -> str:
    return ", ".join(f"{key} {value}" for key, value in run["settings"].items())
