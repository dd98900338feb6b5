"""What the numbers of the study of distillation say: means, intervals and paired differences."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from distillation_plan import FULL, VARIANTS

from feathermr.core.seeding import generator
from feathermr.metrics import Interval
from feathermr.metrics.statistics import bootstrap_interval

Record = Mapping[str, Any]
#: of the student over itself trained alone, and of the student below the teacher, in dB
GAIN, BEHIND = 0.3, 0.3


def interval(values: Sequence[float]) -> Interval:
    """The mean over images, with its bootstrap interval."""
    return bootstrap_interval(values, generator=generator(0, "distillation"))


def over_seeds(group: Record, variant: str, metric: str) -> list[float]:
    """One value an image: the mean over seeds."""
    runs = [one["scores"][metric] for one in group["students"][variant].values()]
    return [sum(values) / len(values) for values in zip(*runs, strict=True)]


def difference(first: Sequence[float], second: Sequence[float]) -> Interval:
    """First minus second, image by image."""
    return interval([a - b for a, b in zip(first, second, strict=True)])


def by_seed(group: Record, first: str, second: str) -> list[float]:
    """The mean difference of PSNR of each seed that both have."""
    students = group["students"]
    found = []
    for seed in sorted(set(students[first]) & set(students[second])):
        a, b = (students[one][seed]["scores"]["psnr"] for one in (first, second))
        found.append(sum(a) / len(a) - sum(b) / len(b))
    return found


def complete(group: Record, *variants: str) -> bool:
    """Whether each has been trained at least once."""
    return all(group["students"].get(variant) for variant in variants)


def claims(tasks: Record, variant: str = FULL) -> list[dict[str, Any]]:
    """Both targets in each group of test images, for the student of one variant."""
    found = []
    for task in tasks.values():
        for name, group in task["groups"].items():
            if not complete(group, "alone", variant):
                continue
            full, alone = (over_seeds(group, one, "psnr") for one in (variant, "alone"))
            gain = difference(full, alone)
            behind = difference(full, group["teacher"]["scores"]["psnr"])
            found.append(
                {
                    "task": task["title"],
                    "group": name,
                    "gain": gain,
                    "gained": gain.mean >= GAIN and gain.low > 0,
                    "behind": behind,
                    "close": behind.mean >= -BEHIND,
                }
            )
    return found


def parts(tasks: Record) -> list[dict[str, Any]]:
    """What each part adds to the ones before it, over all simulated bodies of all tasks."""
    names, found = list(VARIANTS), []
    for before, after in itertools.pairwise(names):
        images: list[float] = []
        seeds: list[float] = []
        for task in tasks.values():
            for name, group in task["groups"].items():
                if name.startswith("simulated") and complete(group, before, after):
                    pair = (over_seeds(group, one, "psnr") for one in (after, before))
                    images += [a - b for a, b in zip(*pair, strict=True)]
                    seeds += by_seed(group, after, before)
        if images:
            found.append({"part": after, "change": interval(images), "seeds": seeds})
    return found
