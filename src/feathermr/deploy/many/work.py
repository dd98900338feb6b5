"""What a worker does with one scan of an archive."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from feathermr.core.atomic import written_folder
from feathermr.core.errors import DataError, described
from feathermr.deploy.many.archive import Archive
from feathermr.deploy.many.fingerprint import sha256, stamp
from feathermr.deploy.many.record import check_replaceable, record_of, write_record
from feathermr.deploy.many.result import Result
from feathermr.deploy.one_file import reconstruct_file
from feathermr.deploy.request import Request

HINT = "feathermr reconstruct FILE --debug shows where"


@dataclass(frozen=True)
class Work:
    """Reconstruct one scan of an archive; sent to every worker once.

    Attributes:
        archive: with paths that hold wherever the worker runs.
        request: what to make of each scan.
        settings: SHA-256 of the request.
        threads: of the array library.
        command: what pages name to repeat it.
    """

    archive: Archive
    request: Request
    settings: str
    threads: int = 1
    command: str = ""

    def __call__(self, source: str) -> Result:
        """Its results appear all at once, with their record; no error leaves this function."""
        torch.set_num_threads(self.threads)
        try:
            return Result(source, self._reconstructed(source))
        except Exception as error:
            words = " ".join(described(error, HINT).split())
            return Result(source, reason=words.removeprefix(f"{self.archive.source(source)}: "))

    def _reconstructed(self, source: str) -> Mapping[str, Any]:
        path, folder = self.archive.source(source), self.archive.result(source)
        check_replaceable(folder)
        start, before = time.perf_counter(), stamp(path)
        digest = sha256(path)
        with written_folder(folder, "*") as beside:
            finished = reconstruct_file(path, beside, self.request, command=self.command)
            if stamp(path) != before:
                raise DataError("the file changed while it was read; run again when it is complete")
            record = {
                **record_of(finished, beside, source, self.settings),
                "bytes": before.size,
                "modified_ns": before.modified,
                "sha256": digest,
                "seconds": round(time.perf_counter() - start, 4),
            }
            write_record(beside, record)
        return record
