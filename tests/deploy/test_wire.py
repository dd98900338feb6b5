"""Messages byte by byte, beside the serialiser of the ``ismrmrd`` package."""

import io
from collections.abc import Callable
from typing import Any

import ismrmrd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ismrmrd.hdf5 import acquisition_header_dtype, image_header_dtype, waveform_header_dtype

from feathermr.deploy.server.limits import Limits
from feathermr.deploy.server.wire import (
    PIXELS,
    Close,
    ConfigFile,
    ConfigText,
    HeaderText,
    Image,
    Message,
    Number,
    Readout,
    Text,
    Waveform,
    WireError,
    encoded,
    reading,
)

SMALL = Limits(text=300, message=4000, coils=8)
ALL = st.binary(min_size=1, max_size=acquisition_header_dtype.itemsize)


def read(raw: bytes, limits: Limits = SMALL) -> tuple[Message | None, int, int]:
    """The message (``None`` when it is cut off), bytes taken, largest number asked for."""
    steps, place, largest = reading(limits), 0, 0
    wanted = next(steps)
    try:
        while place + wanted <= len(raw):
            largest = max(largest, wanted)
            place += wanted
            wanted = steps.send(raw[place - wanted : place])
    except StopIteration as end:
        return end.value, place, largest
    return None, place, max(largest, wanted)


def filled(dtype: np.dtype[Any], raw: bytes) -> Any:
    """A head of arbitrary bytes."""
    head = np.frombuffer(raw.ljust(dtype.itemsize, raw[:1])[: dtype.itemsize], dtype)
    return head[0].copy()


texts = st.text(max_size=60).filter(lambda text: not text.endswith("\0"))
names = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=200)
sizes = st.integers(0, 6)


@st.composite
def readouts(draw: Callable[..., Any]) -> Readout:
    head = filled(acquisition_header_dtype, draw(ALL))
    coils, samples, dimensions = draw(sizes), draw(sizes), draw(st.integers(0, 3))
    head["active_channels"], head["number_of_samples"] = coils, samples
    head["trajectory_dimensions"] = dimensions
    values = np.frombuffer(draw(st.binary(min_size=8 * 36 + 72, max_size=8 * 36 + 72)), np.float32)
    path = values[: samples * dimensions].reshape(samples, dimensions)
    return Readout(head, values[18 : 18 + 2 * coils * samples], path)


@st.composite
def images(draw: Callable[..., Any]) -> Image:
    kind = PIXELS[draw(st.sampled_from(sorted(PIXELS)))]
    shape = tuple(draw(st.tuples(*[st.integers(0, 3)] * 4)))
    size = kind.itemsize * int(np.prod(shape))
    pixels = np.frombuffer(draw(st.binary(min_size=size, max_size=size)), kind).reshape(shape)
    return Image(filled(image_header_dtype, draw(ALL)), draw(texts), pixels)


@st.composite
def waveforms(draw: Callable[..., Any]) -> Waveform:
    head = filled(waveform_header_dtype, draw(ALL))
    head["channels"], head["number_of_samples"] = shape = draw(st.tuples(sizes, sizes))
    return Waveform(head, np.arange(shape[0] * shape[1], dtype=np.uint32).reshape(shape))


messages: st.SearchStrategy[Message] = st.one_of(
    names.map(ConfigFile),
    texts.map(ConfigText),
    texts.map(lambda text: HeaderText(text.encode())),
    texts.map(Text),
    st.just(Close()),
    readouts(),
    images(),
    waveforms(),
)


@settings(deadline=None)
@given(messages, st.binary(max_size=10))
def test_a_message_comes_back_and_takes_no_byte_of_the_next(message: Message, more: bytes) -> None:
    raw = encoded(message)
    found, taken, _ = read(raw + more)
    assert taken == len(raw)
    assert type(found) is type(message)
    assert encoded(found) == raw


@settings(deadline=None)
@given(messages, st.data())
def test_a_message_that_is_cut_off_anywhere_only_asks_for_more(
    message: Message, data: st.DataObject
) -> None:
    raw = encoded(message)
    cut = data.draw(st.integers(0, len(raw) - 1))
    assert read(raw[:cut])[0] is None


@settings(deadline=None, max_examples=300)
@given(st.sampled_from([int(number) for number in Number] + [0, 6, 1030]), st.binary(max_size=600))
def test_arbitrary_bytes_give_a_message_or_a_refusal_and_never_ask_for_more_than_allowed(
    number: int, raw: bytes
) -> None:
    try:
        largest = read(number.to_bytes(2, "little") + raw)[2]
    except WireError:
        return
    assert largest <= SMALL.message


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (b"\x03\x00\xff\xff\xff\xff", "an XML header of 4294967295 bytes"),
        (b"\x02\x00" + (301).to_bytes(4, "little"), "a configuration of 301 bytes"),
        (b"\x05\x00\x02\x00\x00\x00\xff\xfe", "not UTF-8"),
        (b"\x07\x00", "no message 7"),
    ],
)
def test_lengths_and_texts_that_lie_are_refused(raw: bytes, sentence: str) -> None:
    with pytest.raises(WireError, match=sentence):
        read(raw)


def test_sizes_that_lie_are_refused_before_their_bytes_are_asked_for() -> None:
    head = np.zeros((), acquisition_header_dtype)
    head["active_channels"], head["number_of_samples"] = 8, 65535
    with pytest.raises(WireError, match="a readout of 4194240 bytes"):
        read(b"\xf0\x03" + head.tobytes())
    head["active_channels"] = 9
    with pytest.raises(WireError, match="9 coils"):
        read(b"\xf0\x03" + head.tobytes())
    image = np.zeros((), image_header_dtype)
    image["data_type"], image["channels"], image["matrix_size"] = 7, 65535, 65535
    with pytest.raises(WireError, match="an image of"):
        read(b"\xfe\x03" + image.tobytes() + bytes(8))


def test_our_bytes_are_those_of_the_ismrmrd_package() -> None:
    values = (np.arange(12) + 1j).astype(np.complex64).reshape(2, 6)
    readout = ismrmrd.Acquisition.from_array(values, scan_counter=7, center_sample=3)
    picture = ismrmrd.Image.from_array(values, slice=2)
    picture.meta = ismrmrd.Meta({"a": "b"})
    signal = ismrmrd.Waveform.from_array(np.arange(6, dtype=np.uint32).reshape(2, 3))
    theirs = io.BytesIO()
    serializer = ismrmrd.ProtocolSerializer(theirs)
    things = (
        ismrmrd.ConfigFile("tv"),
        ismrmrd.ConfigText("tv"),
        "a text",
        readout,
        picture,
        signal,
    )
    for thing in things:
        serializer.serialize(thing)
    serializer.close()
    raw, place, found = theirs.getvalue(), 0, []
    while place < len(raw):
        message, taken, _ = read(raw[place:])
        assert message is not None
        found.append(message)
        place += taken
    assert b"".join(encoded(message) for message in found) == raw
    assert found[:3] == [ConfigFile("tv"), ConfigText("tv"), Text("a text")]
    assert found[-1] == Close()
    assert isinstance(found[3], Readout)
    assert int(found[3].head["scan_counter"]) == 7
    assert np.array_equal(found[3].data.view(np.complex64).reshape(2, 6), values)
    assert isinstance(found[4], Image)
    assert int(found[4].head["slice"]) == 2
    assert np.array_equal(found[4].pixels[0, 0], values)
