"""Means over subjects and how far they can be trusted."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from feathermr.core.errors import DataError, UsageError
from feathermr.core.seeding import generator as seeded
from feathermr.metrics.score import Interval, Score

#: resampled means computed at once; bounds the memory for many subjects
BLOCK = 2_000_000


def _resampled_means(values: Tensor, resamples: int, generator: torch.Generator) -> Tensor:
    """Means of ``resamples`` draws with replacement of all subjects."""
    n = len(values)
    step = max(1, BLOCK // n)
    means = []
    for start in range(0, resamples, step):
        drawn = torch.randint(n, (min(step, resamples - start), n), generator=generator)
        means.append(values[drawn].mean(dim=1))
    return torch.cat(means)


def bootstrap_interval(
    values: Sequence[float],
    *,
    generator: torch.Generator,
    level: float = 0.95,
    resamples: int = 10_000,
) -> Interval:
    """The mean of one value a subject, with its bootstrap percentile interval.

    The resampled means are spread by ``sqrt(n / (n - 1))`` about the mean, because the plain
    interval is too narrow for few subjects: Hesterberg, "What teachers should know about the
    bootstrap" (2015), doi:10.1080/00031305.2015.1089789. Below some eight subjects it still
    covers less than it states, and for one subject it is that value and says nothing.

    Args:
        values: one a subject: average over the scans of a subject first.
        generator: on the CPU.
        level: probability, above 0 and below 1.
        resamples: number of resampled means.

    Raises:
        DataError: there is no value, or one is not finite.
        UsageError: ``level`` or ``resamples`` is out of range.

    Example:
        >>> from feathermr.core.seeding import generator
        >>> interval = bootstrap_interval([1.0, 2.0, 3.0], generator=generator(0))
        >>> interval.mean, interval.std, interval.n
        (2.0, 1.0, 3)
    """
    if not 0 < level < 1 or resamples < 1:
        raise UsageError(
            f"level must lie between 0 and 1 and resamples be at least 1, not {level}, {resamples}"
        )
    if not values or not all(math.isfinite(value) for value in values):
        raise DataError(
            "an interval needs at least one value and only finite ones; an infinite PSNR means "
            "that prediction and target are equal: leave that scan out"
        )
    sample = torch.tensor(values, dtype=torch.float64)
    n, mean = len(sample), float(sample.mean())
    if n == 1:
        return Interval(mean=mean, std=0.0, low=mean, high=mean, n=1)
    spread = (_resampled_means(sample, resamples, generator) - mean) * math.sqrt(n / (n - 1))
    tails = torch.tensor([(1 - level) / 2, (1 + level) / 2], dtype=torch.float64)
    low, high = (mean + torch.quantile(spread, tails)).tolist()
    return Interval(mean=mean, std=float(sample.std()), low=low, high=high, n=n)


def check_comparable(scores: Sequence[Score]) -> None:
    """Refuse scores of one metric that must not be averaged or compared.

    Raises:
        DataError: policies or alignments differ, or one method scored one scan twice.
    """
    kinds = {(score.metric, score.policy, score.alignment) for score in scores}
    if len(kinds) > 1:
        raise DataError(
            "scores of different metrics, policies or alignments cannot be put together: "
            f"{sorted(kinds)}; keep them apart"
        )
    seen = set()
    for score in scores:
        if (score.method, score.scan) in seen:
            raise DataError(
                f"'{score.method}' has two scores of {score.metric} on the scan '{score.scan}'; "
                "give scans names of their own, or keep the scores of different masks apart"
            )
        seen.add((score.method, score.scan))


def subject_means(scores: Sequence[Score]) -> dict[str, float]:
    """Mean over the scans of each subject, in the order in which subjects first appear.

    Args:
        scores: of one method and one metric.
    """
    by_subject: dict[str, list[float]] = {}
    for score in scores:
        by_subject.setdefault(score.subject, []).append(score.mean)
    return {subject: sum(means) / len(means) for subject, means in by_subject.items()}


def summarise(
    scores: Sequence[Score], *, seed: int = 0, level: float = 0.95, resamples: int = 10_000
) -> dict[tuple[str, str], Interval]:
    """The mean over subjects with its interval, by (method, metric).

    Args:
        scores: of any number of methods, metrics and scans.
        seed: of the bootstrap; the result does not depend on the order of the groups.
        level: probability of the intervals.
        resamples: of the bootstrap.

    Raises:
        DataError: scores of one metric differ in policy or alignment, or a scan comes twice.
    """
    groups: dict[tuple[str, str], list[Score]] = {}
    for score in scores:
        groups.setdefault((score.method, score.metric), []).append(score)
    for metric in {score.metric for score in scores}:
        check_comparable([score for score in scores if score.metric == metric])
    return {
        (method, metric): bootstrap_interval(
            list(subject_means(group).values()),
            generator=seeded(seed, "bootstrap", method, metric),
            level=level,
            resamples=resamples,
        )
        for (method, metric), group in groups.items()
    }
