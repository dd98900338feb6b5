"""The tables of an evaluation: one a mask, from entries or from a stored file."""

from collections.abc import Sequence
from pathlib import Path

from feathermr.core.atomic import written_file
from feathermr.metrics import METRICS, Score, compare
from feathermr.recon.evaluation import Entry, read
from feathermr.report.table import Row, heading, score_table, to_markdown


def evaluation_tables(entries: Sequence[Entry]) -> dict[str, tuple[Row, ...]]:
    """Rows by the mask's name; seconds are the mean over scans."""
    tables = {}
    for mask in dict.fromkeys(entry.mask for entry in entries):
        chosen = [entry for entry in entries if entry.mask == mask]
        seconds = {
            method: sum(entry.seconds[method] for entry in chosen) / len(chosen)
            for method in chosen[0].seconds
        }
        tables[mask] = score_table((s for entry in chosen for s in entry.scores), seconds=seconds)
    return tables


def paired_lines(scores: Sequence[Score], metric: str = "psnr") -> list[str]:
    """The best method against each other one, subject by subject; nothing for one subject."""
    of_metric = [score for score in scores if score.metric == metric]
    if len({score.subject for score in of_metric}) < 2:
        return []
    by_method: dict[str, list[Score]] = {}
    for score in of_metric:
        by_method.setdefault(score.method, []).append(score)
    means = {method: sum(one.mean for one in of) / len(of) for method, of in by_method.items()}
    best = (max if METRICS[metric].higher_is_better else min)(means, key=means.__getitem__)
    lines = [f"Paired over subjects, {heading(metric)}, with sign-flip p-values:\n"]
    for method, of in by_method.items():
        if method != best:
            found = compare(by_method[best], of)
            gap = found.difference
            lines.append(
                f"- {best} minus {method}: {gap.mean:+.3g} [{gap.low:+.3g}, {gap.high:+.3g}], "
                f"p = {found.p_value:.2g}"
            )
    return [*lines, ""] if len(lines) > 1 else []


def write_evaluation_table(stored: Path, path: Path) -> Path:
    """Write the tables of a stored evaluation as Markdown."""
    entries = read(stored)
    parts = ["# Evaluation\n"]
    for mask, rows in evaluation_tables(entries).items():
        of_mask = [entry for entry in entries if entry.mask == mask]
        achieved = sum(entry.acceleration for entry in of_mask) / len(of_mask)
        score = of_mask[0].scores[0]
        origins = ", ".join(sorted({entry.origin for entry in of_mask}))
        parts.append(
            f"## {mask}\n\n{len(of_mask)} scans ({origins}), achieved acceleration "
            f"{achieved:.2f}; policy {score.policy}, alignment {score.alignment}.\n"
        )
        parts.append(to_markdown(rows))
        parts.extend(paired_lines([one for entry in of_mask for one in entry.scores]))
    with written_file(path) as beside:
        beside.write_text("\n".join(parts))
    return path
