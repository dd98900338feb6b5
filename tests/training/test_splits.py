import pytest

from feathermr.core.errors import UsageError
from feathermr.training.splits import by_case, subset

CASES = [f"case-{number}" for number in range(40)]


def test_every_case_has_one_use() -> None:
    split = by_case(CASES, validation=0.1, test=12, seed=3)
    assert [len(part) for part in (split.train, split.validation, split.test)] == [24, 4, 12]
    assert set(split.train) | set(split.validation) | set(split.test) == set(CASES)


def test_the_order_and_the_number_of_slices_of_cases_change_nothing() -> None:
    split = by_case(CASES, validation=4, test=4, seed=3)
    assert by_case([*reversed(CASES), *CASES], validation=4, test=4, seed=3) == split
    assert by_case(CASES, validation=4, test=4, seed=4) != split


def test_a_smaller_fraction_is_within_a_larger_one() -> None:
    sizes = []
    larger: set[str] = set(CASES)
    for fraction in (1.0, 0.5, 0.1):
        chosen = set(subset(CASES, fraction, 5))
        assert chosen <= larger
        sizes.append(len(chosen))
        larger = chosen
    assert sizes == [40, 20, 4]


def test_a_case_more_moves_no_other_in_the_shuffled_order() -> None:
    before = subset(CASES, 1.0, 0)
    after = subset([*CASES, "another"], 1.0, 0)
    assert tuple(case for case in after if case != "another") == before


@pytest.mark.parametrize(
    ("validation", "test", "message"),
    [
        (0.5, 0.5, r"40 case\(s\) cannot give 20 to validation, 20 to the test"),
        (40, 0, "at least one to training"),
        (2.5, 0, "share below 1 or a whole number, not 2.5"),
        (-1, 0, "whole number"),
    ],
)
def test_a_split_that_cannot_be_is_one_sentence(
    validation: float, test: float, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        by_case(CASES, validation=validation, test=test, seed=0)


def test_a_fraction_that_leaves_none_says_what_would_do() -> None:
    with pytest.raises(UsageError, match=r"0\.01 of 40 case\(s\) leaves none; use at least 0\.025"):
        subset(CASES, 0.01, 0)
    for fraction in (0.0, 1.1, float("nan")):
        with pytest.raises(UsageError, match="above 0"):
            subset(CASES, fraction, 0)
