"""The worker processes of a server, each replaced when it is lost."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sys
from contextlib import suppress

from feathermr.core.errors import DataError, FeatherError
from feathermr.deploy.server.jobs import (
    PREFIX,
    Answer,
    Failure,
    Job,
    SharedMemory,
    answer_from_line,
    job_to_line,
)
from feathermr.deploy.server.limits import Limits
from feathermr.deploy.server.metrics import Metrics

log = logging.getLogger("feathermr.server")
#: seconds that a new process may take to import all it needs
STARTING = 120.0
#: seconds before the next try, when a new process ends before it is ready
AGAIN = 5.0
READY = b"ready"


Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class WorkerLostError(FeatherError):
    """A worker ended, or took too long and was ended, while it worked."""


class Worker:
    """One process and the memory it shares with the server."""

    def __init__(
        self, process: asyncio.subprocess.Process, memory: SharedMemory, connection: Connection
    ) -> None:
        self.process, self._memory = process, memory
        self._reader, self._writer = connection

    @classmethod
    async def start(cls, threads: int) -> Worker:
        """A process that is ready.

        Raises:
            WorkerLostError: it ended at once or did not become ready.
        """
        ours, theirs = socket.socketpair()
        memory = SharedMemory()
        words = (str(theirs.fileno()), str(memory.descriptor), str(threads))
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "feathermr.deploy.server.worker",
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            pass_fds=(theirs.fileno(), memory.descriptor),
            start_new_session=True,
            env={**os.environ, "OMP_NUM_THREADS": words[2]},
        )
        theirs.close()
        worker = cls(process, memory, await asyncio.open_connection(sock=ours))
        try:
            async with asyncio.timeout(STARTING):
                await worker._reader.readexactly(len(READY))
        except (OSError, EOFError, TimeoutError):
            worker.end()
            raise WorkerLostError("a worker process could not be started") from None
        return worker

    @property
    def lives(self) -> bool:
        """Whether the process runs."""
        return self.process.returncode is None

    async def work(self, job: Job, seconds: float) -> Answer | Failure:
        """The answer to a job.

        Raises:
            WorkerLostError: the process ended, or was ended because it took too long.
        """
        try:
            async with asyncio.timeout(seconds):
                self._writer.write(job_to_line(job, self._memory))
                await self._writer.drain()
                size = int.from_bytes(await self._reader.readexactly(PREFIX), "little")
                return answer_from_line(await self._reader.readexactly(size), self._memory)
        except TimeoutError:
            self.end()
            raise WorkerLostError(f"it took longer than {seconds:g} s and was ended") from None
        except (OSError, EOFError):
            self.end()
            raise WorkerLostError("the worker that computed it was lost") from None

    def end(self) -> None:
        """End the process."""
        with suppress(ProcessLookupError):
            self.process.kill()
        self._writer.close()
        with suppress(OSError):
            self._memory.close()


class Pool:
    """As many workers as asked for, the longest waiting job first.

    Attributes:
        busy: jobs in work or waiting.
    """

    def __init__(self, workers: int, threads: int, limits: Limits, metrics: Metrics) -> None:
        self._count, self._threads = workers, threads
        self._limits, self._metrics = limits, metrics
        self._idle: asyncio.Queue[Worker] = asyncio.Queue()
        self._workers: set[Worker] = set()
        self._keepers: list[asyncio.Task[None]] = []
        self._under_way: set[asyncio.Task[Answer | Failure]] = set()
        self.busy = 0

    async def start(self) -> None:
        """Start all workers.

        Raises:
            WorkerLostError: one could not be started.
        """
        started = await asyncio.gather(*(self._start() for _ in range(self._count)))
        self._keepers = [asyncio.create_task(self._keep(worker)) for worker in started]

    @property
    def ready(self) -> int:
        """Workers that run."""
        return sum(worker.lives for worker in self._workers)

    @property
    def processes(self) -> tuple[int, ...]:
        """Their process numbers."""
        return tuple(worker.process.pid for worker in self._workers if worker.lives)

    async def work(self, job: Job) -> Answer | Failure:
        """The answer to a job, by the next worker that is free.

        A job that nobody waits for any more is finished, so that its worker can go on.

        Raises:
            WorkerLostError: its worker was lost.
            DataError: no worker became free in time.
        """
        self.busy += 1
        try:
            worker = await self._free()
            task = asyncio.create_task(self._worked(worker, job))
            self._under_way.add(task)
            task.add_done_callback(self._done)
            return await asyncio.shield(task)
        finally:
            self.busy -= 1

    async def stop(self) -> None:
        """End all workers."""
        for keeper in self._keepers:
            keeper.cancel()
        for worker in self._workers:
            worker.end()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        await asyncio.gather(*(worker.process.wait() for worker in self._workers))

    async def _worked(self, worker: Worker, job: Job) -> Answer | Failure:
        answer = await worker.work(job, self._limits.working)
        self._idle.put_nowait(worker)
        return answer

    def _done(self, task: asyncio.Task[Answer | Failure]) -> None:
        self._under_way.discard(task)
        if not task.cancelled():
            task.exception()  # seen, also when nobody waits

    async def _free(self) -> Worker:
        try:
            async with asyncio.timeout(self._limits.waiting):
                while True:
                    worker = await self._idle.get()
                    if worker.lives:
                        return worker
        except TimeoutError:
            raise DataError(
                f"no worker became free within {self._limits.waiting:g} s; try again later"
            ) from None

    async def _start(self) -> Worker:
        worker = await Worker.start(self._threads)
        self._workers.add(worker)
        self._idle.put_nowait(worker)
        return worker

    async def _keep(self, worker: Worker) -> None:
        """Start another whenever the process ends."""
        while True:
            await worker.process.wait()
            worker.end()
            self._workers.discard(worker)
            self._metrics.count("workers_lost_total")
            log.warning("worker %d was lost (%s)", worker.process.pid, worker.process.returncode)
            while True:
                try:
                    worker = await self._start()
                    break
                except WorkerLostError as error:
                    log.error("%s; next try in %g s", error, AGAIN)
                    await asyncio.sleep(AGAIN)
