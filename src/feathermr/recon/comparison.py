"""Several methods on one scan: what a report shows and a table counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from feathermr.acquisition import Acquisition
from feathermr.metrics.score import Score
from feathermr.recon.reconstruction import Reconstruction


@dataclass(frozen=True)
class Comparison:
    """One undersampled scan, the images that methods made of it, and their scores.

    Attributes:
        acquisition: what the methods were given.
        reconstructions: by the method's name; ``zero-filled`` comes first.
        reference: the image compared with (slice, frame, y, x), of the size of the images;
            ``None`` when there is none, and then ``scores`` is empty.
        scores: every metric of every method.
    """

    acquisition: Acquisition
    reconstructions: Mapping[str, Reconstruction]
    reference: Tensor | None
    scores: tuple[Score, ...]
