"""The part of the page with the scores, and what decides what they mean."""

from collections.abc import Iterable, Sequence

from feathermr.metrics import METRICS, Score
from feathermr.recon.comparison import Comparison
from feathermr.report.markup import definitions, sentences
from feathermr.report.table import score_table, to_html

POLICIES = {
    "slice": "Each image scored by itself, then averaged",
    "volume": "All images of the scan scored together",
}


def scores_section(comparison: Comparison) -> str:
    """The table, and below it the definitions; without a reference the times only."""
    title = "Scores and time" if comparison.scores else "Time"
    return (
        f'<section id="scores"><h2>{title}</h2>{to_html(score_table(comparison))}'
        f"{_meaning(comparison)}</section>"
    )


def _span(values: Iterable[float]) -> str:
    """One number, or the smallest and the largest."""
    known = list(values)
    low, high = min(known), max(known)
    return f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}"


def _meaning(comparison: Comparison) -> str:
    """What decides what the scores mean: policy, data range, alignment."""
    if comparison.reference is None:
        return sentences(["There is no reference image, so nothing can be scored."])
    metrics: dict[str, list[Score]] = {}
    for score in comparison.scores:
        metrics.setdefault(score.metric, []).append(score)
    if not metrics:
        return ""
    summaries = [(metric, _summary(metric)) for metric in metrics]
    conditions = {metric: _conditions(scores) for metric, scores in metrics.items()}
    if len(set(conditions.values())) == 1:
        notes = [f"{next(iter(conditions.values()))}."]
    else:
        notes = [f"{metric}: {text}." for metric, text in conditions.items()]
    return f"<h3>What the scores mean</h3>{definitions(summaries)}{sentences(notes)}"


def _summary(metric: str) -> str:
    return METRICS[metric].summary.replace("``", "").rstrip(".")


def _conditions(scores: Sequence[Score]) -> str:
    """How one metric was taken: policy, data range, alignment."""
    ranges = _span(value for score in scores for value in score.data_range)
    policies = dict.fromkeys(POLICIES[score.policy] for score in scores)
    parts = [*policies, f"data range {ranges}"]
    if any(score.alignment == "least-squares" for score in scores):
        factors = ", ".join(f"{score.method} {score.factor:.4g}" for score in scores)
        parts.append(f"one real factor fitted to the reference by least squares ({factors})")
    else:
        parts.append("no scaling before the comparison")
    return "; ".join(parts)
