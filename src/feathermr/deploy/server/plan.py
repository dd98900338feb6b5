"""Which images follow from the readouts that have come: one frame at once, or a sliding window.

A frame is one slice at one phase and repetition. It is complete with its last readout (flagged as
the last in its slice or phase), when a later repetition of its slice begins, or at the end.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import ismrmrd
import numpy as np

from feathermr.acquisition.mrd_header import MrdHeader
from feathermr.acquisition.mrd_readouts import complex_samples
from feathermr.core.errors import DataError, UsageError
from feathermr.deploy.server.collect import Frame, Grid, Noise, Purpose, Samples, purpose_of
from feathermr.deploy.server.limits import Limits
from feathermr.deploy.server.wire import Head, Readout

#: complete frames of a series whose late readouts are known as such
REMEMBERED = 4096
LAST = 1 << (ismrmrd.ACQ_LAST_IN_SLICE - 1) | 1 << (ismrmrd.ACQ_LAST_IN_PHASE - 1)
LAST_IN_REPETITION = 1 << (ismrmrd.ACQ_LAST_IN_REPETITION - 1)
LAST_IN_MEASUREMENT = 1 << (ismrmrd.ACQ_LAST_IN_MEASUREMENT - 1)


@dataclass(frozen=True)
class Window:
    """How the frames of a series are reconstructed together.

    Attributes:
        size: frames; 1 for each frame by itself.
        margin: frames at the end of a window that the next one gives, because a frame is better
            with others on both sides; as many before its first new frame are there for the same.
    """

    size: int = 1
    margin: int = 0

    def __post_init__(self) -> None:
        if self.size < 1 or self.margin < 0 or self.size <= 2 * self.margin:
            raise UsageError(
                f"a window of {self.size} frames must be longer than two margins of {self.margin}"
            )


@dataclass(frozen=True, eq=False)
class Task:
    """Frames to reconstruct together.

    Attributes:
        series: that they are of.
        frames: in their order.
        given: which of them are new; the others only help.
        alone: whether no other task of the series came before or is expected.
    """

    series: Series
    frames: tuple[Frame, ...]
    given: slice
    alone: bool


@dataclass(eq=False)
class Series:
    """The frames of one slice, in the order in which they became complete.

    Attributes:
        window: how many are reconstructed together.
        expected: how many the header counts; 0 when unknown.
        calibration: readouts for coil maps alone.
        open: frames that are not complete, by repetition and phase.
        late: readouts of frames that were complete.
    """

    window: Window
    expected: int
    calibration: Frame | None = None
    open: dict[tuple[int, int], Frame] = field(default_factory=dict)
    late: int = 0
    _done: dict[tuple[int, int], None] = field(default_factory=dict)
    _kept: list[Frame] = field(default_factory=list)
    _dropped: int = 0
    _given: int = 0
    _next: int = 0

    def frames(self) -> Iterable[Frame]:
        """All that are held."""
        yield from self.open.values()
        yield from self._kept
        if self.calibration is not None:
            yield self.calibration

    def was_complete(self, key: tuple[int, int]) -> bool:
        """Whether this frame was complete before."""
        return key in self._done

    def before(self, repetition: int) -> list[Task]:
        """What follows from the end of all earlier repetitions."""
        earlier = sorted(key for key in self.open if key[0] < repetition)
        return [task for key in earlier for task in self.complete(key)]

    def complete(self, key: tuple[int, int]) -> list[Task]:
        """What follows from the end of a frame."""
        if key not in self.open:
            return []
        self._done[key] = None
        if len(self._done) > REMEMBERED:  # counters of long films start anew
            del self._done[next(iter(self._done))]
        self._kept.append(self.open.pop(key))
        return self._tasks(ending=False)

    def finish(self) -> list[Task]:
        """What follows from the end of all frames."""
        tasks = [task for key in sorted(self.open) for task in self.complete(key)]
        return tasks + self._tasks(ending=True)

    def _tasks(self, ending: bool) -> list[Task]:
        """The windows that are full; at the end the rest, in a window as full as can be."""
        size, margin = self.window.size, self.window.margin
        tasks, total = [], self._dropped + len(self._kept)
        while total - self._next > size or (total - self._next == size and not self._all(total)):
            stop = self._next + size
            tasks.append(
                self._task(self._next, stop, stop - margin, size == 1 and not self.expected)
            )
            self._next = stop - 2 * margin
        if (ending or self._all(total)) and self._given < total:
            tasks.append(self._task(max(0, total - size), total, total, True))
            self._next = max(0, total - margin)
        unneeded = max(0, min(self._next, total - size) - self._dropped)
        del self._kept[:unneeded]
        self._dropped += unneeded
        return tasks

    def _all(self, total: int) -> bool:
        return total == self.expected

    def _task(self, start: int, stop: int, end: int, last: bool) -> Task:
        """The frames from ``start`` to ``stop``, new ones given up to ``end``."""
        frames = tuple(self._kept[start - self._dropped : stop - self._dropped])
        given, alone = slice(self._given - start, end - start), last and self._given == 0
        self._given = end
        return Task(self, frames, given, alone)


class Plan:
    """Sorts the readouts of one session into frames.

    Attributes:
        skipped: readouts that belong to no image.
    """

    def __init__(self, header: MrdHeader, window: Window, limits: Limits) -> None:
        self._mode, self._window = header.calibration, window
        self._expected = header.frames if header.frames > 1 else 0
        self.grid = Grid(header, limits)
        self.skipped = 0
        self._noise: Noise | None = Noise()
        self._whitening: Samples | None = None
        self._series: dict[tuple[int, int, int], Series] = {}

    @property
    def late(self) -> int:
        """Readouts of frames that were complete."""
        return sum(series.late for series in self._series.values())

    @property
    def whitened(self) -> bool:
        """Whether noise readouts made the noise white."""
        return self._whitening is not None

    def frames(self) -> Iterable[Frame]:
        """All frames that are held."""
        for series in self._series.values():
            yield from series.frames()

    def add(self, readout: Readout, now: float) -> list[Task]:
        """Put a readout where it belongs.

        Args:
            readout: that came.
            now: when, in seconds.

        Returns:
            What can be reconstructed now.

        Raises:
            DataError: it does not fit the header or those before it.
        """
        head = readout.head
        purpose = purpose_of(head, self._mode)
        tasks: list[Task] = []
        if purpose is Purpose.NOISE and self._noise is not None:
            self._noise.add(complex_samples(head, readout.data))
        elif purpose in (Purpose.NOISE, Purpose.NOTHING):
            self.skipped += 1
        else:
            tasks = self._place(readout, purpose, now)
        flags = int(head["flags"])
        if flags & LAST_IN_REPETITION:
            later = int(head["idx"]["repetition"]) + 1
            for series in self._series.values():
                tasks += series.before(later)
        if flags & LAST_IN_MEASUREMENT:
            tasks += self.finish()
        return tasks

    def finish(self) -> list[Task]:
        """What follows from the end of all readouts."""
        return [task for series in self._series.values() for task in series.finish()]

    def needed(self, readout: Readout) -> int:
        """Bytes that a readout will take, beyond those that are held."""
        head = readout.head
        if purpose_of(head, self._mode) in (Purpose.NOISE, Purpose.NOTHING):
            return 0
        series = self._series.get(_series_key(head))
        fresh = series is None or _frame_key(head) not in series.open
        coils, (height, width) = int(head["active_channels"]), self.grid.shape
        return height * width * (8 * coils + 4) if fresh else 0

    def _place(self, readout: Readout, purpose: Purpose, now: float) -> list[Task]:
        head = readout.head
        line, start, samples = self.grid.place(readout)
        samples = self._white(samples)
        series = self._series.setdefault(_series_key(head), Series(self._window, self._expected))
        if purpose is Purpose.MAPS:
            series.calibration = series.calibration or self.grid.frame(head)
            series.calibration.add(line, start, samples, imaging=False)
            return []
        key = _frame_key(head)
        tasks = series.before(key[0])
        if series.was_complete(key):
            series.late += 1
            return tasks
        if key not in series.open:
            series.open[key] = self.grid.frame(head)
        frame = series.open[key]
        frame.add(line, start, samples, imaging=purpose is Purpose.IMAGE)
        frame.last = now
        return tasks + (series.complete(key) if int(head["flags"]) & LAST else [])

    def _white(self, samples: Samples) -> Samples:
        """Samples (coil, x) with white noise; the first of them ends the noise readouts."""
        if self._noise is not None:
            self._whitening, self._noise = self._noise.whitening(), None
        if self._whitening is None:
            return samples
        if len(self._whitening) != len(samples):
            raise DataError(
                f"the noise readouts have {len(self._whitening)} coils, the image {len(samples)}"
            )
        white: Samples = self._whitening @ np.ascontiguousarray(samples)
        return white


def _series_key(head: Head) -> tuple[int, int, int]:
    counters = head["idx"]
    return int(counters["slice"]), int(counters["set"]), int(counters["contrast"])


def _frame_key(head: Head) -> tuple[int, int]:
    return int(head["idx"]["repetition"]), int(head["idx"]["phase"])
