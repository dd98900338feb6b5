"""What lies beside the images of a scan: from which file and with which settings they are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from feathermr import __version__
from feathermr.core.errors import DataError
from feathermr.deploy.many.fingerprint import Stamp
from feathermr.deploy.one_file import Finished

NAME = "record.json"
FORMAT = "feathermr record 1"
#: what a restart and the manifest read of it
NEEDED = {"settings_sha256", "version", "bytes", "modified_ns", "sha256", "seconds"}

Record = Mapping[str, Any]


def record_of(finished: Finished, folder: Path, source: str, settings: str) -> dict[str, Any]:
    """The record of a scan that was reconstructed; of its file only the name.

    Args:
        finished: what came of it.
        folder: that holds the images.
        source: the scan's name in the archive.
        settings: SHA-256 of the request.
    """
    made = {name: finished.comparison.reconstructions[name] for name in finished.methods}
    files = [*finished.files, *([finished.page] if finished.page else [])]
    return {
        "format": FORMAT,
        "source": source,
        "settings_sha256": settings,
        "version": __version__,
        "methods": {
            name: {
                "name": one.provenance.method,
                "settings": dict(one.provenance.settings),
                "weights_sha256": one.provenance.weights,
                "seconds": round(one.seconds, 4),
            }
            for name, one in made.items()
        },
        "notes": list(finished.notes),
        "files": {one.relative_to(folder).as_posix(): one.stat().st_size for one in files},
    }


def write_record(folder: Path, record: Record) -> None:
    """Write it, last of all: what has a record is complete."""
    (folder / NAME).write_text(json.dumps(record, indent=1, allow_nan=False) + "\n")


def read_record(folder: Path) -> Record | None:
    """The record in a folder whose files are all there; none if it has none that holds."""
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        record = json.loads((folder / NAME).read_text())
        sizes = {name: (folder / name).stat().st_size for name in record["files"]}
        if record["format"] == FORMAT and sizes == record["files"] and set(record) >= NEEDED:
            return dict(record)
    return None


def check_replaceable(folder: Path) -> None:
    """Refuse a folder that holds what another program wrote.

    Raises:
        DataError: it is not empty and has no record.
    """
    if folder.exists() and not (folder / NAME).exists() and any(folder.iterdir()):
        raise DataError(f"{folder} holds something that this program did not write; move it away")


def is_of(record: Record, stamp: Stamp) -> bool:
    """Whether the scan still has the size and time that it had."""
    return (record.get("bytes"), record.get("modified_ns")) == (stamp.size, stamp.modified)
