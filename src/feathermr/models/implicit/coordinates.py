"""Where pixels and frames lie for a field: metres and seconds to [-1, 1] and back."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise

import torch
from torch import Tensor

from feathermr.acquisition import Header
from feathermr.core.errors import UsageError

#: log10 of the regularisation weights that a field of a family spans
LEVELS = (-5.0, 0.0)


@dataclass(frozen=True)
class Domain:
    """The grid that a field is fitted on, in physical units, and its coordinates.

    One factor serves y and x, so that directions and distances keep their meaning: pixel
    ``n // 2`` lies at 0 and the edge of the longer side of the field of view at -1 and 1.
    Time runs from -1 to 1 over the film; of a cyclic film over one period.

    Attributes:
        shape: pixels (y, x).
        pixel: distance between rows and between columns in metres; in pixels where unknown.
        times: of the frames in seconds; in frames where unknown; one for a static image.
        cyclic: whether the first frame follows the last.
        family: whether log10 of the regularisation weight is a coordinate too, the first.
    """

    shape: tuple[int, int]
    pixel: tuple[float, float] = (1.0, 1.0)
    times: tuple[float, ...] = (0.0,)
    cyclic: bool = True
    family: bool = False

    @property
    def timed(self) -> bool:
        """Whether time is a coordinate."""
        return len(self.times) > 1

    @property
    def axes(self) -> int:
        """Number of coordinates: (lambda, x, y, t), the first and the last if there."""
        return 2 + self.timed + self.family

    @property
    def half_width(self) -> float:
        """Metres that are 1 as a coordinate of y and x."""
        return max(size * step for size, step in zip(self.shape, self.pixel, strict=True)) / 2

    @property
    def duration(self) -> float:
        """Seconds from -1 to 1 as a coordinate of time."""
        length = self.times[-1] - self.times[0]
        if self.cyclic and self.timed:
            length += length / (len(self.times) - 1)
        return length or 1.0

    @property
    def rows(self) -> Tensor:
        """Coordinates of the pixels along y, double precision."""
        return self._pixels(0)

    @property
    def columns(self) -> Tensor:
        """Coordinates of the pixels along x, double precision."""
        return self._pixels(1)

    @property
    def instants(self) -> Tensor:
        """Coordinates of the frames, double precision."""
        return self.instant(torch.tensor(self.times, dtype=torch.float64))

    @property
    def steps(self) -> Tensor:
        """Time from each frame to the next over the mean of it, double precision.

        Of a cyclic film there is one more, to the first frame.
        """
        times = torch.tensor(self.times, dtype=torch.float64)
        if self.cyclic:
            times = torch.cat([times, times[:1] + self.duration])
        steps = times.diff()
        return steps / steps.mean() if len(steps) else steps

    def instant(self, seconds: Tensor) -> Tensor:
        """Coordinates of times in seconds."""
        return 2 * (seconds - self.times[0]) / self.duration - 1

    def seconds(self, instants: Tensor) -> Tensor:
        """Times in seconds of coordinates: the inverse of `instant`."""
        return (instants + 1) / 2 * self.duration + self.times[0]

    def place(self, metres: Tensor) -> Tensor:
        """Coordinates of distances from pixel ``n // 2`` in metres, along y or x."""
        return metres / self.half_width

    def metres(self, places: Tensor) -> Tensor:
        """Distances in metres of coordinates: the inverse of `place`."""
        return places * self.half_width

    def pixels(self, places: Tensor, axis: int) -> Tensor:
        """Coordinates along y (0) or x (1) in pixels, counted from the first."""
        return places * (self.half_width / self.pixel[axis]) + self.shape[axis] // 2

    def equal_times(self, count: int) -> tuple[float, ...]:
        """Times in seconds of ``count`` frames, equally spaced over the film."""
        first, length = self.times[0], self.times[-1] - self.times[0]
        if self.cyclic or count == 1:
            return tuple(first + self.duration * index / count for index in range(count))
        return tuple(first + length * index / (count - 1) for index in range(count))

    def frames(self, seconds: Tensor) -> Tensor:
        """Times in seconds in units of frames, between which they count evenly, double precision.

        Example:
            >>> domain = Domain((8, 8), times=(0.0, 0.5, 1.5))
            >>> domain.frames(torch.tensor([0.5, 1.0])).tolist()
            [1.0, 1.5]
        """
        known = torch.tensor(self.times, dtype=torch.float64)
        if self.cyclic and self.timed:
            known = torch.cat([known, known[:1] + self.duration])
        seconds = seconds.to(known).clamp(known[0], known[-1])
        after = torch.searchsorted(known, seconds, right=True).clamp(1, len(known) - 1)
        before = after - 1
        return before + (seconds - known[before]) / (known[after] - known[before])

    def timed_header(self, header: Header, times: tuple[float, ...]) -> Header:
        """The header of the scan with other frame times, empty where no seconds are known."""
        return replace(header, frame_times=times if header.frame_times == self.times else ())

    def _pixels(self, axis: int) -> Tensor:
        index = torch.arange(self.shape[axis], dtype=torch.float64) - self.shape[axis] // 2
        return self.place(index * self.pixel[axis])


def domain_of(
    header: Header, shape: tuple[int, int], frames: int, *, cyclic: bool, family: bool = False
) -> Domain:
    """The domain of a scan, from its header.

    Args:
        header: pixels and times, where they are known; times that do not rise are not.
        shape: pixels of the encoded image (y, x).
        frames: of the scan.
        cyclic: whether the first frame follows the last.
        family: whether the regularisation weight is a coordinate.
    """
    spacing, times = header.spacing, header.frame_times
    rising = all(later > earlier for earlier, later in pairwise(times))
    if len(times) != frames or not rising:
        times = tuple(float(frame) for frame in range(frames))
    pixel = (spacing[1], spacing[2]) if spacing is not None else (1.0, 1.0)
    return Domain(shape, pixel, tuple(times), cyclic, family)


def level_of(weight: float) -> float:
    """Coordinate in [-1, 1] of a regularisation weight, from log10 -5 to 0.

    Raises:
        UsageError: the weight is not positive.
    """
    if not weight > 0:
        raise UsageError(f"the weight of a family must be positive, not {weight}")
    low, high = LEVELS
    return min(1.0, max(-1.0, 2 * (math.log10(weight) - low) / (high - low) - 1))


def weight_of(level: float) -> float:
    """Regularisation weight at a coordinate: the inverse of `level_of`."""
    low, high = LEVELS
    return float(10 ** (low + (level + 1) / 2 * (high - low)))
