"""How long work reports how far it is: a callable that takes steps done and steps in all."""

from collections.abc import Callable

Progress = Callable[[int, int], None]


def silent(done: int, total: int) -> None:
    """Report nothing."""
