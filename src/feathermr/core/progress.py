"""How long work reports how far it is: a callable that takes steps done and steps in all."""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

Progress = Callable[[int, int], None]


@runtime_checkable
class Telling(Protocol):
    """A progress that can also show how the work goes, in a few words."""

    def tell(self, words: str) -> None:
        """Show the words beside the progress."""
        ...


def silent(done: int, total: int) -> None:
    """Report nothing."""


def tell(progress: Progress, words: str) -> None:
    """Show how the work goes, where the progress can."""
    if isinstance(progress, Telling):
        progress.tell(words)
