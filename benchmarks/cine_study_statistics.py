"""The best classical method of a row, differences to it, and whether targets are met."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cine_study_tuning import CLASSICAL, START
from kronecker_study_statistics import paired

from feathermr.metrics import PairedComparison

Record = Mapping[str, Any]
Scores = Mapping[str, Mapping[str, Sequence[float]]]

CINE, DUAL = "kronecker-cine", "dual-unet"
#: dB that kronecker-cine should have over the dual U-Net and over the best classical method
TARGETS = {DUAL: 3.0, "best classical": 1.5}
#: what it is compared with; the last without a target, to tell what was learned
RIVALS = (*TARGETS, START)
#: and its parameters, as a share of those of the dual U-Net
PARAMETER_SHARE = 0.1
REGIONS = {"psnr": "whole", "psnr-moving": "moving", "psnr-still": "still"}


@dataclass(frozen=True)
class Difference:
    """kronecker-cine minus another method in one region of the films of a row.

    Attributes:
        group: key of the films.
        acceleration: of their masks.
        metric: in ``REGIONS``.
        rival: ``best classical``, the dual U-Net, or the start of kronecker-cine, tuned.
        method: the rival's name.
        paired: the comparison over films.
    """

    group: str
    acceleration: str
    metric: str
    rival: str
    method: str
    paired: PairedComparison

    @property
    def met(self) -> bool:
        """The mean reaches the target, if there is one."""
        return self.rival in TARGETS and self.paired.difference.mean >= TARGETS[self.rival]


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def best_classical(scores: Scores, metric: str) -> str:
    """The classical method of the best mean on the test films; the own start does not count."""
    there = [method for method in CLASSICAL if method in scores and method != START]
    return max(there, key=lambda method: mean(scores[method][metric]))


def differences(record: Record) -> list[Difference]:
    """All of them, by group, acceleration, rival and region."""
    found = []
    for key, group in record["groups"].items():
        for acceleration, row in group["accelerations"].items():
            scores = row["scores"]
            if CINE not in scores:
                continue
            for rival in RIVALS:
                for metric in REGIONS:
                    named = rival in (DUAL, START)
                    method = rival if named else best_classical(scores, metric)
                    if method not in scores:
                        continue
                    comparison = paired(
                        metric, (CINE, scores[CINE][metric]), (method, scores[method][metric])
                    )
                    found.append(Difference(key, acceleration, metric, rival, method, comparison))
    return found


def parameters(record: Record) -> tuple[int, int] | None:
    """Of kronecker-cine and of the dual U-Net; none unless both are there."""
    known = record["networks"]
    if CINE not in known or DUAL not in known:
        return None
    return known[CINE]["parameters"], known[DUAL]["parameters"]
