"""``docs/results/kronecker.md`` from the stored record of the Kronecker study."""

from __future__ import annotations

from kronecker_study_claims import claims
from kronecker_study_plan import LIMITED, TITLES
from kronecker_study_statistics import Record, accelerations
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
