"""Worker processes on this machine, each replaced when it is killed."""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from typing import Any

from feathermr.core.errors import DataError
from feathermr.deploy.many.result import MEMORY, Result
from feathermr.deploy.many.worker import serve

#: how often a scan is given to a worker before it is given up
TRIES = 2
#: workers in a row that end before they are ready, until the run is given up
FALSE_STARTS = 3
#: for a worker to end by itself when it is asked to
PATIENCE = 5.0
#: what libraries read when they are first imported
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass(frozen=True)
class LocalPool:
    """Processes on this machine.

    Attributes:
        workers: how many.
        threads: of each.
    """

    workers: int = 2
    threads: int = 1

    def results(self, work: Callable[[str], Result], sources: Sequence[str]) -> Iterator[Result]:
        """What becomes of each scan, in the order in which they are done.

        A scan whose worker is killed goes to another worker once.

        Raises:
            DataError: workers end before they begin.
        """
        team = _Team(work, self.threads, sources)
        try:
            team.hire(min(self.workers, len(sources)))
            while team.busy:
                yield from team.step()
        finally:
            team.dismiss()


class _Worker:
    """A process, the pipe to it, and the scan that it has."""

    def __init__(self, work: Callable[[str], Result], threads: int) -> None:
        context = get_context("spawn")
        self.pipe: Connection[Any, Any]
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(theirs, work), daemon=True)
        with _environment(dict.fromkeys(THREADS, str(threads))):
            self.process.start()
        theirs.close()  # so that the pipe ends when the process does
        self.ready = False
        self.source: str | None = None

    def give(self, source: str | None) -> None:
        """Send a scan, or that there are no more; that it is gone shows when it should answer."""
        self.source = source
        with suppress(OSError):
            self.pipe.send(source)

    def end(self) -> None:
        """Wait for its end, and bring it about if need be."""
        self.pipe.close()
        self.process.join(PATIENCE)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


class _Team:
    """Workers, and the scans that nobody has yet."""

    def __init__(self, work: Callable[[str], Result], threads: int, sources: Sequence[str]) -> None:
        self.work, self.threads = work, threads
        self.waiting = deque(sources)
        self.tries: Counter[str] = Counter()
        self.false_starts = 0
        self.workers: list[_Worker] = []

    @property
    def busy(self) -> bool:
        """Whether a scan is waiting or with a worker."""
        return bool(self.waiting) or any(worker.source for worker in self.workers)

    def hire(self, count: int) -> None:
        """Start processes."""
        for _ in range(count):
            self.workers.append(_Worker(self.work, self.threads))

    def step(self) -> Iterator[Result]:
        """Wait for the next answer or end of a worker."""
        pipes = {worker.pipe: worker for worker in self.workers}
        for pipe in wait(list(pipes)):
            worker = pipes[pipe]  # type: ignore[index]
            try:
                answer = worker.pipe.recv()
            except (EOFError, OSError):
                yield from self._lost(worker)
                continue
            worker.ready, self.false_starts = True, 0
            worker.give(self._next())
            if answer is not None:
                yield answer

    def _next(self) -> str | None:
        if not self.waiting:
            return None
        source = self.waiting.popleft()
        self.tries[source] += 1
        return source

    def _lost(self, worker: _Worker) -> Iterator[Result]:
        """Replace a worker; its scan is tried again, or given up."""
        self.workers.remove(worker)
        worker.end()
        code = worker.process.exitcode or 0
        how = f"killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        if not worker.ready:
            self.false_starts += 1
            if self.false_starts >= FALSE_STARTS:
                raise DataError(f"{FALSE_STARTS} workers in a row were {how} before they began")
        if worker.source is not None:
            if self.tries[worker.source] < TRIES:
                self.waiting.appendleft(worker.source)
            else:
                reason = f"its worker was {how}, {TRIES} times; {MEMORY}"
                yield Result(worker.source, reason=reason)
        if len([one for one in self.workers if one.source or not one.ready]) < len(self.waiting):
            self.hire(1)

    def dismiss(self) -> None:
        """End all processes."""
        for worker in self.workers:
            if worker.source is not None or not worker.ready:
                worker.process.terminate()
        for worker in self.workers:
            worker.end()


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Environment variables for the processes that are started meanwhile."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
