"""The grey-scale window that all images share, and the gain of the error maps."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]

GAINS = (50, 20, 10, 5, 2, 1)
PERCENTILE = 99.5


@dataclass(frozen=True)
class Window:
    """What is shown as white.

    Attributes:
        upper: magnitude shown as white; 0 is black.
        origin: which image it was taken from, for the caption.
        gain: an error of ``upper / gain`` has the brightest colour; 0 when there are no errors.
    """

    upper: float
    origin: str
    gain: int

    @property
    def caption(self) -> str:
        """The sentence that a figure needs to be read."""
        return f"window 0 to {self.upper:.4g}, {PERCENTILE} % of the {self.origin}"

    @property
    def error_caption(self) -> str:
        """The same for the error maps."""
        return f"error x {self.gain}: brightest at {self.upper / self.gain:.3g}"


def shared_window(magnitude: Floats, origin: str, errors: Sequence[Floats]) -> Window:
    """A window from the magnitude of one image, and a gain from the errors of all methods.

    The gain is the largest of 50, 20, 10, 5, 2, 1 with which 99.5 % of the pixels of the best
    method stay below the brightest colour; worse methods may saturate.

    Args:
        magnitude: of the reference, or of the first image when there is no reference.
        origin: the name of that image.
        errors: absolute errors, one array a method; empty without a reference.
    """
    upper = float(np.percentile(magnitude, PERCENTILE)) or float(magnitude.max()) or 1.0
    if not errors:
        return Window(upper, origin, 0)
    smallest = min(float(np.percentile(error, PERCENTILE)) for error in errors)
    gain = next((gain for gain in GAINS if smallest * gain <= upper), GAINS[-1])
    return Window(upper, origin, gain)
