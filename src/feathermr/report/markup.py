"""Small pieces of HTML; every text that comes from outside is escaped here."""

from collections.abc import Iterable
from html import escape


def definitions(pairs: Iterable[tuple[str, str]]) -> str:
    """Terms and what they are, as a list; pairs without a value are left out."""
    items = "".join(
        f"<div><dt>{escape(term)}</dt><dd>{escape(value)}</dd></div>"
        for term, value in pairs
        if value
    )
    return f"<dl>{items}</dl>"


def sentences(texts: Iterable[str]) -> str:
    """Notes, one paragraph each; nothing when there are none."""
    return "".join(f'<p class="note">{escape(text)}</p>' for text in texts)


def options(names: Iterable[str], *, selected: int) -> str:
    """The entries of a choice, by number."""
    return "".join(
        f'<option value="{index}"{" selected" if index == selected else ""}>{escape(name)}</option>'
        for index, name in enumerate(names)
    )


def figure(name: str, *, image: str, view: str, label: str, detail: str = "") -> str:
    """A canvas that the page's script fills, with its caption.

    Args:
        name: the caption.
        image: key of the picture in the page's data.
        view: ``whole``, ``zoom`` or ``course``: which part of it is drawn.
        label: what a reader who cannot see it is told.
        detail: a second line of the caption.
    """
    second = f"<small>{escape(detail)}</small>" if detail else ""
    return (
        f'<figure><div class="view"><canvas data-image="{escape(image)}" '
        f'data-view="{escape(view)}" role="img" aria-label="{escape(label)}"></canvas></div>'
        f"<figcaption><span>{escape(name)}</span>{second}</figcaption></figure>"
    )


def row(title: str, detail: str, cells: list[str]) -> str:
    """Figures side by side, under a heading when there is a title."""
    heading = f"<h3>{escape(title)} <small>{escape(detail)}</small></h3>" if title else ""
    figures = f'<div class="row" style="--columns:{len(cells)}">{"".join(cells)}</div>'
    return f'<div class="strip">{heading}{figures}</div>'


def color_bar(gradient: str, ticks: list[str]) -> str:
    """A colour bar with the values at its ends and between."""
    marks = "".join(f"<span>{escape(tick)}</span>" for tick in ticks)
    return (
        f'<div class="bar"><div style="background:{gradient}"></div>'
        f'<div class="ticks">{marks}</div></div>'
    )
