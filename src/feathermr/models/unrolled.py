"""What networks that are trained in a special way have in common."""

from typing import Any, Protocol, runtime_checkable

from torch import Tensor, nn


@runtime_checkable
class Unrolled(Protocol):
    """A network that improves an image step by step, so that every step can be trained."""

    def images(self, measured: Tensor, encoding: Any) -> list[Tensor]:
        """The image (slice, frame, y, x) after each step; the last is the answer."""
        ...


@runtime_checkable
class Started(Protocol):
    """A network that begins from images which nothing was learned for, so that they can be kept.

    Attributes:
        start: how it begins; networks of one model that begin alike find the same images in a scan,
            whatever else differs between them.
    """

    start: str

    def starts(self, kspace: Tensor, encoding: Any, first: Tensor | None = None) -> Tensor:
        """The images (slice, frame, start, y, x) to begin from; without gradient.

        Args:
            kspace: (slice, frame, coil, y, x).
            encoding: its operator.
            first: the first of them (slice, frame, y, x), where a better one is there already.
        """
        ...

    def images(self, kspace: Tensor, encoding: Any, starts: Tensor | None = None) -> list[Tensor]:
        """The image (slice, frame, y, x) after each step; the last is the answer.

        Args:
            kspace: (slice, frame, coil, y, x).
            encoding: its operator.
            starts: what `starts` gives for them; found when left out.
        """
        ...


@runtime_checkable
class Continuous(Protocol):
    """A network for films that gives the image at any time."""

    def at(self, measured: Tensor, encoding: Any, times: Tensor, *, cyclic: bool = False) -> Tensor:
        """The images (slice, time, y, x).

        Args:
            measured: the samples of the acquired frames.
            encoding: their operator.
            times: (time,) in units of frames; 0.5 is midway between the first and the second.
            cyclic: the first frame follows the last, as in a gated heart beat.
        """
        ...


def frames_of(network: nn.Module) -> int:
    """Frames that a network takes together: 1 if each goes by itself, 0 for any number."""
    return int(getattr(network, "frames", 1))
