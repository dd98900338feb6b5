"""A run through an archive: what is done is left, what is new or failed is reconstructed."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from feathermr import __version__
from feathermr.core.atomic import remove_leftovers
from feathermr.core.environment import environment
from feathermr.core.errors import DataError, UsageError
from feathermr.core.progress import Progress, silent, tell
from feathermr.deploy.many.archive import Archive
from feathermr.deploy.many.fingerprint import request_sha256, sha256, stamp
from feathermr.deploy.many.manifest import Manifest, read_manifest
from feathermr.deploy.many.record import Record, is_of, read_record
from feathermr.deploy.many.result import Result
from feathermr.deploy.many.work import Work
from feathermr.deploy.request import Request

LOCK = ".lock"


class Pool(Protocol):
    """Workers, wherever they are."""

    @property
    def threads(self) -> int:
        """Of the array library, for each scan."""
        ...

    def results(self, work: Callable[[str], Result], sources: Sequence[str]) -> Iterator[Result]:
        """What becomes of each scan, in the order in which they are done."""
        ...


@dataclass(frozen=True)
class Summary:
    """What a run did.

    Attributes:
        done: scans reconstructed in this run.
        kept: scans whose results were there already.
        failures: why, by scan.
        seconds: of the run.
        manifest: its file.
    """

    done: int
    kept: int
    failures: Mapping[str, str]
    seconds: float
    manifest: Path


def reconstruct_many(
    archive: Archive,
    request: Request,
    pool: Pool,
    *,
    replace_others: bool = False,
    verify: bool = False,
    command: str = "",
    progress: Progress = silent,
) -> Summary:
    """Reconstruct every scan of an archive that has no results yet.

    A scan that fails is noted with its reason and does not stop the others; the next run tries it
    again. Whatever ends a run, results that are there are complete, and the next run goes on.

    Args:
        archive: scans and results.
        request: what to make of each scan.
        pool: of workers.
        replace_others: make anew what has results of other settings or of another version.
        verify: read every scan again to see whether it changed, not only its size and time.
        command: what the manifest and the pages name to repeat it.
        progress: told after each scan.

    Raises:
        DataError: there are no scans, another run is at work, or no worker can be started.
        UsageError: the results there are of other settings.
    """
    archive.check()
    archive = replace(archive, folder=archive.folder.resolve(), out=archive.out.resolve())
    request = request.anchored()
    start = time.perf_counter()
    settings, sources = request_sha256(request), _sources(archive)
    with _alone(archive.out):
        records, before = _records(archive, sources), read_manifest(archive.out)
        if not replace_others:
            _check_settings(archive.out, records.values(), settings, before)
        remove_leftovers(archive.out)
        manifest = Manifest(archive.out, _head(archive, request, settings, command))
        todo = []
        for source in sources:
            record = records.get(source)
            if record and _holds(record, settings, archive.source(source), verify):
                manifest.done(source, record)
            else:
                manifest.wait(source)
                todo.append(source)
        work = Work(archive, request, settings, pool.threads, command)
        done = failed = 0
        try:
            manifest.write()
            for result in pool.results(work, todo) if todo else ():
                manifest.note(result)
                done += result.record is not None
                failed += result.record is None
                if failed:
                    tell(progress, f"{failed} failed")
                progress(done + failed, len(todo))
        finally:
            manifest.write()
            remove_leftovers(archive.out)
    kept = len(sources) - len(todo)
    return Summary(done, kept, manifest.failures, time.perf_counter() - start, manifest.path)


def _head(archive: Archive, request: Request, settings: str, command: str) -> Mapping[str, Any]:
    asked = asdict(request)
    return {
        "command": command,
        "folder": str(archive.folder),
        "settings_sha256": settings,
        "settings": {**asked, "mask": str(request.mask) if request.mask else None},
        "version": __version__,
        "environment": dict(environment()),
    }


def _sources(archive: Archive) -> list[str]:
    """The scans.

    Raises:
        DataError: there are none.
    """
    sources = archive.sources()
    if not sources:
        patterns = " or ".join(archive.patterns)
        missing = f"nothing fits {patterns}" if patterns else "no file is named as scans are"
        raise DataError(f"{archive.folder}: {missing}; say what to look for with --match")
    return sources


def _records(archive: Archive, sources: Sequence[str]) -> Mapping[str, Record]:
    """Those of the scans that have results."""
    found = {source: read_record(archive.result(source)) for source in sources}
    return {source: record for source, record in found.items() if record is not None}


def _check_settings(
    out: Path, records: Iterable[Record], settings: str, before: Mapping[str, Any] | None
) -> None:
    """Refuse to mix results.

    Raises:
        UsageError: some there are of other settings or of another version.
    """
    other = next((one for one in records if one["settings_sha256"] != settings), None)
    if other is not None:
        made = f"version {other['version']}" + (f", by: {before['command']}" if before else "")
        raise UsageError(
            f"{out} holds results of other settings ({made}); give another folder, or --replace "
            "to make them anew"
        )


def _holds(record: Record, settings: str, path: Path, verify: bool) -> bool:
    """Whether results are of these settings and of the scan as it is now; a copy of it is."""
    if record["settings_sha256"] != settings:
        return False
    try:
        if is_of(record, stamp(path)) and not verify:
            return True
        return bool(record["sha256"] == sha256(path))
    except OSError:
        return False


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Hold the folder of results for this run.

    Raises:
        DataError: another run holds it, or the file system refuses.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        file = (out / LOCK).open("w")
    except OSError as error:
        raise DataError(f"cannot write to {out}: {error.strerror}") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataError(f"another run is writing to {out}; wait until it ends") from None
        yield
