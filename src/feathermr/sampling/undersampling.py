"""How a complete scan is undersampled retrospectively: a pattern and its numbers, by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from torch import Tensor

from feathermr.acquisition import Acquisition, undersample
from feathermr.core.registry import look_up
from feathermr.core.seeding import generator
from feathermr.sampling.patterns import PATTERNS

#: lines in the center of a default mask: fastMRI's share (0.08 at 4x, 0.04 at 8x), and enough of
#: them to calibrate coils
CENTER_SHARE = 0.32
FEWEST_CENTER_LINES = 8


@dataclass(frozen=True)
class Undersampling:
    """A sampling pattern with its numbers, to apply to any scan.

    Attributes:
        acceleration: positions over samples, the center counted.
        pattern: a name in ``PATTERNS``; ``auto`` is ``kt-random`` for a time series, else
            ``random``.
        center: central lines as a count, or as a fraction of the axis; 0 stands for
            ``0.32 / acceleration`` of the axis, at least 8 lines.
        seed: of the mask; the same for all scans.
    """

    acceleration: float
    pattern: str = "auto"
    center: float = 0
    seed: int = 0

    @property
    def name(self) -> str:
        """For tables: ``random 4x``."""
        return f"{self.pattern} {self.acceleration:g}x"

    def named(self, acquisition: Acquisition) -> Undersampling:
        """The same with the pattern that ``auto`` stands for."""
        if self.pattern != "auto":
            return self
        return replace(self, pattern="kt-random" if acquisition.n_frames > 1 else "random")

    def mask(self, acquisition: Acquisition) -> Tensor:
        """The mask for a scan, along its phase-encoded axis."""
        name = self.named(acquisition).pattern
        axis = acquisition.header.phase_axis
        center: int | float = self.center
        if center == 0:
            lines = acquisition.kspace.shape[axis]
            share = round(CENTER_SHARE / self.acceleration * lines)
            center = min(lines, max(FEWEST_CENTER_LINES, share))
        elif center >= 1:
            center = int(center)
        mask = look_up(PATTERNS, name, "sampling pattern")(
            acquisition.image_shape,
            acceleration=self.acceleration,
            center=center,
            axis=axis,
            generator=generator(self.seed, "mask"),
        )
        return mask.to(acquisition.kspace.device)

    def __call__(self, acquisition: Acquisition) -> Acquisition:
        """The scan undersampled."""
        return undersample(acquisition, self.mask(acquisition))

    def record(self) -> Mapping[str, str | float]:
        """For a result's file."""
        return {
            "pattern": self.pattern,
            "acceleration": self.acceleration,
            "center": self.center,
            "seed": self.seed,
        }
