"""The messages of the ISMRMRD streaming protocol, to bytes and from bytes.

A message is a number (uint16) and what belongs to it, all little-endian:

======  ==============  ==========================================================================
number  message         what follows
======  ==============  ==========================================================================
1       `ConfigFile`    1024 bytes, a name that ends with a zero
2       `ConfigText`    uint32 length, text
3       `HeaderText`    uint32 length, the XML header
4       `Close`         nothing
5       `Text`          uint32 length, text
1008    `Readout`       header (340 bytes), trajectory (float32), samples (complex64)
1022    `Image`         header (198 bytes), uint64 length, attributes (XML), pixels
1026    `Waveform`      header (40 bytes), values (uint32)
======  ==============  ==========================================================================

Reading is a generator that asks for a number of bytes and is sent exactly these, so that the same
lines serve a socket, a stream and a test. Every length is held against `Limits` before it is asked
for. Reference: Inati et al. 2017, doi:10.1002/mrm.26089; the headers are those of ``ismrmrd``.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt
from ismrmrd.hdf5 import acquisition_header_dtype, image_header_dtype, waveform_header_dtype

from feathermr.core.errors import DataError
from feathermr.deploy.server.limits import Limits

Head = npt.NDArray[np.void]

#: bytes of a configuration's name
NAME = 1024
#: number of a kind of pixels -> what it is
PIXELS: dict[int, np.dtype[np.generic]] = {
    1: np.dtype("<u2"),
    2: np.dtype("<i2"),
    3: np.dtype("<u4"),
    4: np.dtype("<i4"),
    5: np.dtype("<f4"),
    6: np.dtype("<f8"),
    7: np.dtype("<c8"),
    8: np.dtype("<c16"),
}


class Number(IntEnum):
    """What a message starts with."""

    CONFIG_FILE = 1
    CONFIG_TEXT = 2
    HEADER = 3
    CLOSE = 4
    TEXT = 5
    READOUT = 1008
    IMAGE = 1022
    WAVEFORM = 1026


class WireError(DataError):
    """The bytes are no message of the protocol, or one beyond the limits."""


@dataclass(frozen=True)
class ConfigFile:
    """The name of a configuration."""

    name: str


@dataclass(frozen=True)
class ConfigText:
    """A configuration as text."""

    text: str


@dataclass(frozen=True)
class HeaderText:
    """The XML header."""

    xml: bytes


@dataclass(frozen=True)
class Close:
    """The end of what one side has to say."""


@dataclass(frozen=True)
class Text:
    """A sentence for people."""

    text: str


@dataclass(frozen=True, eq=False)
class Readout:
    """One readout.

    Attributes:
        head: its header, of ISMRMRD's type, without an axis.
        data: float32, real and imaginary parts in turn, coil after coil.
        trajectory: float32 (sample, dimension).
    """

    head: Head
    data: npt.NDArray[np.float32]
    trajectory: npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Image:
    """One image.

    Attributes:
        head: its header; kind of pixels, sizes and length of the attributes follow from the rest.
        attributes: XML.
        pixels: (channel, z, y, x).
    """

    head: Head
    attributes: str
    pixels: npt.NDArray[np.generic]


@dataclass(frozen=True, eq=False)
class Waveform:
    """A physiological signal or the like, uint32 (channel, sample)."""

    head: Head
    values: npt.NDArray[np.uint32]


Message = ConfigFile | ConfigText | HeaderText | Close | Text | Readout | Image | Waveform
#: asks for a number of bytes, is sent these, and returns
Reading = Generator[int, bytes, Message]


def reading(limits: Limits) -> Reading:
    """Read one message.

    Raises:
        WireError: an unknown number, a length beyond the limits, or text that is not UTF-8.

    Example:
        >>> steps = reading(Limits())
        >>> next(steps)
        2
        >>> try:
        ...     steps.send(encoded(Close()))
        ... except StopIteration as end:
        ...     print(end.value)
        Close()
    """
    number = int.from_bytes((yield 2), "little")
    if number not in _READERS:
        known = ", ".join(str(int(each)) for each in Number)
        raise WireError(f"there is no message {number}; this server takes {known}")
    return (yield from _READERS[Number(number)](limits))


def encoded(message: Message) -> bytes:
    """The bytes of a message.

    Raises:
        WireError: a name that is too long.
    """
    match message:
        case ConfigFile(name):
            raw = name.encode()
            if len(raw) >= NAME:
                raise WireError(f"the name of a configuration has at most {NAME - 1} bytes")
            return _number(Number.CONFIG_FILE) + raw.ljust(NAME, b"\0")
        case ConfigText(text):
            return _number(Number.CONFIG_TEXT) + _counted(text.encode())
        case HeaderText(xml):
            return _number(Number.HEADER) + _counted(xml)
        case Text(text):
            return _number(Number.TEXT) + _counted(text.encode())
        case Readout(head, data, trajectory):
            parts = (head.tobytes(), trajectory.tobytes(), data.tobytes())
            return _number(Number.READOUT) + b"".join(parts)
        case Image():
            return _number(Number.IMAGE) + _image_bytes(message)
        case Waveform(head, values):
            return _number(Number.WAVEFORM) + head.tobytes() + values.tobytes()
    return _number(Number.CLOSE)


def _number(number: Number) -> bytes:
    return int(number).to_bytes(2, "little")


def _counted(raw: bytes) -> bytes:
    return len(raw).to_bytes(4, "little") + raw


def _image_bytes(image: Image) -> bytes:
    """Head with the sizes of the pixels, attributes, pixels."""
    raw, head = image.attributes.encode(), image.head.copy()
    kinds = {dtype: number for number, dtype in PIXELS.items()}
    head["data_type"] = kinds[image.pixels.dtype]
    head["channels"] = image.pixels.shape[0]
    head["matrix_size"] = image.pixels.shape[:0:-1]
    head["attribute_string_len"] = len(raw)
    return head.tobytes() + len(raw).to_bytes(8, "little") + raw + image.pixels.tobytes()


def _config_file(limits: Limits) -> Reading:
    raw = yield NAME
    return ConfigFile(_decoded(raw.partition(b"\0")[0], "the name of a configuration"))


def _config_text(limits: Limits) -> Reading:
    raw = yield from _text_bytes(limits, "a configuration")
    return ConfigText(_decoded(raw.rstrip(b"\0"), "a configuration"))


def _header_text(limits: Limits) -> Reading:
    raw = yield from _text_bytes(limits, "an XML header")
    return HeaderText(raw.rstrip(b"\0"))


def _text(limits: Limits) -> Reading:
    raw = yield from _text_bytes(limits, "a text")
    return Text(_decoded(raw.rstrip(b"\0"), "a text"))


def _text_bytes(limits: Limits, what: str) -> Generator[int, bytes, bytes]:
    length = int.from_bytes((yield 4), "little")
    return (yield _checked(length, limits.text, what))


def _close(limits: Limits) -> Reading:
    yield from ()
    return Close()


def _readout(limits: Limits) -> Reading:
    head = _head((yield acquisition_header_dtype.itemsize), acquisition_header_dtype)
    coils, samples = int(head["active_channels"]), int(head["number_of_samples"])
    dimensions = int(head["trajectory_dimensions"])
    if coils > limits.coils:
        raise WireError(f"a readout of {coils} coils is beyond the limit of {limits.coils}")
    path, values = 4 * samples * dimensions, 8 * coils * samples
    _checked(path + values, limits.message, "a readout")
    trajectory = np.frombuffer((yield path), np.float32).reshape(samples, dimensions)
    return Readout(head, np.frombuffer((yield values), np.float32), trajectory)


def _image(limits: Limits) -> Reading:
    head = _head((yield image_header_dtype.itemsize), image_header_dtype)
    length = int.from_bytes((yield 8), "little")
    raw = yield _checked(length, limits.text, "the attributes of an image")
    kind = PIXELS.get(int(head["data_type"]))
    if kind is None:
        raise WireError(f"an image has pixels of the kind {int(head['data_type'])}, not 1 to 8")
    x, y, z = (int(size) for size in head["matrix_size"])
    shape = (int(head["channels"]), z, y, x)
    size = kind.itemsize * shape[0] * z * y * x
    pixels = np.frombuffer((yield _checked(size, limits.message, "an image")), kind)
    text = _decoded(raw.rstrip(b"\0"), "the attributes of an image")
    return Image(head, text, pixels.reshape(shape))


def _waveform(limits: Limits) -> Reading:
    head = _head((yield waveform_header_dtype.itemsize), waveform_header_dtype)
    channels, samples = int(head["channels"]), int(head["number_of_samples"])
    raw = yield _checked(4 * channels * samples, limits.message, "a waveform")
    return Waveform(head, np.frombuffer(raw, np.uint32).reshape(channels, samples))


def _head(raw: bytes, dtype: np.dtype[np.void]) -> Head:
    return np.frombuffer(raw, dtype)[0]  # type: ignore[no-any-return]


def _checked(size: int, limit: int, what: str) -> int:
    if size > limit:
        raise WireError(f"{what} of {size} bytes is beyond the limit of {limit}")
    return size


def _decoded(raw: bytes, what: str) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise WireError(f"{what} is not UTF-8: {error}") from None


_READERS: dict[Number, Callable[[Limits], Reading]] = {
    Number.CONFIG_FILE: _config_file,
    Number.CONFIG_TEXT: _config_text,
    Number.HEADER: _header_text,
    Number.CLOSE: _close,
    Number.TEXT: _text,
    Number.READOUT: _readout,
    Number.IMAGE: _image,
    Number.WAVEFORM: _waveform,
}
