"""What goes between the server and a worker: a line of JSON, and arrays in memory that both see.

Nothing is pickled. A worker has one such memory, a file without a name that its server made and
both mapped; it grows to the largest job and is gone when both have ended, however they end.
"""

from __future__ import annotations

import json
import mmap
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from feathermr.core.settings import Setting

Arrays = Mapping[str, npt.NDArray[np.generic]]

#: arrays start at multiples of this
ALIGNED = 64
#: bytes that tell the length of a line
PREFIX = 4


@dataclass(frozen=True)
class Job:
    """Frames to reconstruct.

    Attributes:
        method: in ``METHODS``, ``auto``, or what the operator of the server gave.
        runtime: that executes the convolutions of learned methods; empty for torch as it is.
        precision: of the runtime.
        header: of the scan, as text.
        calibrate: estimate coil maps once and send them back, for jobs of the same slice.
        partial: the frames are some of a longer film, so that the first does not follow the last.
        arrays: ``kspace`` (frame, coil, y, x) and ``mask`` (frame, y, x); ``mixing`` (virtual coil,
            coil) and ``maps`` (virtual coil, y, x), if known; ``calibration`` (coil, y, x) and
            ``calibrated`` (y, x), if there are readouts for maps alone.
    """

    method: str
    runtime: str
    precision: str
    header: str
    calibrate: bool
    partial: bool
    arrays: Arrays = field(repr=False)


@dataclass(frozen=True)
class Answer:
    """Images of a job.

    Attributes:
        method: its name.
        version: of this package.
        scale: the factor that the samples were divided by.
        seconds: that the method took.
        weights: SHA-256 of the network's file; empty for a classical method.
        settings: of the method.
        notes: on what was done.
        arrays: ``image`` (frame, y, x), complex; ``mixing`` and ``maps`` if they were asked for.
    """

    method: str
    version: str
    scale: float
    seconds: float
    weights: str
    settings: Mapping[str, Setting]
    notes: tuple[str, ...]
    arrays: Arrays = field(repr=False)


@dataclass(frozen=True)
class Failure:
    """Why there is no image.

    Attributes:
        sentence: for people.
        expected: whether it is the data's fault, not the program's.
    """

    sentence: str
    expected: bool


class SharedMemory:
    """Memory that a server and one of its workers both see."""

    def __init__(self, descriptor: int | None = None) -> None:
        self.descriptor = _nameless() if descriptor is None else descriptor
        self._map: mmap.mmap | None = None

    def put(self, arrays: Arrays) -> list[dict[str, Any]]:
        """Copy arrays in, and say where they lie."""
        places, end = [], 0
        for name, array in arrays.items():
            places.append(
                {"name": name, "dtype": array.dtype.str, "shape": array.shape, "start": end}
            )
            end += -(-array.nbytes // ALIGNED) * ALIGNED
        if os.fstat(self.descriptor).st_size < end:
            os.ftruncate(self.descriptor, end)
        views = self.see(places)
        for name, array in arrays.items():
            np.copyto(views[name], array)
        return places

    def see(self, places: list[dict[str, Any]]) -> dict[str, npt.NDArray[np.generic]]:
        """The arrays that lie there, not copied."""
        size = os.fstat(self.descriptor).st_size
        if size and (self._map is None or len(self._map) < size):
            self._map = mmap.mmap(self.descriptor, size)
        return {place["name"]: self._view(place) for place in places}

    def _view(self, place: dict[str, Any]) -> npt.NDArray[np.generic]:
        shape, dtype = tuple(place["shape"]), np.dtype(place["dtype"])
        if self._map is None or 0 in shape:
            return np.zeros(shape, dtype)
        return np.ndarray(shape, dtype, self._map, place["start"])

    def close(self) -> None:
        """Let it go; arrays that are still seen keep it."""
        self._map = None
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


def _nameless() -> int:
    """A file without a name, in memory where the system can."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("feathermr")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def job_to_line(job: Job, memory: SharedMemory) -> bytes:
    """The line of a job whose arrays are put into the memory."""
    words = {
        name: getattr(job, name)
        for name in ("method", "runtime", "precision", "header", "calibrate", "partial")
    }
    return _line({**words, "arrays": memory.put(job.arrays)})


def job_from_line(line: bytes, memory: SharedMemory) -> Job:
    """The job of a line, with arrays that lie in the memory."""
    given = json.loads(line)
    return Job(**{**given, "arrays": memory.see(given["arrays"])})


def answer_to_line(answer: Answer | Failure, memory: SharedMemory) -> bytes:
    """The line of an answer whose arrays are put into the memory."""
    if isinstance(answer, Failure):
        return _line({"failure": asdict(answer)})
    words = {
        name: getattr(answer, name)
        for name in ("method", "version", "scale", "seconds", "weights", "notes")
    }
    words |= {"settings": dict(answer.settings), "arrays": memory.put(answer.arrays)}
    return _line({"answer": words})


def answer_from_line(line: bytes, memory: SharedMemory) -> Answer | Failure:
    """The answer of a line; its arrays are copies."""
    given = json.loads(line)
    if "failure" in given:
        return Failure(**given["failure"])
    words = given["answer"]
    arrays = {name: view.copy() for name, view in memory.see(words["arrays"]).items()}
    return Answer(**{**words, "notes": tuple(words["notes"]), "arrays": arrays})


def _line(words: dict[str, Any]) -> bytes:
    raw = json.dumps(words).encode()
    return len(raw).to_bytes(PREFIX, "little") + raw
