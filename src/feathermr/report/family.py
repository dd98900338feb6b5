"""Sliders of the film tab: a method's image for several values of one number, from one fit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

from feathermr.metrics import Score
from feathermr.recon.comparison import Comparison
from feathermr.recon.reconstruction import Family
from feathermr.report.selection import stops
from feathermr.report.shown import Shown, also_shown, page_pixels


@dataclass(frozen=True)
class Slider:
    """The stops of one method's slider.

    Attributes:
        index: of the method's image on the page.
        method: its name.
        name: of the number.
        labels: what stands beside the slider at each stop.
        own: the stop of the image that the rest of the page shows.
        magnitudes: (slice, frame, y, x) of each stop; ``None`` for the own one.
        scores: of each stop; empty without a reference.
    """

    index: int
    method: str
    name: str
    labels: tuple[str, ...]
    own: int
    magnitudes: tuple[NDArray[np.floating] | None, ...]
    scores: tuple[tuple[Score, ...], ...]


def sliders(comparison: Comparison, shown: Shown) -> list[Slider]:
    """One slider for each method with a family, for films only."""
    if len(shown.selection.frames) < 2:
        return []
    return [
        _slider(comparison, shown, index, made.family)
        for index, name in enumerate(shown.names)
        if (made := comparison.reconstructions.get(name)) is not None and made.family is not None
    ]


def _slider(comparison: Comparison, shown: Shown, index: int, family: Family) -> Slider:
    method = shown.names[index]
    chosen = stops(len(family.values), family.own, _most(comparison, shown))
    known = comparison.family_scores.get(method, ())
    scores = tuple(known[stop] for stop in chosen) if known else ()
    magnitudes = tuple(
        None
        if stop == family.own
        else also_shown(shown, family.image(family.values[stop]), _factor(known, stop))
        for stop in chosen
    )
    labels = tuple(_label(family, stop, known[stop] if known else ()) for stop in chosen)
    return Slider(index, method, family.name, labels, chosen.index(family.own), magnitudes, scores)


def _most(comparison: Comparison, shown: Shown) -> int:
    """Stops that the page has room for, the own one among them."""
    height, width = shown.size
    film = height * width * len(shown.selection.frames) * len(shown.selection.slices)
    families = sum(made.family is not None for made in comparison.reconstructions.values())
    taken = (len(shown.names) + len(shown.errors)) * film
    return 1 + (page_pixels(families) - taken) // (film * families)


def _factor(known: Sequence[Sequence[Score]], stop: int) -> float:
    """What the scores fitted to the image."""
    return known[stop][0].factor if known and known[stop] else 1.0


def _label(family: Family, stop: int, scores: Sequence[Score]) -> str:
    value = family.values[stop]
    parts = [f"{family.name} {value:.2g} (10^{math.log10(value):.3g})"]
    if scores:
        parts.append(", ".join(f"{score.metric} {score.mean:.4g}" for score in scores))
    if family.notes:
        parts.append(family.notes[stop])
    return " · ".join(parts)


def slider_controls(found: Sequence[Slider]) -> str:
    """The sliders of the film tab; nothing without a family."""
    return "".join(_control(one) for one in found)


def _control(one: Slider) -> str:
    start = escape(one.labels[one.own].split(" · ")[0])
    return (
        f'<div class="family"><label>{escape(one.method)}: {escape(one.name)} '
        f'<input type="range" id="family-{one.index}" min="0" max="{len(one.labels) - 1}" '
        f'step="1" value="{one.own}"></label>'
        f'<output id="family-{one.index}-value" for="family-{one.index}"></output>'
        '<p class="note">All from one fit; scores in bold are means over the scan. The rest of the '
        f"page, and the errors below, are of {start}, where the slider starts.</p></div>"
    )
