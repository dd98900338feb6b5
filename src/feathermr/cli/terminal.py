"""What a command shows while it works: a line, a bar, a table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from textwrap import fill
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

console = Console(highlight=False, emoji=False)


class Bar:
    """One progress bar: call it with (done, total); tell it how the work goes."""

    def __init__(self, bars: Progress, description: str, total: int | None) -> None:
        self._bars, self._description = bars, description
        self._task = bars.add_task(description, total=total)

    def __call__(self, done: int, total: int) -> None:
        """Move it; it goes with its end."""
        self._bars.update(self._task, completed=done, total=total, visible=done < total)

    def tell(self, words: str) -> None:
        """Show words beside its description."""
        self._bars.update(self._task, description=f"{self._description} ({words})")


class Bars:
    """Progress bars, one a piece of work that goes with its end; on a pipe nothing is drawn."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars

    def start(self, description: str, total: int | None = None) -> Any:
        """Add a bar; call what is returned with (done, total)."""
        return Bar(self._bars, description, total)


@contextmanager
def progress_bars() -> Iterator[Bars]:
    """Bars that go when the work is done."""
    errors = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as bars:
        yield Bars(bars)


def say(line: str) -> None:
    """One line, as it is: a path can be copied, a program can read it."""
    console.print(line, markup=False, soft_wrap=True)


def note(sentence: str) -> None:
    """A sentence, broken between words on a terminal."""
    line = f"note: {sentence}"
    if console.is_terminal:
        line = fill(line, console.width, subsequent_indent="  ", break_long_words=False)
    say(line)


def show(table: Any) -> None:
    """A table, with its caption broken at its width."""
    console.print(table)
