"""What the Kronecker study says about each claim, in sentences with their numbers."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence

from kronecker_study_plan import TITLES, TWINS
from kronecker_study_statistics import (
    Record,
    accelerations,
    few_cases,
    long_runs,
    paired,
    twins,
    values,
)

from feathermr.metrics import PairedComparison

#: a loss of less than this is one that nobody would see
MARGIN = 0.2
#: a network that gains less than this over zero filling has not learned enough to lose it
LEARNED = 1.0
#: SSIM below which nobody would look at an image
USEFUL = 0.7
BASELINES = ("zero-filled", "l1-wavelet", "lb-unet", "efficient-unet", "unet")


def claims(record: Record) -> str:
    lines = [
        *halved(record),
        *no_loss(record),
        *one_training(record),
        *fewer(record),
        *longer(record),
        *sixteen(record),
    ]
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


def one_training(record: Record) -> list[str]:
    """How much the difference of the twins varies from training to training."""
    lists = [list(row["seeds"].values()) for row in few_cases(record)]
    variances = [statistics.variance(seeds) for seeds in lists if len(seeds) > 1]
    if not variances:
        return []
    deviation = mean(variances) ** 0.5
    return [
        "*How far one training can be trusted*: from seed to seed of the experiment with few cases "
        f"the difference of the twins has a standard deviation of {deviation:.2f} dB. The "
        f"intervals above do not know this: differences of less than {2 * deviation:.2f} dB may "
        "come from the luck of a single training, for or against the Kronecker network."
    ]


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
