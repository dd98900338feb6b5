"""The tables of ``docs/results/cine.md``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cine_study_statistics import REGIONS, TARGETS, Difference, Record, differences, mean
from cine_study_tuning import at_end
from kronecker_study_statistics import interval
from kronecker_study_tables import table

HEADS = {
    "psnr": "PSNR (dB)",
    "ssim": "SSIM",
    "nmse": "NMSE",
    "psnr-moving": "PSNR moving (dB)",
    "psnr-still": "PSNR still (dB)",
    "wall-motion": "wall motion",
}
DIGITS = {"psnr": 2, "ssim": 3, "nmse": 4, "psnr-moving": 2, "psnr-still": 2, "wall-motion": 3}


def quality(row: Mapping[str, Any]) -> str:
    """All methods at one acceleration."""
    lines = []
    for method, scores in row["scores"].items():
        line = [f"`{method}`"]
        for metric, digits in DIGITS.items():
            one, values = interval(method, metric, scores[metric]), scores[metric]
            text = f"{one.mean:.{digits}f}"
            if len(values) > 1:
                text += f" [{one.low:.{digits}f}, {one.high:.{digits}f}]"
            line.append(f"**{text}**" if method == best(row, metric) else text)
        lines.append(line)
    lines += [[f"`{method}`", "failed", *[""] * 5] for method in row["failed"]]
    return table(["method", *HEADS.values()], lines)


def best(row: Mapping[str, Any], metric: str) -> str:
    sign = -1 if metric == "nmse" else 1
    scores = row["scores"]
    return max(scores, key=lambda method: sign * mean(scores[method][metric]))


def gains(record: Record, group: str) -> str:
    """kronecker-cine minus its rivals, by acceleration and region."""
    lines = []
    for one in differences(record):
        if one.group != group:
            continue
        target = "none"
        if one.rival in TARGETS:
            target = f"{TARGETS[one.rival]:+g} dB: {'met' if one.met else '**not met**'}"
        lines.append(
            [f"{one.acceleration}x", REGIONS[one.metric], one.rival, f"`{one.method}`", gain(one),
             f"{one.paired.p_value:.3f}", target]
        )  # fmt: skip
    heads = ["R", "region", "against", "which is", "difference (dB)", "p", "target"]
    return table(heads, lines, texts=4) if lines else ""


def gain(one: Difference) -> str:
    found = one.paired.difference
    if found.n == 1:
        return f"{found.mean:+.2f}"
    return f"{found.mean:+.2f} [{found.low:+.2f}, {found.high:+.2f}]"


def costs(record: Record) -> str:
    """Parameters, operations, memory and seconds of the timed films."""
    found, known = record["costs"]["groups"], record["networks"]
    keys = list(found)
    lines = []
    for method in found[keys[0]]:
        line = [f"`{method}`", f"{known[method]['parameters']:,}" if method in known else "0"]
        first = found[keys[0]][method]
        line.append("failed" if "failed" in first else f"{first['multiply_adds'] / 1e9:.2f}")
        for key in keys:
            one = found[key][method]
            if "failed" in one:
                line += ["failed", "failed"]
            else:
                line += [f"{one['memory'] / 1e6:.0f}", f"{one['seconds']:.2f}"]
        lines.append(line)
    heads = ["method", "parameters", "multiply-adds a frame (G)"]
    for key in keys:
        coils = "1 coil" if key.endswith("-1") else "8 coils"
        heads += [f"memory (MB), {coils}", f"seconds a film, {coils}"]
    return table(heads, lines)


def tunings(record: Record) -> str:
    """The chosen settings of every row."""
    lines = []
    for group in record["groups"].values():
        for acceleration, row in group["accelerations"].items():
            for method, found in row["tuned"].items():
                value = max(score for _, score in found["tried"])
                edge = at_end(method, found["chosen"])
                lines.append(
                    [group["title"], f"{acceleration}x", f"`{method}`", settings(found["chosen"]),
                     str(len(found["tried"])), f"{value:.2f}", ", ".join(edge) or "none"]
                )  # fmt: skip
    heads = ["films", "R", "method", "chosen", "tried", "PSNR (dB)", "at the end of its ladder"]
    return table(heads, lines, texts=4)


def settings(chosen: Mapping[str, float]) -> str:
    return ", ".join(
        f"{name} {'any' if name == 'farthest' and value == 0 else format(value, 'g')}"
        for name, value in chosen.items()
    )


def ablations(record: Record) -> str:
    """PSNR and SSIM before and after of each recipe, over films and seeds."""
    lines = []
    for recipe, runs in record["ablations"]["recipes"].items():
        if not runs:
            continue
        line = [f"`{recipe}`", f"{runs[0]['parameters'] / 1e6:.2f}"]
        for metric, digits in (("psnr", 2), ("ssim", 3)):
            for when in ("before", "after"):
                values = [value for run in runs for value in run["films"][f"{metric}_{when}"]]
                line.append(spread(values, digits))
        line.append(", ".join(f"{mean(run['films']['psnr_after']):.2f}" for run in runs))
        seconds = [run["seconds"] for run in runs if run["seconds"] is not None]
        line.append(f"{mean(seconds):.0f}" if seconds else "-")
        lines.append(line)
    heads = ["recipe", "parameters (M)", "PSNR before", "PSNR after", "SSIM before", "SSIM after",
             "PSNR after, by seed", "training (s)"]  # fmt: skip
    return table(heads, lines)


def mixing(record: Record) -> str:
    """Validation PSNR of each way of mixing frames."""
    found = record["mixing"]
    lines = []
    for name, runs in found["runs"].items():
        last = [run["curve"][-1]["psnr"] for run in runs]
        lines.append(
            [found["titles"][name], f"{runs[0]['parameters']:,}",
             f"{mean(last):.2f}", ", ".join(f"{value:.2f}" for value in last),
             f"{mean([run['seconds_a_step'] for run in runs]):.2f}"]
        )  # fmt: skip
    heads = ["mixing", "parameters", "PSNR (dB)", "by seed", "seconds a step"]
    return table(heads, lines)


def best_mixing(record: Record) -> str:
    """Of the highest mean PSNR over seeds."""
    runs = record["mixing"]["runs"]
    return max(runs, key=lambda name: mean([run["curve"][-1]["psnr"] for run in runs[name]]))


def spread(values: Sequence[float], digits: int) -> str:
    """Mean (standard deviation)."""
    middle = mean(values)
    deviation = (sum((value - middle) ** 2 for value in values) / max(1, len(values) - 1)) ** 0.5
    return f"{middle:.{digits}f} ({deviation:.{digits}f})"
