"""Two methods on the same subjects: is the difference more than chance?"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from feathermr.core.errors import DataError
from feathermr.core.registry import look_up
from feathermr.core.seeding import generator as seeded
from feathermr.metrics.score import Interval, Score
from feathermr.metrics.statistics import bootstrap_interval, check_comparable, subject_means
from feathermr.metrics.table import METRICS


@dataclass(frozen=True)
class PairedComparison:
    """The difference of two methods over the same subjects.

    Attributes:
        first: name of the first method.
        second: name of the second method.
        metric: its name in ``METRICS``.
        difference: first minus second over subjects, with its bootstrap interval.
        p_value: two-sided, of the sign-flip permutation test: how often chance alone gives a
            difference at least as large.
        better: name of the method with the better mean; empty when the means are equal.
    """

    first: str
    second: str
    metric: str
    difference: Interval
    p_value: float
    better: str


def sign_flip_p_value(
    differences: Sequence[float], *, generator: torch.Generator, resamples: int = 10_000
) -> float:
    """Two-sided p-value of the mean of paired differences under random signs.

    When the two methods are exchangeable every difference could as well have the other sign. All
    ``2^n`` choices of signs are tried when they are no more than ``resamples`` (the smallest
    possible p-value is then ``2 / 2^n``); else as many are drawn, and the observed one is counted
    with them: Phipson and Smyth, "Permutation p-values should never be zero" (2010),
    doi:10.2202/1544-6115.1585.

    Args:
        differences: one a subject.
        generator: on the CPU.
        resamples: largest number of choices.
    """
    values = torch.tensor(differences, dtype=torch.float64)
    n = len(values)
    # sums that differ only by rounding are ties
    observed = float(values.sum().abs()) - 1e-12 * float(values.abs().sum())
    if 2**n <= resamples:
        bits = torch.arange(2**n)[:, None] >> torch.arange(n) & 1
        return _share_beyond(values, bits, observed)
    bits = torch.randint(2, (resamples, n), generator=generator)
    return (_share_beyond(values, bits, observed) * resamples + 1) / (resamples + 1)


def _share_beyond(values: Tensor, bits: Tensor, observed: float) -> float:
    signs = 1.0 - 2.0 * bits.to(torch.float64)
    return float(((signs @ values).abs() >= observed).to(torch.float64).mean())


def _method_of(scores: Sequence[Score]) -> str:
    names = {score.method for score in scores}
    if len(names) != 1:
        raise DataError(
            f"a paired comparison needs the scores of one method on each side, not {sorted(names)}"
        )
    return names.pop()


def compare(
    scores_a: Sequence[Score],
    scores_b: Sequence[Score],
    *,
    seed: int = 0,
    level: float = 0.95,
    resamples: int = 10_000,
) -> PairedComparison:
    """The first method against the second on the same scans.

    Args:
        scores_a: of one method and one metric.
        scores_b: of another method, on the same scans.
        seed: of the bootstrap and of the permutation test.
        level: probability of the interval.
        resamples: of either.

    Raises:
        DataError: the scans differ, or the scores are not comparable.
    """
    first, second = _method_of(scores_a), _method_of(scores_b)
    if first == second:
        raise DataError(f"both sides are scores of '{first}'; compare two methods")
    check_comparable([*scores_a, *scores_b])
    sides = [{(score.subject, score.scan) for score in side} for side in (scores_a, scores_b)]
    if sides[0] != sides[1]:
        lone = sorted(scan for _, scan in sides[0] ^ sides[1])
        raise DataError(
            f"the methods must be scored on the same scans, but {len(lone)} have one score only, "
            f"the first being '{lone[0]}'"
        )
    metric = scores_a[0].metric
    means_a, means_b = subject_means(scores_a), subject_means(scores_b)
    differences = [means_a[subject] - means_b[subject] for subject in means_a]
    interval = bootstrap_interval(
        differences,
        generator=seeded(seed, "difference", first, second, metric),
        level=level,
        resamples=resamples,
    )
    better = ""
    if interval.mean != 0:
        higher_wins = look_up(METRICS, metric, "metric").higher_is_better
        better = first if (interval.mean > 0) == higher_wins else second
    p_value = sign_flip_p_value(
        differences,
        generator=seeded(seed, "signs", first, second, metric),
        resamples=resamples,
    )
    return PairedComparison(first, second, metric, interval, p_value, better)
