"""A real server in a thread, for clients over real sockets."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from feathermr.deploy.server import Limits, Offer, Server, ServerConfig

FREE = ServerConfig(port=0, health_port=0, workers=1)


class Running:
    """A server that serves."""

    def __init__(self, config: ServerConfig) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever)
        self._thread.start()
        self.server = Server(config)
        try:
            self._wait(self.server.start())
        except BaseException:
            self._end()
            raise
        self.port, self.health_port = self.server.ports

    def stop(self) -> None:
        """As a signal would; once."""
        if self.loop.is_closed():
            return
        self._wait(self.server.stop())
        self._end()

    def _end(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()

    def _wait(self, work: object) -> None:
        asyncio.run_coroutine_threadsafe(work, self.loop).result(300)  # type: ignore[arg-type]


@contextmanager
def running(
    offer: Offer | None = None, limits: Limits | None = None, workers: int = 1
) -> Iterator[Running]:
    """A server while the block lasts."""
    config = replace(
        FREE, offer=offer or Offer("zero-filled"), limits=limits or Limits(), workers=workers
    )
    server = Running(config)
    try:
        yield server
    finally:
        server.stop()
