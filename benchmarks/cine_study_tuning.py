"""Settings of the classical methods: climbed by one step of one setting at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Settings = Mapping[str, float]
Place = tuple[int, ...]

ITERATIONS = (10, 15, 25, 40, 60, 90, 135)
#: what is tried of each setting, in order; iterations are tuned too, because a method that
#: stops early keeps noise out
LADDERS: Mapping[str, Mapping[str, tuple[float, ...]]] = {
    "zero-filled": {},
    "view-sharing": {"farthest": (1, 2, 4, 0)},
    "temporal-tv": {"weight": (3, 6, 12, 25, 50, 100, 200), "iterations": ITERATIONS},
    "kt-l1": {"weight": (1.75, 3.5, 7, 14, 28, 56, 112), "iterations": ITERATIONS},
    "kt-tv": {"weight": (2.5, 5, 10, 20, 40, 80, 160), "iterations": (4, 8, 16, 32)},
    "low-rank-sparse": {
        "rank_weight": (0.003, 0.01, 0.03, 0.1, 0.3),
        "sparse_weight": (1.75, 3.5, 7, 14, 28, 56, 112),
        "iterations": ITERATIONS,
    },
}
STARTS: Mapping[str, Settings] = {
    "zero-filled": {},
    "view-sharing": {"farthest": 0},
    "temporal-tv": {"weight": 25, "iterations": 25},
    "kt-l1": {"weight": 14, "iterations": 25},
    "kt-tv": {"weight": 20, "iterations": 8},
    "low-rank-sparse": {"rank_weight": 0.03, "sparse_weight": 14, "iterations": 60},
}
CLASSICAL = tuple(LADDERS)
#: where kronecker-cine begins, without anything learned
START = "kt-tv"
#: dB that a step must gain
WORTH = 0.05


def climb(
    ladders: Mapping[str, tuple[float, ...]], start: Settings, score: Callable[[Settings], float]
) -> tuple[dict[str, float], list[list[Any]]]:
    """The settings that no step of one of them makes better, and all that were tried.

    Args:
        ladders: values of each setting in order.
        start: one value of each.
        score: of settings; more is better.

    Returns:
        The settings, and [settings, score] of each that was tried.
    """
    tried: dict[Place, float] = {}

    def settings(place: Place) -> dict[str, float]:
        return {name: ladders[name][step] for name, step in zip(ladders, place, strict=True)}

    def value(place: Place) -> float:
        if place not in tried:
            tried[place] = score(settings(place))
        return tried[place]

    best = tuple(ladders[name].index(start[name]) for name in ladders)
    value(best)
    while beside := neighbours(best, [len(ladders[name]) for name in ladders]):
        better = max(beside, key=value)
        if value(better) < value(best) + WORTH:
            break
        best = better
    return settings(best), [[settings(place), found] for place, found in tried.items()]


def neighbours(place: Place, lengths: list[int]) -> list[Place]:
    """Places one step beside in one setting."""
    return [
        (*place[:which], place[which] + step, *place[which + 1 :])
        for which, length in enumerate(lengths)
        for step in (-1, 1)
        if 0 <= place[which] + step < length
    ]


def at_end(method: str, chosen: Settings) -> list[str]:
    """Settings whose chosen value is the last that would be tried."""
    return [
        name
        for name, value in chosen.items()
        if name != "farthest" and value in (LADDERS[method][name][0], LADDERS[method][name][-1])
    ]
