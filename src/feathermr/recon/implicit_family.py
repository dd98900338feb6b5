"""Fit factors for every lambda at once: knot after knot, each from its neighbour's solution."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from torch import nn

from feathermr.core.progress import Progress, silent, tell
from feathermr.models.implicit import (
    Factors,
    FittedField,
    joined,
    level_knots,
    level_of,
    weight_of,
)
from feathermr.models.implicit.grid import film_of, grid_of
from feathermr.recon.held_out import Samples
from feathermr.recon.implicit_fit import FitConfig, Outcome, fit
from feathermr.recon.reconstruction import Family

#: steps at a knot, whose neighbour's solution is known, over those of the first fit
SHARE = 0.2


def fit_family(
    first: Factors, samples: Samples, config: FitConfig, progress: Progress = silent
) -> tuple[Factors, Outcome]:
    """Factors of ``(lambda, x, y, t)``, linear in log10 lambda between knots every half decade.

    The objectives summed over the knots, ``sum_l J_l(f(lambda_l)) / s_l``, have one term a knot
    whatever the scales ``s_l``; so the terms are minimised one after another. The first fit is
    that of ``config.weight``, stopped by the held-out samples; from it the knots above and those
    below follow in turn, each from its neighbour with ``SHARE`` of the steps, to their end: large
    lambdas shall be smooth, though they describe the held-out samples worse. At last all knots get
    common images (`joined`).

    Args:
        first: a field of ``(x, y, t)``; its parameters are changed.
        samples: of one slice.
        config: how; ``weight`` is where it starts.
        progress: told after each look, and at which lambda the fit is.

    Returns:
        The field, and the outcome of the first fit; its steps are those of all.
    """
    knots = level_knots()
    each = max(1, round(SHARE * config.steps))
    total = config.steps + each * len(knots)
    outcome = fit(first, samples, config, _Stage(progress, 0, total, config.weight))
    found: dict[int, Factors] = {}
    steps, interrupted = outcome.steps, outcome.interrupted
    for index, before in _order(knots, level_of(config.weight)):
        one = copy.deepcopy(first if before is None else found[before])
        found[index] = one
        if interrupted:
            continue
        done = config.steps + each * (len(found) - 1)
        weight = weight_of(knots[index])
        stage = _Stage(progress, done, total, weight)
        own = fit(one, samples, replace(config, steps=each, weight=weight, stop=False), stage)
        steps, interrupted = steps + own.steps, own.interrupted
    whole = joined([found[index] for index in range(len(knots))])
    return whole, replace(outcome, steps=steps, interrupted=interrupted)


def stops(weight: float) -> tuple[tuple[float, ...], int]:
    """Lambdas to show: every knot, the one nearest to ``weight`` replaced by it; and its index."""
    knots, level = level_knots(), level_of(weight)
    own = min(range(len(knots)), key=lambda index: abs(knots[index] - level))
    values = [weight_of(knot) for knot in knots]
    values[own] = weight
    return tuple(values), own


def with_unseen(outcome: Outcome, field: nn.Module, samples: Samples, weight: float) -> Outcome:
    """The outcome with the held-out errors of the field at the `stops` of a weight."""
    apart = samples.held_out
    if apart is None:
        return outcome
    like = next(field.parameters())
    grid = grid_of(field.domain, like)  # type: ignore[arg-type]
    levels = [like.new_tensor(level_of(value)) for value in stops(weight)[0]]
    errors = (apart.error(film_of(field, grid, level)[None]) for level in levels)  # type: ignore[arg-type]
    return replace(outcome, unseen=tuple(errors))


def lambda_family(
    field: FittedField, times: tuple[float, ...], outcomes: Sequence[Outcome]
) -> Family:
    """The images of a fitted field at some lambdas, and how well each describes unseen samples.

    Args:
        field: of ``lambda``.
        times: of the frames in seconds.
        outcomes: of the fits of its slices.
    """
    assert field.weight is not None
    values, own = stops(field.weight)
    known = [one.unseen for one in outcomes if one.unseen]
    means = [sum(errors) / len(known) for errors in zip(*known, strict=True)]
    notes = tuple(f"samples kept apart: off by {error:.1%}" for error in means)
    return Family("lambda", values, own, lambda value: field.image(times, value)[0], notes)


def _order(knots: Sequence[float], start: float) -> Iterator[tuple[int, int | None]]:
    """Every knot and the one it follows, ``None`` for the first fit: up, then down from there."""
    above = next(index for index, knot in enumerate(knots) if knot >= start - 1e-9)
    for index in range(above, len(knots)):
        yield index, index - 1 if index > above else None
    for index in range(above - 1, -1, -1):
        yield index, index + 1 if index < above - 1 else None


@dataclass(frozen=True)
class _Stage:
    """Progress of the fit at one lambda as a part of that of all."""

    whole: Progress
    done: int
    total: int
    weight: float

    def __call__(self, done: int, total: int) -> None:
        self.whole(self.done + done, self.total)

    def tell(self, words: str) -> None:
        tell(self.whole, f"lambda {self.weight:.2g}: {words}")
