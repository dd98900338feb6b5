"""A line plot that scales with the page: lines in SVG, labels in HTML."""

import math
from collections.abc import Mapping, Sequence
from html import escape


def nice_upper(value: float) -> float:
    """The smallest of 1, 2, 2.5, 5, 10 times a power of ten that is not below ``value``."""
    if not value > 0 or not math.isfinite(value):
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= value * (1 - 1e-9))


def line_plot(
    series: Mapping[str, Sequence[float]],
    times: Sequence[float],
    *,
    x_label: str,
    y_label: str,
    label: str,
) -> str:
    """Lines over time, from zero up, with a cursor that the page's script moves.

    Values that are not finite interrupt their line.
    """
    finite = [value for values in series.values() for value in values if math.isfinite(value)]
    upper = nice_upper(max(finite, default=1.0))
    start, span = times[0], (times[-1] - times[0]) or 1.0
    lines = "".join(
        f'<path class="line line-{index % 6}" d="{_path(values, times, start, span, upper)}"/>'
        for index, values in enumerate(series.values())
    )
    legend = "".join(
        f'<span class="key key-{index % 6}">{escape(name)}</span>'
        for index, name in enumerate(series)
    )
    y_ticks = "".join(f"<span>{upper * part / 5:.3g}</span>" for part in (5, 4, 3, 2, 1, 0))
    x_ticks = "".join(f"<span>{start + span * part / 4:.4g}</span>" for part in range(5))
    grid = "".join(f'<path class="grid" d="M0 {y}H100"/>' for y in (0, 20, 40, 60, 80, 100))
    return (
        f'<div class="plot" role="img" aria-label="{escape(label)}">'
        f'<div class="legend">{legend}</div><div class="y-label">{escape(y_label)}</div>'
        f'<div class="y-ticks">{y_ticks}</div>'
        f'<svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">{grid}'
        f'{lines}<path class="cursor" d="M0 0V100"/></svg>'
        f'<div class="x-ticks">{x_ticks}</div><div class="x-label">{escape(x_label)}</div></div>'
    )


def _path(
    values: Sequence[float], times: Sequence[float], start: float, span: float, upper: float
) -> str:
    steps, pen = [], "M"
    for value, time in zip(values, times, strict=True):
        if not math.isfinite(value):
            pen = "M"
            continue
        steps.append(f"{pen}{100 * (time - start) / span:.2f} {100 - 100 * value / upper:.2f}")
        pen = "L"
    return "".join(steps)
