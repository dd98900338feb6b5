"""How often an example is met, and how many are kept."""

from dataclasses import dataclass

from feathermr.core.errors import UsageError


@dataclass(frozen=True)
class CacheConfig:
    """How often an example is met, and how many are kept; see `Reused`.

    Attributes:
        reuse: how often each example is met on average, each time mirrored, turned and with another
            phase at random; 0 to draw a new one every time and keep none.
        window: the youngest examples, among which a step picks.
        first: examples among which the first steps pick.
        gigabytes: largest size of the files. Where the window does not fit, the oldest examples are
            given up and drawn anew when they are picked: the training is the same, and slower.
    """

    reuse: int = 0
    window: int = 2000
    first: int = 32
    gigabytes: float = 8.0

    def __post_init__(self) -> None:
        if self.reuse < 0:
            raise UsageError(f"reuse must be at least 0, not {self.reuse}")
        if not 1 <= self.first <= self.window:
            raise UsageError(
                f"first must be from 1 to the window of {self.window}, not {self.first}"
            )
        if not self.gigabytes > 0:
            raise UsageError(f"gigabytes must be positive, not {self.gigabytes:g}")
