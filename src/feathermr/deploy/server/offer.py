"""What a server offers: its methods, and nothing that a client could bring along."""

from __future__ import annotations

from dataclasses import dataclass, field

from feathermr.core.errors import UsageError
from feathermr.deploy.graphs.engines import check_precision
from feathermr.deploy.server.engine import AUTO, takes_films
from feathermr.deploy.server.plan import Window
from feathermr.recon import METHODS

#: names of configurations that stand for the server's default
DEFAULT = ("", "default")
#: methods of the table that need something of the operator's
NEEDS_MORE = ("network",)


@dataclass(frozen=True)
class Offer:
    """What clients may ask for.

    Attributes:
        default: the method of clients that name none; a name of ``METHODS``, the folder of a
            training run or of an exported package, or ``auto``, which takes what suits the scan.
        allowed: names that clients may give; all of ``METHODS`` by default.
        window: of methods that need several frames.
        complex_images: images are complex, not magnitudes.
        runtime: that executes the convolutions of learned methods; empty for torch as it is.
        precision: of the runtime.
    """

    default: str = AUTO
    allowed: tuple[str, ...] = field(
        default_factory=lambda: (AUTO, *(name for name in METHODS if name not in NEEDS_MORE))
    )
    window: Window = field(default_factory=lambda: Window(40, 4))
    complex_images: bool = False
    runtime: str = ""
    precision: str = "fp32"

    def __post_init__(self) -> None:
        if self.runtime:
            check_precision(self.runtime, self.precision)
        unknown = sorted(set(self.allowed) - {AUTO, self.default, *METHODS})
        if unknown:
            raise UsageError(f"no method is called '{unknown[0]}'; there are: {', '.join(METHODS)}")

    def chosen(self, name: str) -> str:
        """The method of a configuration's name.

        Raises:
            UsageError: it is not offered; the sentence lists what is.
        """
        plain = name.strip()
        if plain in DEFAULT:
            return self.default
        if plain not in self.allowed:
            shown = plain[:80] + ("..." if len(plain) > 80 else "")
            raise UsageError(
                f"no configuration is called '{shown}'; there are: {', '.join(self.allowed)}"
            )
        return plain

    def window_of(self, method: str, frames: int) -> Window:
        """How frames are taken together, when the header counts ``frames``."""
        series = takes_films(method) or (method == AUTO and frames > 1)
        return self.window if series else Window()
