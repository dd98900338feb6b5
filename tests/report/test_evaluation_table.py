from feathermr.metrics import Score
from feathermr.report.evaluation_table import paired_lines


def scored(method: str, subject: str, value: float) -> Score:
    return Score(
        method, f"scan {subject}", subject, "psnr", (value,), "volume", (1.0,), "none", 1.0
    )


def test_the_best_method_is_set_against_the_others_subject_by_subject() -> None:
    scores = [
        scored(method, subject, base + offset)
        for subject, base in (("a", 20.0), ("b", 30.0), ("c", 25.0))
        for method, offset in (("plain", 0.0), ("better", 2.0))
    ]
    lines = paired_lines(scores)
    assert lines[1] == "- better minus plain: +2 [+2, +2], p = 0.25"
    assert len(lines) == 3


def test_one_subject_and_one_method_have_nothing_to_compare() -> None:
    one_subject = [scored("plain", "a", 20.0), scored("better", "a", 22.0)]
    one_method = [scored("plain", "a", 20.0), scored("plain", "b", 22.0)]
    assert paired_lines(one_subject) == []
    assert paired_lines(one_method) == []
