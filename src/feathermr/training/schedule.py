"""How the learning rate changes with the step: a pure function of the step's number."""

import math
from dataclasses import dataclass
from typing import Literal

from feathermr.core.errors import UsageError


@dataclass(frozen=True)
class ScheduleConfig:
    """The learning rate over the steps, as a factor of its first value.

    Attributes:
        name: ``constant``; ``step``: times ``factor`` after every ``every`` steps; ``cosine``:
            half a cosine down to ``floor`` at the last step.
        warm_up: steps of a linear rise from 0 before, for each of them; below 1 their share of
            all.
        every: steps between the falls of ``step``; 0 for a fifth of all.
        factor: of each fall.
        floor: where ``cosine`` ends.
    """

    name: Literal["constant", "step", "cosine"] = "step"
    warm_up: float = 0
    every: int = 0
    factor: float = 0.5
    floor: float = 0.01

    def __post_init__(self) -> None:
        if self.warm_up < 0 or self.every < 0:
            raise UsageError("warm_up and every are steps, at least 0")
        if self.warm_up >= 1 and self.warm_up != int(self.warm_up):
            raise UsageError(f"warm_up is a whole number or a share, not {self.warm_up:g}")
        if not 0 < self.factor <= 1 or not 0 <= self.floor <= 1:
            raise UsageError("factor must be above 0 and at most 1, floor from 0 to 1")


def learning_rate_factor(config: ScheduleConfig, step: int, steps: int) -> float:
    """What the learning rate is multiplied by at ``step`` (the first is 0) of ``steps``.

    Example:
        >>> falling = ScheduleConfig("step", every=10)
        >>> [learning_rate_factor(falling, step, 100) for step in (0, 9, 10, 20)]
        [1.0, 1.0, 0.5, 0.25]
    """
    warm_up = config.warm_up if config.warm_up >= 1 else round(config.warm_up * steps)
    rise = min(1.0, (step + 1) / (warm_up + 1))
    if config.name == "constant":
        return rise
    if config.name == "step":
        every = config.every or max(1, steps // 5)
        return rise * float(config.factor ** (step // every))
    done = min(1.0, max(0, step - warm_up) / max(1, steps - 1 - warm_up))
    return rise * (config.floor + (1 - config.floor) * 0.5 * (1 + math.cos(math.pi * done)))
