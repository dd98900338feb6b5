"""A client of the streaming protocol: sends a scan readout by readout, takes the images."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from feathermr.acquisition import Acquisition, Header
from feathermr.acquisition.geometry import affine_rows
from feathermr.acquisition.mrd_writer import mrd_rows, mrd_xml
from feathermr.core.errors import DataError
from feathermr.core.progress import Progress, silent
from feathermr.deploy.server.limits import Limits
from feathermr.deploy.server.wire import (
    Close,
    ConfigFile,
    Head,
    HeaderText,
    Image,
    Message,
    Readout,
    Text,
    encoded,
    reading,
)

#: what the server's texts start with when something failed
ERROR = "error: "
#: the images that a client takes may be larger than the readouts that a server takes
LIMITS = Limits(message=2**31)


@dataclass(frozen=True)
class Reply:
    """What a server sent.

    Attributes:
        images: in the order in which they came.
        texts: sentences.
        seconds: after the first readout was sent, when each image came.
        frames_sent: when the last readout of each frame was sent, in their order.
    """

    images: tuple[Image, ...]
    texts: tuple[str, ...]
    seconds: tuple[float, ...]
    frames_sent: tuple[float, ...]

    @property
    def sent(self) -> float:
        """When the last readout was sent."""
        return self.frames_sent[-1] if self.frames_sent else 0.0

    @property
    def errors(self) -> tuple[str, ...]:
        """Sentences on what failed."""
        return tuple(text.removeprefix(ERROR) for text in self.texts if text.startswith(ERROR))


def readouts_of(acquisition: Acquisition) -> Iterator[Readout]:
    """The readouts of a scan, noise first.

    Raises:
        DataError: samples are skipped along x or differ between coils; readouts are whole rows.
    """
    for row in mrd_rows(acquisition):
        head = row["head"]
        path = np.zeros((int(head["number_of_samples"]), 0), np.float32)
        yield Readout(head, row["data"], path)


class Connection:
    """An open connection to a server."""

    def __init__(self, host: str, port: int, seconds: float = 600.0) -> None:
        try:
            self._socket = socket.create_connection((host, port), timeout=seconds)
        except OSError as error:
            raise DataError(
                f"no server answers at {host}:{port} ({error.strerror or error}); start one with "
                "feathermr serve"
            ) from error
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._stream = self._socket.makefile("rb")

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *error: object) -> None:
        self._stream.close()
        self._socket.close()

    def send(self, message: Message) -> None:
        """Send a message."""
        self._socket.sendall(encoded(message))

    def messages(self) -> Iterator[Message]:
        """What the server sends, up to its last message.

        Raises:
            DataError: it ended in the middle, or was silent for too long.
        """
        while True:
            message = self._message()
            if isinstance(message, Close):
                return
            yield message

    def shut(self) -> None:
        """Wake whoever waits for the server, or sends to it."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def _message(self) -> Message:
        steps = reading(LIMITS)
        wanted = next(steps)
        while True:
            try:
                raw = self._stream.read(wanted)
            except OSError as error:
                raise DataError(f"the connection broke: {error.strerror or error}") from error
            if len(raw) < wanted:
                raise DataError("the server ended the connection before it was done")
            try:
                wanted = steps.send(raw)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]


def send(
    acquisition: Acquisition,
    host: str = "127.0.0.1",
    port: int = 9002,
    *,
    method: str = "",
    frames_a_second: float = 0.0,
    progress: Progress = silent,
) -> Reply:
    """Stream a scan to a server and take its images.

    Args:
        acquisition: the scan; known coil maps stay here, as a scanner has none.
        host: the server's address.
        port: the server's.
        method: the name of the configuration; empty for the server's own.
        frames_a_second: the pace of a scanner; 0 for as fast as the server takes them.
        progress: told after every image.

    Raises:
        DataError: no server, a connection that broke, or a scan that cannot be streamed.
    """
    readouts = list(readouts_of(acquisition))
    images: list[Image] = []
    texts: list[str] = []
    seconds: list[float] = []
    with Connection(host, port) as connection:
        first = (ConfigFile(method), HeaderText(mrd_xml(acquisition)))
        sending = _Sending(connection, first, readouts, frames_a_second)
        sending.start()
        try:
            for message in connection.messages():
                if isinstance(message, Text):
                    texts.append(message.text)
                elif isinstance(message, Image):
                    seconds.append(time.monotonic() - sending.begun)
                    images.append(message)
                    progress(len(images), acquisition.n_slices * acquisition.n_frames)
        finally:
            connection.shut()
            sending.join()
    return Reply(tuple(images), tuple(texts), tuple(seconds), tuple(sending.frames_sent))


class _Sending(threading.Thread):
    """Sends the readouts while images are taken."""

    def __init__(
        self,
        connection: Connection,
        first: tuple[Message, ...],
        readouts: list[Readout],
        pace: float,
    ) -> None:
        super().__init__(daemon=True)
        self._connection, self._first = connection, first
        self._readouts, self._pace = readouts, pace
        self.begun = time.monotonic()
        self.frames_sent: list[float] = []

    def run(self) -> None:
        """Send all; an error shows where images are taken."""
        with suppress(OSError):
            for message in self._first:
                self._connection.send(message)
            self.begun = time.monotonic()
            for frame, readouts in enumerate(_by_frame(self._readouts)):
                for number, readout in enumerate(readouts):
                    if self._pace:
                        due = self.begun + (frame + (number + 1) / len(readouts)) / self._pace
                        time.sleep(max(0.0, due - time.monotonic()))
                    self._connection.send(readout)
                self.frames_sent.append(time.monotonic() - self.begun)
            self._connection.send(Close())


def _by_frame(readouts: Iterable[Readout]) -> Iterator[list[Readout]]:
    """The readouts of one frame after the other."""
    held: list[Readout] = []
    for readout in readouts:
        if held and not np.array_equal(_place(held[-1]), _place(readout)):
            yield held
            held = []
        held.append(readout)
    if held:
        yield held


def _place(readout: Readout) -> tuple[int, ...]:
    counters = readout.head["idx"]
    return tuple(int(counters[name]) for name in ("slice", "repetition", "phase"))


def volume_of(images: Iterable[Image], header: Header) -> tuple[Tensor, Header]:
    """Images as one array (slice, frame, y, x), and where they lie by their own headers.

    Args:
        images: of one size.
        header: of the scan: what the images do not say.

    Raises:
        DataError: no image came, some are missing, or sizes differ.
    """
    held: dict[tuple[int, tuple[int, ...]], Image] = {}
    for image in images:
        counters = [int(image.head[name]) for name in ("set", "contrast", "repetition", "phase")]
        held[int(image.head["slice"]), tuple(counters)] = image
    slices = sorted({key[0] for key in held})
    frames = sorted({key[1] for key in held})
    shapes = {image.pixels.shape for image in held.values()}
    if not held:
        raise DataError("the server sent no image")
    if len(held) != len(slices) * len(frames) or len(shapes) > 1:
        raise DataError(
            f"the server sent {len(held)} images of {len(slices)} slices and {len(frames)} frames, "
            f"in {len(shapes)} sizes; they make no volume"
        )
    volume = np.stack([np.stack([held[s, f].pixels[0, 0] for f in frames]) for s in slices])
    height, width = volume.shape[-2:]
    first, last = (held[number, frames[0]].head for number in (slices[0], slices[-1]))
    header = replace(header, image_shape=(height, width))
    return torch.from_numpy(volume), _placed(header, first, last, (len(slices), height, width))


def _placed(header: Header, first: Head, last: Head, shape: tuple[int, int, int]) -> Header:
    """The header with the place of the images, where they say it.

    Args:
        header: of the scan.
        first: of the images of the first slice.
        last: of those of the last slice.
        shape: (slice, y, x).
    """
    directions = np.array([first[name] for name in ("read_dir", "phase_dir", "slice_dir")]).T
    lengths = np.array(first["field_of_view"], dtype=float) * 1e-3
    if lengths.min() <= 0 or abs(np.linalg.det(directions)) < 0.5:
        return replace(header, spacing=None, affine=None)
    steps = lengths / (shape[2], shape[1], 1)
    centers = np.array([first["position"], last["position"]], dtype=float) * 1e-3
    affine = np.eye(4)
    affine[:3, :3] = directions * steps
    if shape[0] > 1:
        affine[:3, 2] = (centers[1] - centers[0]) / (shape[0] - 1)
        steps[2] = np.linalg.norm(affine[:3, 2]) or steps[2]
    affine[:3, 3] = centers[0] - affine[:3, :2] @ np.array([shape[2] // 2, shape[1] // 2])
    affine[:2] *= -1  # left and back become right and front
    spacing = (float(steps[2]), float(steps[1]), float(steps[0]))
    return replace(header, spacing=spacing, affine=affine_rows(affine))
