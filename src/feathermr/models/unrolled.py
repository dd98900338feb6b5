"""What unrolled networks have in common."""

from typing import Protocol, runtime_checkable

from torch import Tensor

from feathermr.operators import Encoding


@runtime_checkable
class Unrolled(Protocol):
    """A network that improves an image step by step, so that every step can be trained."""

    def images(self, kspace: Tensor, encoding: Encoding) -> list[Tensor]:
        """The image (slice, frame, y, x) after each step; the last is the answer."""
        ...
