import io
import math
from dataclasses import replace

import pytest
from rich.console import Console

from feathermr.metrics import METRICS, Score
from feathermr.report import score_table, to_html, to_markdown, to_rich
from feathermr.report.table import number, statement


def _score(method: str, subject: str, *values: float, metric: str = "psnr") -> Score:
    ranges = (1.0,) * len(values)
    return Score(method, f"{subject}-scan", subject, metric, values, "slice", ranges, "none", 1.0)


@pytest.fixture
def two_subjects() -> tuple[Score, ...]:
    return (
        _score("zero-filled", "a", 20.0, 22.0),
        _score("zero-filled", "b", 25.0),
        _score("cg|sense", "a", 30.0, 32.0),
        _score("cg|sense", "b", 35.0),
    )


def test_the_mean_is_over_subjects_not_over_images(two_subjects: tuple[Score, ...]) -> None:
    rows = score_table(two_subjects)
    cell = rows[0].cells["psnr"]
    assert cell.interval.mean == pytest.approx((21.0 + 25.0) / 2)
    assert (cell.over, cell.interval.n) == ("subjects", 2)
    assert "over 2 subjects" in statement(rows)


def test_one_subject_gives_an_interval_over_images_and_says_so() -> None:
    rows = score_table([_score("zero-filled", "a", 20.0, 22.0, 27.0)])
    cell = rows[0].cells["psnr"]
    assert cell.interval.low < 23.0 < cell.interval.high
    assert "3 images" in statement(rows)
    assert "says nothing about other subjects" in statement(rows)


def test_a_single_value_has_no_interval() -> None:
    rows = score_table([_score("zero-filled", "a", 20.0)])
    assert "[" not in to_markdown(rows)
    assert "no interval" in statement(rows)


def test_an_infinite_score_stands_without_an_interval() -> None:
    text = to_markdown(score_table([_score("zero-filled", "a", 20.0, math.inf)]))
    assert "inf" in text
    assert "nan" not in text


@pytest.mark.parametrize(("metric", "winner"), [("psnr", "cg|sense"), ("nmse", "zero-filled")])
def test_the_better_direction_decides_the_winner(
    two_subjects: tuple[Score, ...], metric: str, winner: str
) -> None:
    rows = score_table(replace(score, metric=metric) for score in two_subjects)
    assert [row.method for row in rows if row.cells[metric].best] == [winner]


def test_markdown_is_a_table_with_the_winner_in_bold(two_subjects: tuple[Score, ...]) -> None:
    lines = to_markdown(score_table(two_subjects, seconds={"zero-filled": 0.5})).splitlines()
    assert lines[0] == "| Method | psnr (dB) ↑ | Time (s) | Parameters |"
    assert lines[2].startswith("| zero-filled | 23.00 [")
    assert lines[2].endswith("| 0.5 |  |")
    assert lines[3].startswith("| cg\\|sense | **33.00** [")


def test_html_and_terminal_show_the_same_numbers(two_subjects: tuple[Score, ...]) -> None:
    rows = score_table(two_subjects)
    console = Console(file=io.StringIO(), width=120)
    console.print(to_rich(rows))
    interval = rows[0].cells["psnr"].interval
    for text in ("23.00", "33.00"):
        assert text in to_html(rows)
        assert text in console.file.getvalue()
    assert f"[{number(interval.low)}, {number(interval.high)}]" in to_html(rows)
    assert f"±{(interval.high - interval.low) / 2:.2g}" in console.file.getvalue()


def test_all_metrics_fit_a_terminal_of_eighty_columns() -> None:
    rows = score_table(
        [_score("low-rank-sparse", "a", 0.09645, 0.0712, metric=metric) for metric in METRICS],
        seconds={"low-rank-sparse": 12.3},
        parameters={"low-rank-sparse": 1_204_000},
    )
    console = Console(file=io.StringIO(), width=80)
    console.print(to_rich(rows))
    assert "…" not in console.file.getvalue()
    assert "1,204,000" in console.file.getvalue()


def test_names_with_markup_stay_names(two_subjects: tuple[Score, ...]) -> None:
    rows = score_table([replace(two_subjects[0], method="[red]<b>")])
    console = Console(file=io.StringIO(), width=120)
    console.print(to_rich(rows))
    assert "[red]<b>" in console.file.getvalue()
    assert "<b>" not in to_html(rows)


def test_a_comparison_brings_its_times_and_parameters(make_comparison) -> None:
    rows = score_table(make_comparison())
    assert [(row.method, row.seconds, row.parameters) for row in rows] == [
        ("zero-filled", 0.25, 0),
        ("cg-sense", 0.5, 1234),
    ]


def test_without_scores_the_times_remain(make_comparison) -> None:
    rows = score_table(make_comparison(reference=False))
    assert statement(rows) == ""
    assert "| cg-sense | 0.5 | 1,234 |" in to_markdown(rows)


def test_numbers_keep_four_digits() -> None:
    assert [number(value) for value in (0.9, 33.1, 0.00123456, 1234.4)] == [
        "0.9000",
        "33.10",
        "0.001235",
        "1234",
    ]
