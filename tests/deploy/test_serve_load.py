"""Many sessions: none loses an image, and memory does not grow."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from feathermr.deploy.client import Reply, send
from feathermr.deploy.server.metrics import resident_bytes
from serving import Running, running
from synthetic import accelerated, scan

SCAN = accelerated(scan(2, 1, 3, (24, 20), known_maps=False), keep=0.5, center=8)


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running(workers=2) as started:
        yield started


def many(server: Running, sessions: int, clients: int) -> list[Reply]:
    """What clients at once get in their sessions."""
    replies: list[Reply] = []

    def client() -> None:
        for _ in range(sessions):
            replies.append(send(SCAN, port=server.port))

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return replies


def test_sixteen_clients_at_once_get_all_their_images(server: Running) -> None:
    replies = many(server, 2, 16)
    assert [len(reply.images) for reply in replies] == [2] * 32
    assert not any(reply.texts for reply in replies)


@pytest.mark.slow
def test_memory_does_not_grow_over_sessions(server: Running) -> None:
    def memory() -> int:
        return sum(resident_bytes(process) for process in server.server.pool.processes)

    many(server, 100, 1)
    before, own = memory(), resident_bytes()
    assert sum(len(reply.images) for reply in many(server, 400, 1)) == 800
    assert memory() < 1.02 * before
    assert resident_bytes() < 1.05 * own
