"""The server: takes connections, keeps workers, stops when told to."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import torch

from feathermr.acquisition import Header
from feathermr.acquisition.header_text import header_to_text
from feathermr.core.errors import DataError
from feathermr.core.seeding import generator
from feathermr.deploy.server.engine import method_called
from feathermr.deploy.server.health import start_health
from feathermr.deploy.server.jobs import Failure, Job
from feathermr.deploy.server.limits import Limits
from feathermr.deploy.server.metrics import Metrics
from feathermr.deploy.server.offer import Offer
from feathermr.deploy.server.pool import Pool
from feathermr.deploy.server.session import LINGER, Service, Session
from feathermr.deploy.server.wire import Close, Text, encoded

log = logging.getLogger("feathermr.server")
#: side of the scan that a new server tries itself on
TRIAL = 64


@dataclass(frozen=True)
class ServerConfig:
    """How to serve.

    Attributes:
        host: address to listen on; other than the loopback's, everybody who reaches it is served.
        port: to listen on; 0 for any that is free.
        health_port: of ``/healthz`` and ``/metrics``, on the loopback; 0 for any that is free.
        workers: processes that reconstruct.
        threads: of each of them.
        offer: what clients may ask for.
        limits: of what they may send.
    """

    host: str = "127.0.0.1"
    port: int = 9002
    health_port: int = 9003
    workers: int = 2
    threads: int = 1
    offer: Offer = field(default_factory=Offer)
    limits: Limits = field(default_factory=Limits)


class Server:
    """Serves until it is stopped."""

    def __init__(self, config: ServerConfig) -> None:
        self._config, self.metrics = config, Metrics()
        self.pool = Pool(config.workers, config.threads, config.limits, self.metrics)
        self._service = Service(self.pool, config.offer, config.limits, self.metrics, self._held)
        self._sessions: dict[Session, asyncio.Task[None]] = {}
        self._listening: list[asyncio.Server] = []
        self._stopping, self._number = False, 0

    async def start(self) -> None:
        """Start the workers, try them, then listen.

        Raises:
            FeatherError: the method, a worker or a port is not there.
        """
        config = self._config
        if config.offer.default not in config.offer.allowed:
            method_called(config.offer.default)
        try:
            await self.pool.start()
            await asyncio.gather(*(self._try() for _ in range(config.workers)))
            pages = {"/healthz": self._health, "/metrics": self._metrics_page}
            self._listening = [
                await asyncio.start_server(
                    self._connected, config.host, config.port, limit=2**18, backlog=128
                ),
                await start_health(pages, "127.0.0.1", config.health_port),
            ]
        except BaseException as error:
            await self.pool.stop()
            if isinstance(error, OSError):
                raise DataError(f"cannot listen: {error.strerror or error}") from error
            raise
        for name, read in (
            ("sessions", lambda: len(self._sessions)),
            ("workers", lambda: self.pool.ready),
            ("working", lambda: self.pool.busy),
            ("held_bytes", self._held),
        ):
            self.metrics.watch(name, read)

    @property
    def ports(self) -> tuple[int, int]:
        """Of the protocol and of the pages."""
        first, second = (each.sockets[0].getsockname()[1] for each in self._listening)
        return first, second

    async def stop(self) -> None:
        """Take no more clients, let those that are there end, then finish what was accepted."""
        self._stopping = True
        self._listening[0].close()
        tasks = list(self._sessions.values())
        if tasks:
            await asyncio.wait(tasks, timeout=self._config.limits.grace)
        for session in self._sessions:
            session.stop()
        tasks = list(self._sessions.values())
        if tasks:
            limits = self._config.limits
            await asyncio.wait(tasks, timeout=limits.working + limits.sending + LINGER)
        for task in self._sessions.values():
            task.cancel()
        self._listening[1].close()
        await self.pool.stop()

    def _held(self) -> int:
        return sum(session.held for session in self._sessions)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        most = self._config.limits.sessions
        if len(self._sessions) >= most:
            self.metrics.count("refused_total")
            sentence = f"error: {most} clients are served already; try again later"
            writer.write(encoded(Text(sentence)) + encoded(Close()))
            with suppress(OSError, TimeoutError):
                await asyncio.wait_for(writer.drain(), LINGER)
            writer.close()
            return
        session = Session(self._service, reader, writer)
        self._number += 1
        number, peer = self._number, writer.get_extra_info("peername")
        task = asyncio.current_task()
        assert task is not None
        self._sessions[session] = task
        outcome = "cancelled"
        try:
            outcome = await session.run()
        except Exception:
            outcome = "failed"
            log.exception("session %d failed", number)
        finally:
            del self._sessions[session]
            self.metrics.ended(outcome)
            address = peer[0] if peer else "?"
            log.info("session %d from %s %s: %s", number, address, outcome, session.record.line())

    async def _try(self) -> None:
        """A small scan through a worker, so that the first client need not wait for its start."""
        offer = self._config.offer
        method = offer.default
        frames = 8 if offer.window_of(method, 1).size > 1 else 1
        kspace = torch.randn(
            frames, 1, TRIAL, TRIAL, dtype=torch.complex64, generator=generator(0, "trial")
        )
        mask = torch.zeros(frames, TRIAL, TRIAL, dtype=torch.bool)
        mask[:, ::3], mask[:, TRIAL // 2 - 8 : TRIAL // 2 + 8] = True, True
        kspace[~mask[:, None]] = 0
        arrays = {"kspace": kspace.numpy(), "mask": mask.numpy()}
        header = header_to_text(Header(source="trial"))
        answer = await self.pool.work(
            Job(method, offer.runtime, offer.precision, header, False, False, arrays)
        )
        if isinstance(answer, Failure):
            raise DataError(f"the method {method} does not work here: {answer.sentence}")

    def _health(self) -> tuple[str, str]:
        if self._stopping or not self.pool.ready:
            return "503 Service Unavailable", "stopping\n" if self._stopping else "no worker\n"
        return "200 OK", "ok\n"

    def _metrics_page(self) -> tuple[str, str]:
        return "200 OK", self.metrics.text()


def serve(config: ServerConfig, listening: Callable[[int, int], None]) -> None:
    """Serve until SIGINT or SIGTERM; a second one ends at once.

    Args:
        config: how.
        listening: told the two ports when clients may come.
    """
    asyncio.run(_serve(config, listening))


async def _serve(config: ServerConfig, listening: Callable[[int, int], None]) -> None:
    server, loop, told = Server(config), asyncio.get_running_loop(), asyncio.Event()
    this = asyncio.current_task()
    assert this is not None

    def tell() -> None:
        if told.is_set():
            this.cancel()
        told.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, tell)
    await server.start()
    try:
        listening(*server.ports)
        await told.wait()
        log.info("stopping")
        await server.stop()
    except asyncio.CancelledError:
        await server.pool.stop()
