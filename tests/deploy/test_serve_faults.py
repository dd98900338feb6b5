"""Clients that stall, lie, flood or go, workers that are killed: the server says so and lives."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace

import numpy as np
import pytest
from ismrmrd.hdf5 import image_header_dtype

from feathermr.acquisition.mrd_writer import mrd_xml
from feathermr.core.errors import DataError
from feathermr.deploy.client import Connection, readouts_of, send
from feathermr.deploy.server import Limits, Offer
from feathermr.deploy.server.plan import LAST
from feathermr.deploy.server.wire import (
    Close,
    ConfigFile,
    HeaderText,
    Image,
    Message,
    Readout,
    Text,
    encoded,
)
from serving import Running, running
from synthetic import accelerated, scan

SCAN = accelerated(scan(2, 1, 3, (24, 20), known_maps=False), keep=0.5, center=8)
XML = mrd_xml(SCAN)
HEADER = HeaderText(XML)
READOUTS = list(readouts_of(SCAN))
LIMITS = Limits(
    message=200_000, session=150_000, total=250_000, outgoing=100_000, sessions=3, pending=2,
    stalled=0.5, idle=2.0, sending=1.0, grace=0.5, working=20.0, waiting=10.0,
)  # fmt: skip


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running(limits=LIMITS) as started:
        yield started


def answers(server: Running, *messages: Message | bytes) -> list[Message]:
    """What comes back, up to the end."""
    with Connection("127.0.0.1", server.port, 30) as connection:
        for message in messages:
            with suppress(OSError):
                raw = message if isinstance(message, bytes) else encoded(message)
                connection._socket.sendall(raw)
        return list(connection.messages())


def changed(readout: Readout, **counters: int) -> Readout:
    """The readout with another value in its header."""
    head = readout.head.copy()
    for name, value in counters.items():
        (head["idx"] if name in (head["idx"].dtype.names or ()) else head)[name] = value
    return Readout(head, readout.data, readout.trajectory)


def quiet(server: Running, ended: float = 0) -> None:
    """So many sessions ended, and nothing of any client is left."""
    held, end = server.server, time.monotonic() + 20
    while held._sessions or held.metrics["sessions_total"] < ended:
        assert time.monotonic() < end
        time.sleep(0.02)
    assert held._held() == 0


def lives(server: Running) -> None:
    """Nothing of the last client is left, and the next one is served."""
    quiet(server)
    assert len(send(SCAN, port=server.port).images) == 2


def shaped(readout: Readout, coils: int, samples: int, value: float = 1.0) -> Readout:
    """A readout of another shape."""
    path = np.zeros((samples, 0), np.float32)
    head = changed(readout, active_channels=coils, number_of_samples=samples).head
    return Readout(head, np.full(2 * coils * samples, value, np.float32), path)


WRONG: dict[str, tuple[list[Message | bytes], str]] = {
    "an unknown message": ([b"\x99\x99"], "no message 39321"),
    "a huge text": ([b"\x03\x00\xff\xff\xff\xff"], "beyond the limit"),
    "XML that is cut off": ([HeaderText(XML[:-30])], "damaged"),
    "XML of something else": ([HeaderText(b"<a/>")], "not an ismrmrdHeader"),
    "XML with entities": ([HeaderText(b"<!DOCTYPE a [<!ENTITY b 'c'>]>" + XML)], "document type"),
    "XML in another encoding": (
        [HeaderText('<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a><a/>'.encode("utf-16"))],
        "damaged",
    ),
    "no XML": ([HeaderText(b"\xff\xfe\x00")], "damaged"),
    "a matrix of nothing": ([HeaderText(XML.replace(b"<x>20<", b"<x>0<"))], "matrix"),
    "a matrix beyond all": ([HeaderText(XML.replace(b"<x>20<", b"<x>99999999<"))], "limit of 4096"),
    "a negative matrix": ([HeaderText(XML.replace(b"<x>20<", b"<x>-20<"))], "matrix"),
    "a readout first": ([READOUTS[0]], "before the header"),
    "two headers": ([HEADER, HEADER], "second header"),
    "a configuration at last": ([HEADER, ConfigFile("")], "after the header"),
    "an image": (
        [HEADER, Image(np.zeros((), image_header_dtype)[()], "", np.zeros((1, 1, 2, 2), "f4"))],
        "not images",
    ),
    "a line beyond the matrix": (
        [HEADER, changed(READOUTS[0], kspace_encode_step_1=24)], "line counter 24 lies outside",
    ),
    "too many samples": ([HEADER, shaped(READOUTS[0], 3, 21)], "do not fit the encoded matrix"),
    "samples without coils": ([HEADER, shaped(READOUTS[0], 0, 20)], "0 coils"),
    "other coils": ([HEADER, READOUTS[0], shaped(READOUTS[1], 2, 20)], "2 coils, those before"),
    "too many coils": (
        [HEADER, encoded(changed(READOUTS[0], active_channels=60000))], "60000 coils is beyond",
    ),
    "a readout beyond the limit": (
        [HEADER, encoded(changed(READOUTS[0], active_channels=256, number_of_samples=60000))],
        "beyond the limit of 200000",
    ),
    "NaN": ([HEADER, READOUTS[0], shaped(READOUTS[1], 3, 20, float("nan"))], "NaN or infinity"),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_what_a_client_does_wrong_is_told_and_the_server_lives(server: Running, what: str) -> None:
    messages, sentence = WRONG[what]
    found = answers(server, *messages)
    assert [type(one) for one in found] == [Text]
    assert isinstance(found[0], Text)
    assert found[0].text.startswith("error: ")
    assert sentence in found[0].text
    lives(server)


def test_images_that_were_complete_before_a_fault_are_given(server: Running) -> None:
    first = [one for one in READOUTS if one.head["idx"]["slice"] == 0]
    found = answers(server, HEADER, *first, shaped(READOUTS[0], 3, 20, float("nan")))
    assert {type(one) for one in found} == {Image, Text}


def test_whoever_closes_twice_gets_all_images(server: Running) -> None:
    found = answers(server, HEADER, *READOUTS, Close(), Close(), b"more")
    assert [type(one) for one in found] == [Image, Image]


def test_whoever_closes_at_once_gets_a_close(server: Running) -> None:
    assert answers(server, Close()) == []


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [(b"", "no message came for 2 s"), (encoded(READOUTS[0])[:200], "not complete after 0.5 s")],
)
def test_whoever_stalls_is_told_after_a_while(server: Running, raw: bytes, sentence: str) -> None:
    found = answers(server, HEADER, READOUTS[0], raw)
    assert isinstance(found[0], Text)
    assert sentence in found[0].text
    lives(server)


def test_whoever_goes_leaves_nothing_behind(server: Running) -> None:
    ended = server.server.metrics["sessions_total"]
    for messages in ([], [HEADER], [HEADER, *READOUTS[:-1]], [HEADER, *READOUTS]):
        with Connection("127.0.0.1", server.port) as connection:
            for message in messages:
                connection.send(message)
            connection._socket.sendall(encoded(READOUTS[0])[:100])
        ended += 1
        quiet(server, ended)
    lives(server)


def test_a_scan_beyond_the_memory_of_a_session_is_refused(server: Running) -> None:
    many = [changed(READOUTS[0], slice=number) for number in range(20)]
    found = answers(server, HEADER, *many)
    assert "150000 bytes that a session may hold" in " ".join(
        one.text for one in found if isinstance(one, Text)
    )
    lives(server)


def test_more_clients_than_allowed_are_turned_away(server: Running) -> None:
    quiet(server)
    with ExitStack() as held:
        for _ in range(LIMITS.sessions):
            held.enter_context(Connection("127.0.0.1", server.port)).send(HEADER)
        time.sleep(0.2)
        (found,) = answers(server)
        assert isinstance(found, Text)
        assert "3 clients are served already" in found.text
    lives(server)


def flood(connection: Connection, server: Running) -> int:
    """Send frames until the connection breaks; the most k-space that was held meanwhile."""
    most = 0
    for number in range(60_000):
        try:
            connection.send(changed(READOUTS[0], repetition=number, flags=LAST))
        except OSError:
            return most
        most = max(most, server.server._held())
    raise AssertionError("the server took everything")


@pytest.mark.slow
def test_whoever_does_not_read_is_held_back_and_given_up_in_the_end(server: Running) -> None:
    with Connection("127.0.0.1", server.port, 30) as connection:
        connection._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.send(HEADER)
        assert 0 < flood(connection, server) <= LIMITS.session
    lives(server)


def test_a_worker_that_is_killed_is_replaced_and_its_session_told(server: Running) -> None:
    (old,) = server.server.pool.processes
    os.kill(old, signal.SIGSTOP)
    killer = threading.Timer(0.5, os.kill, (old, signal.SIGKILL))
    killer.start()
    reply = send(SCAN, port=server.port)
    assert len(reply.images) == 2
    assert "the worker that computed it was lost; it is computed again" in reply.texts[0]
    assert reply.errors == ()
    (new,) = server.server.pool.processes
    assert new != old
    assert server.server.metrics["workers_lost_total"] >= 1


@pytest.mark.slow
def test_a_worker_that_takes_too_long_is_ended_and_the_image_given_up() -> None:
    with running(Offer("tv"), LIMITS, workers=2) as server:
        server.server.pool._limits = replace(LIMITS, working=0.001, waiting=60.0)
        reply = send(SCAN.slices(0, 1), port=server.port)
    assert reply.images == ()
    assert "took longer than 0.001 s and was ended, for the second time" in reply.errors[0]


def test_a_server_that_is_stopped_finishes_what_was_complete() -> None:
    first = [one for one in READOUTS if one.head["idx"]["slice"] == 0]
    with running(limits=LIMITS) as server:
        with Connection("127.0.0.1", server.port) as connection:
            for message in (HEADER, *first, changed(READOUTS[-1], flags=0)):
                connection.send(message)
            time.sleep(0.3)
            stopping = threading.Thread(target=server.stop)
            stopping.start()
            found = list(connection.messages())
        stopping.join()
        with pytest.raises(DataError, match="no server answers"):
            Connection("127.0.0.1", server.port)
    assert [type(one) for one in found] == [Image, Text]
    assert isinstance(found[1], Text)
    assert "the server stops" in found[1].text
