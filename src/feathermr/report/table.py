"""The table of scores: one source of rows for terminal, Markdown and HTML."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.markup import escape as escape_markup
from rich.table import Table

from feathermr.core.seeding import generator
from feathermr.metrics import METRICS, Interval, Score, bootstrap_interval, subject_means
from feathermr.recon.comparison import Comparison

#: what values of one subject are, in words
UNITS = {"images": "images (slices x frames)", "films": "films (slices)"}


@dataclass(frozen=True)
class Cell:
    """One metric of one method.

    Attributes:
        interval: mean and 95 % interval.
        over: ``subjects``; when there is a single one ``images``, or ``films`` for their metrics.
        best: whether no other method is better by the mean.
    """

    interval: Interval
    over: str
    best: bool


@dataclass(frozen=True)
class Row:
    """One method.

    Attributes:
        method: its name.
        cells: by the metric's name.
        seconds: wall time; ``None`` when not known.
        parameters: learned parameters; ``None`` when not known.
    """

    method: str
    cells: Mapping[str, Cell]
    seconds: float | None
    parameters: int | None


def _interval(scores: Sequence[Score]) -> tuple[Interval, str]:
    """Over the means of the subjects; over all images when there is one subject.

    A mean that is not finite (the PSNR of equal images) stands without an interval.
    """
    means = list(subject_means(scores).values())
    alone = "films" if METRICS[scores[0].metric].film else "images"
    over = "subjects" if len(means) > 1 else alone
    values = means if len(means) > 1 else [value for score in scores for value in score.values]
    if not all(math.isfinite(value) for value in values):
        mean = sum(values) / len(values)
        return Interval(mean, math.nan, math.nan, math.nan, len(values)), over
    draws = generator(0, "bootstrap", scores[0].method, scores[0].metric)
    return bootstrap_interval(values, generator=draws), over


def _is_best(metric: str, mean: float, means: Sequence[float]) -> bool:
    if len(means) < 2:
        return False
    return mean == (max(means) if METRICS[metric].higher_is_better else min(means))


def _cells(scores: Sequence[Score]) -> dict[str, dict[str, Cell]]:
    """Cells by method, then metric."""
    groups: dict[tuple[str, str], list[Score]] = {}
    for score in scores:
        groups.setdefault((score.method, score.metric), []).append(score)
    intervals = {key: _interval(group) for key, group in groups.items()}
    cells: dict[str, dict[str, Cell]] = {}
    for (method, metric), (interval, over) in intervals.items():
        means = [one.mean for (_, other), (one, _) in intervals.items() if other == metric]
        best = _is_best(metric, interval.mean, means)
        cells.setdefault(method, {})[metric] = Cell(interval, over, best)
    return cells


def score_table(
    scored: Comparison | Iterable[Score],
    *,
    seconds: Mapping[str, float] | None = None,
    parameters: Mapping[str, int] | None = None,
) -> tuple[Row, ...]:
    """Rows in the order of the reconstructions, else of the scores.

    Args:
        scored: a comparison, or scores of any number of scans.
        seconds: wall time by method, for scores; a comparison has its own.
        parameters: learned parameters by method, likewise.
    """
    if isinstance(scored, Comparison):
        made = scored.reconstructions
        scores = scored.scores
        seconds = {name: one.seconds for name, one in made.items()}
        parameters = {name: one.cost.parameters for name, one in made.items()}
    else:
        scores, seconds, parameters = tuple(scored), seconds or {}, parameters or {}
    cells = _cells(scores)
    return tuple(
        Row(
            method=name,
            cells=cells.get(name, {}),
            seconds=seconds.get(name),
            parameters=parameters.get(name),
        )
        for name in dict.fromkeys([*seconds, *cells])
    )


def number(value: float) -> str:
    """Four significant digits, trailing zeros kept."""
    return f"{value:#.4g}".removesuffix(".")


def metrics_of(rows: Sequence[Row]) -> tuple[str, ...]:
    """Names of the metrics in the table, in order."""
    return tuple(dict.fromkeys(metric for row in rows for metric in row.cells))


def heading(metric: str) -> str:
    """The metric's name with its unit and the better direction."""
    known = METRICS[metric]
    unit = f" ({known.unit})" if known.unit else ""
    return f"{metric}{unit} {'↑' if known.higher_is_better else '↓'}"


def _texts(cell: Cell | None) -> tuple[str, str]:
    """Mean and interval; no interval for a single value."""
    if cell is None:
        return "", ""
    one = cell.interval
    known = one.n > 1 and math.isfinite(one.low)
    interval = f"[{number(one.low)}, {number(one.high)}]" if known else ""
    return number(one.mean), interval


def _headings(rows: Sequence[Row]) -> list[str]:
    return ["Method", *(heading(metric) for metric in metrics_of(rows)), "Time (s)", "Parameters"]


def _tail(row: Row) -> list[str]:
    seconds = "" if row.seconds is None else f"{row.seconds:.3g}"
    return [seconds, "" if row.parameters is None else f"{row.parameters:,}"]


def statement(rows: Sequence[Row]) -> str:
    """What the intervals are taken over, in words; empty without scores."""
    cells = [cell for row in rows for cell in row.cells.values()]
    if not cells:
        return ""
    if all(cell.over == "subjects" for cell in cells):
        count = max(cell.interval.n for cell in cells)
        return f"Mean and 95 % bootstrap interval of the mean over {count} subjects."
    counts = {
        over: max(cell.interval.n for cell in cells if cell.over == over)
        for over in dict.fromkeys(cell.over for cell in cells)
    }
    several = [f"{n} {UNITS.get(over, over)}" for over, n in counts.items() if n > 1]
    if not several:
        return "One value for the whole scan: no interval can be given."
    return (
        f"Mean and 95 % bootstrap interval over the {' or '.join(several)} of one "
        "subject: it describes this scan and says nothing about other subjects."
    )


def to_markdown(rows: Sequence[Row]) -> str:
    """A Markdown table, best values in bold, followed by what the intervals mean."""
    lines = [_headings(rows), ["---", *["---:"] * (len(_headings(rows)) - 1)]]
    for row in rows:
        texts = []
        for metric in metrics_of(rows):
            cell = row.cells.get(metric)
            mean, interval = _texts(cell)
            mean = f"**{mean}**" if cell is not None and cell.best else mean
            texts.append(f"{mean} {interval}".strip())
        lines.append([row.method.replace("|", "\\|"), *texts, *_tail(row)])
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"{table}\n\n{statement(rows)}".rstrip() + "\n"


def to_html(rows: Sequence[Row]) -> str:
    """An HTML table, best values in bold, followed by what the intervals mean."""
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in _headings(rows))
    body = ""
    for row in rows:
        body += f'<tr><th scope="row">{escape(row.method)}</th>'
        for metric in metrics_of(rows):
            cell = row.cells.get(metric)
            mean, interval = _texts(cell)
            best = ' class="best"' if cell is not None and cell.best else ""
            body += f"<td{best}>{mean}<small>{interval}</small></td>"
        body += "".join(f"<td>{text}</td>" for text in _tail(row)) + "</tr>"
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    note = f'<p class="note">{escape(statement(rows))}</p>' if statement(rows) else ""
    return f'<div class="scroll" role="region" tabindex="0" aria-label="Scores">{table}</div>{note}'


def to_rich(rows: Sequence[Row]) -> Group:
    """Tables for a terminal of 80 columns: best values in bold, half the interval below.

    Metrics of films stand in a table of their own.
    """
    parts = [_only(rows, film=film) for film in (False, True)]
    tables = [_rich_table(parts[0], tail=True)]
    if metrics_of(parts[1]):
        tables.append(_rich_table(parts[1], tail=False))
    return Group(*tables)


def _only(rows: Sequence[Row], *, film: bool) -> list[Row]:
    """The rows with metrics of films alone, without time and size; or with the others."""
    kept = [
        {name: cell for name, cell in row.cells.items() if METRICS[name].film == film}
        for row in rows
    ]
    return [
        Row(row.method, cells, None if film else row.seconds, None if film else row.parameters)
        for row, cells in zip(rows, kept, strict=True)
    ]


def _rich_table(rows: Sequence[Row], tail: bool) -> Table:
    caption = statement(rows).replace("Mean and", "Mean ± half the width of the", 1)
    table = Table(
        caption=caption or None,
        caption_justify="left",
        box=SIMPLE_HEAD,
        padding=0,
        show_edge=False,
    )
    headings = _headings(rows) if tail else _headings(rows)[:-2]
    for index, text in enumerate(headings):
        broken = text.replace("-", "-\n").replace(" (", "\n(")
        table.add_column(broken, justify="left" if index == 0 else "right")
    for row in rows:
        texts = []
        for metric in metrics_of(rows):
            cell = row.cells.get(metric)
            mean, interval = _texts(cell)
            if cell is not None and interval:
                interval = f"±{(cell.interval.high - cell.interval.low) / 2:.2g}"
            mean = f"[bold]{mean}[/bold]" if cell is not None and cell.best else mean
            texts.append(f"{mean}\n[dim]{interval}[/dim]" if interval else mean)
        table.add_row(escape_markup(row.method), *texts, *(_tail(row) if tail else ()))
    return table
