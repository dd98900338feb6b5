"""The list of an archive's scans and of what became of each, kept while a run goes on."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from feathermr.core.atomic import written_file
from feathermr.core.errors import DataError
from feathermr.deploy.many.result import Result

NAME = "manifest.json"
FORMAT = "feathermr manifest 1"
#: seconds between two writes while scans are being reconstructed
INTERVAL = 10.0


class Manifest:
    """Written as a whole, beside and renamed; the records beside the images are what counts.

    Args:
        out: the folder of the results.
        head: what is known before the first scan.
    """

    def __init__(self, out: Path, head: Mapping[str, Any]) -> None:
        self.path = out / NAME
        self.head = {"format": FORMAT, **head}
        self.scans: dict[str, Mapping[str, Any]] = {}
        self._written = 0.0

    def done(self, source: str, record: Mapping[str, Any]) -> None:
        """Note a scan that has its results."""
        keys = ("sha256", "bytes", "seconds")
        self.scans[source] = {"state": "done", **{key: record[key] for key in keys}}

    def note(self, result: Result) -> None:
        """Note what became of a scan, and write now and then."""
        if result.record is None:
            self.scans[result.source] = {"state": "failed", "reason": result.reason}
        else:
            self.done(result.source, result.record)
        if time.monotonic() - self._written > INTERVAL:
            self.write()

    def wait(self, source: str) -> None:
        """Note a scan that is still to be reconstructed."""
        self.scans[source] = {"state": "waiting"}

    @property
    def failures(self) -> Mapping[str, str]:
        """Why, by scan."""
        return {
            name: one["reason"]
            for name, one in sorted(self.scans.items())
            if one["state"] == "failed"
        }

    def write(self) -> None:
        """Replace the file."""
        record = {**self.head, "scans": dict(sorted(self.scans.items()))}
        with written_file(self.path) as beside:
            beside.write_text(json.dumps(record, indent=1, allow_nan=False) + "\n")
        self._written = time.monotonic()


def read_manifest(out: Path) -> Mapping[str, Any] | None:
    """The manifest in a folder of results; none if there is none.

    Raises:
        DataError: there is a file of that name that is none.
    """
    path = out / NAME
    if not path.exists():
        return None
    with suppress(OSError, ValueError, KeyError, TypeError):
        record = json.loads(path.read_text())
        if record["format"] == FORMAT:
            return dict(record)
    raise DataError(f"{path} is not a manifest that this version wrote; give another folder")
