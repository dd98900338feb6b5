"""Intervals over subjects, and comparisons of two methods on the same subjects."""

import math
from dataclasses import replace
from statistics import fmean, stdev

import pytest
import torch

from feathermr.core.errors import DataError, UsageError
from feathermr.core.seeding import generator
from feathermr.metrics import (
    Score,
    bootstrap_interval,
    compare,
    sign_flip_p_value,
    summarise,
)


def one(value, *, method="a", scan="s", subject=None, metric="psnr"):
    return Score(
        method=method,
        scan=scan,
        subject=scan if subject is None else subject,
        metric=metric,
        values=(value,),
        policy="slice",
        data_range=(1.0,),
        alignment="none",
        factor=1.0,
    )


def series(values, **names):
    return [one(float(value), scan=f"s{n}", **names) for n, value in enumerate(values)]


def normal(n, *keys):
    return torch.randn(n, dtype=torch.float64, generator=generator(0, *keys)).tolist()


# intervals


@pytest.mark.parametrize(("n", "lowest"), [(10, 0.90), (30, 0.925)])
def test_interval_covers_the_truth_as_often_as_it_says(n, lowest):
    trials = 400
    draws = generator(11, "coverage")
    covered = 0
    for _ in range(trials):
        sample = torch.randn(n, dtype=torch.float64, generator=draws).tolist()
        interval = bootstrap_interval(sample, generator=draws, resamples=1000)
        covered += interval.low <= 0 <= interval.high
    assert lowest <= covered / trials <= 0.985


def test_interval_is_near_the_normal_one_for_many_subjects():
    values = normal(400)
    interval = bootstrap_interval(values, generator=generator(1))
    half = 1.96 * stdev(values) / 20
    assert interval.mean == pytest.approx(fmean(values))
    assert interval.std == pytest.approx(stdev(values))
    assert interval.low == pytest.approx(interval.mean - half, abs=0.1 * half)
    assert interval.high == pytest.approx(interval.mean + half, abs=0.1 * half)
    assert interval.n == 400


def test_a_higher_level_is_wider_and_the_same_generator_repeats():
    values = normal(15)
    narrow, wide, again = (
        bootstrap_interval(values, generator=generator(2), level=level)
        for level in (0.8, 0.99, 0.8)
    )
    assert wide.low < narrow.low < narrow.high < wide.high
    assert narrow == again


def test_interval_of_two_subjects_is_widened_by_the_root_of_two():
    # the resampled means are 0, 1 and 2
    interval = bootstrap_interval([0.0, 2.0], generator=generator(0))
    assert interval.low == pytest.approx(1 - math.sqrt(2))
    assert interval.high == pytest.approx(1 + math.sqrt(2))


def test_one_subject_has_an_interval_without_width():
    interval = bootstrap_interval([3.5], generator=generator(0))
    assert (interval.low, interval.mean, interval.high) == (3.5, 3.5, 3.5)
    assert (interval.std, interval.n) == (0, 1)


@pytest.mark.parametrize("values", [[], [1.0, math.inf], [math.nan]])
def test_an_interval_of_nothing_or_of_infinity_is_refused(values):
    with pytest.raises(DataError, match="only finite"):
        bootstrap_interval(values, generator=generator(0))


@pytest.mark.parametrize("changes", [{"level": 0}, {"level": 1}, {"level": 95}, {"resamples": 0}])
def test_bad_settings_of_an_interval_are_refused(changes):
    with pytest.raises(UsageError, match="level must lie between"):
        bootstrap_interval([1.0, 2.0], generator=generator(0), **changes)


def test_scans_of_one_subject_are_averaged_first():
    scores = [one(0.0, scan=f"x{n}", subject="x") for n in range(9)] + [one(10.0, scan="y")]
    interval = summarise(scores)["a", "psnr"]
    assert (interval.mean, interval.n) == (5, 2)


def test_summary_keeps_methods_and_metrics_apart_and_ignores_their_order():
    scores = [
        *series(normal(6), method="a"),
        *series(normal(6, 1), method="b"),
        *series(normal(6, 2), method="a", metric="ssim"),
    ]
    table = summarise(scores)
    assert set(table) == {("a", "psnr"), ("b", "psnr"), ("a", "ssim")}
    assert summarise(scores[6:] + scores[:6]) == table
    assert summarise(scores, seed=1) != table


def test_scores_of_two_policies_are_not_averaged():
    first, second = series([1, 2])
    with pytest.raises(DataError, match="policies or alignments"):
        summarise([first, replace(second, policy="volume")])
    with pytest.raises(DataError, match="policies or alignments"):
        summarise([first, replace(second, method="b", alignment="least-squares")])


def test_a_scan_scored_twice_is_refused():
    with pytest.raises(DataError, match="two scores of psnr on the scan 's'"):
        summarise([one(1.0), one(2.0)])


# paired comparison


def test_sign_flip_of_three_equal_signs_is_two_of_eight():
    assert sign_flip_p_value([1.0, 2.0, 3.0], generator=generator(0)) == 2 / 8


def test_sign_flip_counts_ties_in_spite_of_rounding():
    # of the eight sign choices only those with |sum| 0.2 or more count, and 0.1 + 0.2 - 0.1 is one
    values = [0.1, 0.2, -0.1]
    assert sign_flip_p_value(values, generator=generator(0)) == 6 / 8


def test_sampled_p_value_agrees_with_the_exact_one_and_is_never_zero():
    values = [value + 0.5 for value in normal(12, "p")]
    exact = sign_flip_p_value(values, generator=generator(0), resamples=2**12)
    sampled = sign_flip_p_value(values, generator=generator(0), resamples=2**12 - 1)
    assert exact * 2**12 == pytest.approx(round(exact * 2**12), abs=1e-9)
    assert sampled == pytest.approx(exact, abs=0.02)
    assert sampled != exact
    assert sign_flip_p_value([1.0] * 40, generator=generator(0), resamples=999) == 1 / 1000


def test_p_values_of_no_difference_are_uniform():
    draws = generator(5, "null")
    small = 0
    for _ in range(400):
        sample = torch.randn(9, dtype=torch.float64, generator=draws).tolist()
        small += sign_flip_p_value(sample, generator=draws) <= 0.1
    assert 0.06 < small / 400 < 0.14


def test_a_planted_difference_is_found_though_subjects_vary_more():
    subjects = [5 * value for value in normal(20, "subjects")]
    noise = normal(20, "noise")
    first = series([s + 0.3 + 0.2 * e for s, e in zip(subjects, noise, strict=True)], method="new")
    second = series(subjects, method="old")
    made = compare(first, second)
    assert made.p_value < 0.001
    assert 0 < made.difference.low < 0.3 + 0.2 * fmean(noise) < made.difference.high
    assert made.better == "new"
    assert made.difference.n == 20


def test_no_difference_is_not_found():
    subjects = normal(20, "subjects")
    noise = normal(20, "null noise")
    first = series([s + 0.2 * e for s, e in zip(subjects, noise, strict=True)], method="new")
    made = compare(first, series(subjects, method="old"))
    assert made.p_value > 0.1
    assert made.difference.low < 0 < made.difference.high


def test_better_follows_the_direction_of_the_metric():
    for metric, better in (("psnr", "new"), ("nmse", "old")):
        first = series([2, 3], method="new", metric=metric)
        second = series([1, 1], method="old", metric=metric)
        assert compare(first, second).better == compare(second, first).better == better
    same = series([1, 2], method="new"), series([1, 2], method="old")
    assert compare(*same).better == ""
    assert compare(*same).p_value == 1


def test_one_subject_proves_nothing():
    made = compare(series([9], method="new"), series([1], method="old"))
    assert (made.p_value, made.difference.n) == (1, 1)


def test_comparison_pairs_by_scan_not_by_position():
    first, second = series([1, 2, 3], method="new"), series([1, 2, 3], method="old")
    assert compare(first, second[::-1]).difference.std == 0


def test_comparison_refuses_what_is_not_a_pair():
    first, second = series([1, 2, 3], method="new"), series([1, 2, 3], method="old")
    with pytest.raises(DataError, match="1 have one score only, the first being 's2'"):
        compare(first, second[:2])
    with pytest.raises(DataError, match="compare two methods"):
        compare(first, first)
    with pytest.raises(DataError, match="one method on each side"):
        compare([*first, *second], second)
    with pytest.raises(DataError, match="different metrics"):
        compare(first, series([1, 2, 3], method="old", metric="ssim"))
