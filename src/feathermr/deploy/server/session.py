"""One client: its configuration, header and readouts in, its images out."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from feathermr.acquisition import Header
from feathermr.acquisition.header_text import header_to_text
from feathermr.acquisition.mrd_header import MrdHeader, read_mrd_header
from feathermr.core.errors import DataError, FeatherError
from feathermr.deploy.server.collect import Frame
from feathermr.deploy.server.images import images_of
from feathermr.deploy.server.jobs import Answer, Arrays, Failure, Job
from feathermr.deploy.server.limits import Limits
from feathermr.deploy.server.metrics import Metrics
from feathermr.deploy.server.offer import Offer
from feathermr.deploy.server.plan import Plan, Series, Task
from feathermr.deploy.server.pool import Pool, WorkerLostError
from feathermr.deploy.server.record import Record
from feathermr.deploy.server.wire import (
    Close,
    ConfigFile,
    ConfigText,
    HeaderText,
    Message,
    Readout,
    Text,
    Waveform,
    WireError,
    encoded,
    reading,
)

log = logging.getLogger("feathermr.server")
#: seconds that a client gets to read the last words
LINGER = 5.0
#: characters of a sentence that quotes what a client sent
LONGEST_TEXT = 2000
#: seconds between looks at the memory that others hold
LOOK = 0.05


@dataclass(frozen=True)
class Service:
    """What all sessions share.

    Attributes:
        pool: of workers.
        offer: what clients may ask for.
        limits: of what they may send.
        metrics: of the server.
        held: bytes of k-space that all sessions hold.
    """

    pool: Pool
    offer: Offer
    limits: Limits
    metrics: Metrics
    held: Callable[[], int]


class GoneError(Exception):
    """The client went without saying so."""


class Session:
    """A conversation from its first message to its last."""

    def __init__(
        self, service: Service, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._service, self._reader, self._writer = service, reader, writer
        self._method = service.offer.default
        self._header: MrdHeader | None = None
        self._plan: Plan | None = None
        self._jobs: dict[asyncio.Task[None], Task] = {}
        self._maps: dict[Series, asyncio.Future[Arrays]] = {}
        self._reading: asyncio.Task[None] | None = None
        self._waiting: deque[Task] = deque()
        self._stopping = self._gone = False
        self._draining = asyncio.Lock()
        self.record = Record()
        writer.transport.set_write_buffer_limits(high=service.limits.outgoing)

    async def run(self) -> str:
        """Serve the client to its end; how it ended."""
        try:
            outcome = await self._served()
            await self._say_goodbye()
        except (GoneError, OSError):
            outcome = "gone"
        finally:
            for job in self._jobs:
                job.cancel()
            self._writer.close()
        with suppress(OSError, TimeoutError):
            await asyncio.wait_for(self._writer.wait_closed(), LINGER)
        return outcome

    def stop(self) -> None:
        """Take no more readouts; what is complete is finished."""
        self._stopping = True
        if self._reading is not None:
            self._reading.cancel()

    @property
    def held(self) -> int:
        """Bytes of k-space that are held."""
        return sum(frame.size for frame in {id(each): each for each in self._frames()}.values())

    def _frames(self) -> Iterable[Frame]:
        if self._plan is not None:
            yield from self._plan.frames()
        for task in (*self._jobs.values(), *self._waiting):
            yield from task.frames

    async def _served(self) -> str:
        """Read to the end, then wait for what is in work."""
        self._reading = asyncio.create_task(self._read())
        outcome = "closed"
        try:
            await self._reading
        except asyncio.CancelledError:
            if self._gone:
                raise GoneError from None
            if not self._stopping:
                self._reading.cancel()
                raise
            outcome = "stopped"
            await self._tell("note: the server stops; unfinished images are not given")
        except TimeoutError as error:
            outcome = "timeout"
            await self._tell(f"error: {error}")
        except FeatherError as error:
            outcome = "refused"
            await self._tell(f"error: {error}")
        except (GoneError, OSError):
            raise
        except Exception as error:
            log.exception("a session failed")
            outcome = "failed"
            await self._tell(f"error: unexpected {type(error).__name__}")
        await self._submit([])
        while self._jobs and not self._gone:
            await asyncio.wait(self._jobs, return_when=asyncio.FIRST_COMPLETED)
        return outcome

    async def _read(self) -> None:
        """All messages up to the one that closes."""
        while True:
            message = await self._received()
            match message:
                case Close():
                    await self._finish()
                    return
                case ConfigFile(name=name) | ConfigText(text=name):
                    self._configure(name)
                case HeaderText(xml=xml):
                    self._begin(xml)
                case Readout():
                    await self._take(message)
                case Text() | Waveform():
                    pass
                case _:
                    raise WireError("this server takes readouts, not images")

    async def _received(self) -> Message:
        limits, loop = self._service.limits, asyncio.get_running_loop()
        steps = reading(limits)
        wanted, taken = next(steps), 0
        begun = False
        try:
            async with asyncio.timeout(limits.idle) as clock:
                while True:
                    raw = await self._reader.readexactly(wanted)
                    taken += wanted
                    if not begun:
                        begun = True
                        clock.reschedule(loop.time() + limits.stalled)
                    try:
                        wanted = steps.send(raw)
                    except StopIteration as end:
                        self.record.received += taken
                        self._service.metrics.count("received_bytes_total", taken)
                        return end.value  # type: ignore[no-any-return]
        except TimeoutError:
            seconds = limits.stalled if begun else limits.idle
            what = "a message was not complete after" if begun else "no message came for"
            raise TimeoutError(f"{what} {seconds:g} s") from None
        except asyncio.IncompleteReadError:
            raise GoneError from None

    def _configure(self, name: str) -> None:
        if self._plan is not None:
            raise WireError("a configuration came after the header; send it first")
        self._method = self._service.offer.chosen(name)

    def _begin(self, xml: bytes) -> None:
        if self._plan is not None:
            raise WireError("a second header came; open a connection for each scan")
        self._header = read_mrd_header(xml)
        window = self._service.offer.window_of(self._method, self._header.frames)
        self._plan = Plan(self._header, window, self._service.limits)
        self.record.method = self._method

    async def _take(self, readout: Readout) -> None:
        if self._plan is None:
            raise WireError("a readout came before the header")
        self.record.readouts += 1
        self._service.metrics.count("readouts_total")
        needed = self._plan.needed(readout)
        if needed:
            await self._memory(needed)
        await self._submit(self._plan.add(readout, time.monotonic()))

    async def _memory(self, needed: int) -> None:
        """Wait until there is room for so many bytes.

        Raises:
            DataError: the session would hold too much, or others do for too long.
        """
        limits = self._service.limits
        if self.held + needed > limits.session:
            raise DataError(
                f"this scan needs more than the {limits.session} bytes that a session may hold"
            )
        end = time.monotonic() + limits.waiting
        while self._service.held() + needed > limits.total:
            if time.monotonic() > end:
                raise DataError("the server's memory is full; try again later")
            await asyncio.sleep(LOOK)

    async def _finish(self) -> None:
        """The end of the readouts."""
        if self._plan is None:
            return
        await self._submit(self._plan.finish())
        if self._plan.late:
            await self._tell(
                f"note: {self._plan.late} readouts came after their image was complete and were "
                "left out"
            )

    async def _submit(self, tasks: list[Task]) -> None:
        """Put tasks to work, and wait while there are too many."""
        self._waiting.extend(tasks)
        while self._waiting:
            while len(self._jobs) >= self._service.limits.pending:
                await asyncio.wait(self._jobs, return_when=asyncio.FIRST_COMPLETED)
            task = self._waiting.popleft()
            job = asyncio.create_task(self._reconstruct(task))
            self._jobs[job] = task
            job.add_done_callback(self._ended)

    def _ended(self, job: asyncio.Task[None]) -> None:
        del self._jobs[job]
        if not job.cancelled() and job.exception() is not None and self._reading is not None:
            self._gone = True  # images are no longer read
            self._reading.cancel()

    async def _reconstruct(self, task: Task) -> None:
        """Have a task done, and send its images or why there are none."""
        try:
            await self._done(task)
        except (GoneError, OSError):
            raise
        except Exception as error:
            log.exception("a task failed")
            self._service.metrics.count("failures_total")
            await self._tell(f"error: unexpected {type(error).__name__}")

    async def _done(self, task: Task) -> None:
        assert self._header is not None
        answer = await self._answer(task)
        if isinstance(answer, Failure):
            self._service.metrics.count("failures_total")
            where = int(task.frames[0].head["idx"]["slice"])
            if not answer.expected:
                log.error("a reconstruction failed: %s", answer.sentence)
            await self._tell(f"error: no image of slice {where}: {answer.sentence}")
            return
        as_complex = self._service.offer.complex_images
        images = images_of(
            task, answer, self._header, self.record.images + 1, as_complex=as_complex
        )
        for frame, image in zip(task.frames[task.given], images, strict=True):
            self._writer.write(encoded(image))
            latency = time.monotonic() - frame.last
            self.record.images += 1
            self.record.latencies.append(latency)
            self._service.metrics.count("images_total")
            self._service.metrics.latency(latency)
        await self._drain()

    async def _answer(self, task: Task) -> Answer | Failure:
        """What a worker makes of a task; coil maps are found once a series."""
        if task.alone:
            return await self._worked(task, {}, calibrate=False)
        known = self._maps.get(task.series)
        if known is not None:
            return await self._worked(task, await known, calibrate=False)
        found: asyncio.Future[Arrays] = asyncio.get_running_loop().create_future()
        self._maps[task.series] = found
        maps: Arrays = {}
        try:
            answer = await self._worked(task, {}, calibrate=True)
            if isinstance(answer, Answer):
                maps = {name: answer.arrays[name] for name in answer.arrays if name != "image"}
            return answer
        finally:
            if not maps:
                del self._maps[task.series]
            found.set_result(maps)

    async def _worked(self, task: Task, maps: Arrays, *, calibrate: bool) -> Answer | Failure:
        """A worker's answer; by another worker, if the first was lost."""
        job = self._job(task, maps, calibrate)
        where = int(task.frames[0].head["idx"]["slice"])
        for last in (False, True):
            try:
                return await self._service.pool.work(job)
            except WorkerLostError as error:
                if last:
                    return Failure(f"{error}, for the second time", expected=False)
                await self._tell(f"note: slice {where}: {error}; it is computed again")
            except DataError as error:
                return Failure(str(error), expected=True)
        raise AssertionError

    def _job(self, task: Task, maps: Arrays, calibrate: bool) -> Job:
        assert self._plan is not None
        taken = [frame.taken() for frame in task.frames]
        arrays = {
            "kspace": np.stack([kspace for kspace, _ in taken])
            if len(taken) > 1
            else taken[0][0][None],
            "mask": np.stack([mask for _, mask in taken]),
            **maps,
        }
        if task.series.calibration is not None and "maps" not in maps:
            arrays["calibration"], arrays["calibrated"] = task.series.calibration.taken()
        grid = self._plan.grid
        shown = None if grid.image_shape == grid.shape else grid.image_shape
        header = header_to_text(Header(source="stream", image_shape=shown))
        offer = self._service.offer
        return Job(
            self._method, offer.runtime, offer.precision, header, calibrate, not task.alone, arrays
        )

    async def _tell(self, sentence: str) -> None:
        self._writer.write(encoded(Text(sentence[:LONGEST_TEXT])))
        await self._drain()

    async def _drain(self) -> None:
        """Wait for a client that does not read; give it up at last."""
        try:
            async with asyncio.timeout(self._service.limits.sending), self._draining:
                await self._writer.drain()
        except TimeoutError:
            self._writer.transport.abort()
            raise GoneError from None

    async def _say_goodbye(self) -> None:
        """Close our side, and read on for a while: closing with bytes unread would lose ours."""
        self._writer.write(encoded(Close()))
        await self._drain()
        self._writer.write_eof()
        with suppress(TimeoutError):
            async with asyncio.timeout(LINGER):
                while await self._reader.read(2**18):
                    pass
