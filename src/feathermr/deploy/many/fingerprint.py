"""What tells whether a scan, or the settings of a run, are still the same."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from feathermr import __version__
from feathermr.deploy.request import Request

#: bytes hashed at a time
CHUNK = 1 << 20


@dataclass(frozen=True)
class Stamp:
    """What a file system says of a scan without reading it.

    Attributes:
        size: bytes.
        modified: the last change, in nanoseconds since 1970.
    """

    size: int
    modified: int


def members(path: Path) -> list[Path]:
    """The files of a scan: itself, both of BART's pair, or those in its folder."""
    if path.is_dir():
        return sorted(one for one in path.rglob("*") if one.is_file())
    header = path.with_suffix(".hdr")
    return [path, header] if path.suffix == ".cfl" and header.exists() else [path]


def stamp(path: Path) -> Stamp:
    """Size and time of a scan's files together."""
    states = [one.stat() for one in members(path)]
    newest = max((one.st_mtime_ns for one in states), default=0)
    return Stamp(sum(one.st_size for one in states), newest)


def sha256(path: Path) -> str:
    """Of a file's bytes, as ``sha256sum`` prints it; of several files, of the lines it prints."""
    files = members(path)
    if files == [path]:
        return _of_file(path)
    start = path if path.is_dir() else path.parent
    lines = [f"{_of_file(one)}  {one.relative_to(start).as_posix()}\n" for one in files]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _of_file(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def request_sha256(request: Request) -> str:
    """Of all that decides what a request makes of a scan: settings, files they name, version.

    Where it is computed does not count.
    """
    record = {
        **asdict(request),
        "device": "",
        "mask": "",
        "version": __version__,
        "files": {str(one): sha256(_weights(one)) for one in request.files},
    }
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()


def _weights(path: Path) -> Path:
    """What of a training run decides: not its checkpoints."""
    weights = path / "model.safetensors"
    return weights if weights.exists() else path
