"""What a command shows while it works: a line, a bar, a table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

console = Console(highlight=False, soft_wrap=True)


class Bars:
    """Progress bars, one a piece of work; on a pipe nothing is drawn."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars

    def start(self, description: str, total: int | None = None) -> Any:
        """Add a bar; call what is returned with (done, total)."""
        task = self._bars.add_task(description, total=total)

        def update(done: int, of: int) -> None:
            self._bars.update(task, completed=done, total=of)

        return update


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
    """One line on the terminal, as it is."""
    console.print(line, markup=False)
