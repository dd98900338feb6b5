"""Who is trained with, who validates and who is kept for the test: cases, never slices."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from feathermr.core.errors import UsageError
from feathermr.core.seeding import generator


@dataclass(frozen=True)
class Split:
    """Cases by their use; no case is in two.

    Attributes:
        train: cases to train with.
        validation: cases that choose the best weights.
        test: cases that nothing is chosen by.
    """

    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]


def by_case(cases: Sequence[str], *, validation: float, test: float, seed: int) -> Split:
    """Cases shuffled and dealt out; what neither validates nor tests is trained with.

    Each case has a place of its own by (seed, name), so the order in which cases come changes
    nothing.

    Args:
        cases: names; one that comes twice counts once.
        validation: number of cases, or below 1 their share of all (at least one case).
        test: likewise; 0 for none.
        seed: of the shuffle.

    Raises:
        UsageError: too few cases for that.

    Example:
        >>> split = by_case([f"case-{i}" for i in range(684)], validation=64, test=200, seed=0)
        >>> len(split.train), len(split.validation), len(split.test)
        (420, 64, 200)
    """
    shuffled = shuffle(cases, seed)
    first, second = (
        _count(value, len(shuffled), name)
        for name, value in (("validation", validation), ("test", test))
    )
    if len(shuffled) <= first + second:
        raise UsageError(
            f"{len(shuffled)} case(s) cannot give {first} to validation, {second} to the test and "
            "at least one to training; use more cases or smaller shares"
        )
    return Split(
        train=shuffled[first + second :],
        validation=shuffled[:first],
        test=shuffled[first : first + second],
    )


def subset(cases: Sequence[str], fraction: float, seed: int) -> tuple[str, ...]:
    """A share of the cases; a smaller share of the same seed is within a larger one.

    Raises:
        UsageError: the fraction is not above 0 and up to 1, or leaves no case.
    """
    if not 0 < fraction <= 1:
        raise UsageError(f"fraction must be above 0 and at most 1, not {fraction:g}")
    shuffled = shuffle(cases, seed)
    count = round(fraction * len(shuffled))
    if count == 0:
        raise UsageError(
            f"a fraction of {fraction:g} of {len(shuffled)} case(s) leaves none; use at least "
            f"{1 / max(1, len(shuffled)):.2g}"
        )
    return shuffled[:count]


def shuffle(cases: Sequence[str], seed: int) -> tuple[str, ...]:
    """The different cases, each at a place that follows from (seed, name)."""

    def place(case: str) -> tuple[float, str]:
        drawn = torch.rand((), dtype=torch.float64, generator=generator(seed, "split", case))
        return float(drawn), case

    return tuple(sorted(set(cases), key=place))


def _count(value: float, total: int, name: str) -> int:
    """Cases that a number or a share stands for."""
    if 0 < value < 1:
        return max(1, round(value * total))
    if value < 0 or value != int(value):
        raise UsageError(f"{name} must be a share below 1 or a whole number, not {value:g}")
    return int(value)
