"""Several methods on one scan: what a report shows and a table counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor

from feathermr.acquisition import Acquisition, Header
from feathermr.metrics.score import Score
from feathermr.recon.reconstruction import Reconstruction, Task


@dataclass(frozen=True)
class Comparison:
    """One scan, the images that methods made of it, and their scores.

    Attributes:
        acquisition: what the methods were given.
        reconstructions: by the method's name; ``zero-filled``, or of super-resolution an
            interpolation, comes first.
        reference: the image compared with (slice, frame, y, x), of the size of the images;
            ``None`` when there is none, and then ``scores`` is empty.
        scores: every metric of every method.
        family_scores: of each method with a family, those of every value.
    """

    acquisition: Acquisition
    reconstructions: Mapping[str, Reconstruction]
    reference: Tensor | None
    scores: tuple[Score, ...]
    family_scores: Mapping[str, tuple[tuple[Score, ...], ...]] = field(default_factory=dict)

    @property
    def task(self) -> Task:
        """What the methods did."""
        return self._first.provenance.task

    @property
    def header(self) -> Header:
        """Of the images."""
        return self._first.header

    @property
    def _first(self) -> Reconstruction:
        return next(iter(self.reconstructions.values()))
