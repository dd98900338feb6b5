"""Write beside, then rename: a reader never meets a half-written file."""

import errno
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from feathermr.core.errors import DataError

#: what a process that was killed leaves of a file or a folder it was writing
LEFTOVER = re.compile(r"\.\d+-[0-9a-f]{8}-.")


@contextmanager
def written_file(path: Path) -> Iterator[Path]:
    """A name beside ``path`` to write to; it takes the place of ``path`` when the block ends.

    The folder is made when it is missing. When the block fails nothing is left behind and a file
    that was at ``path`` stays as it was.

    Raises:
        DataError: the file system refused, and why.
    """
    beside = _beside(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield beside
        beside.replace(path)
    except OSError as error:
        raise DataError(f"cannot write {path}: {_reason(error)}") from error
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


@contextmanager
def written_folder(path: Path, pattern: str) -> Iterator[Path]:
    """An empty folder beside ``path`` to fill; it takes the place of ``path`` when the block ends.

    A folder that is already at ``path`` is replaced only when everything in it fits ``pattern``,
    that is, when it was written by an earlier run.

    Raises:
        DataError: ``path`` holds something else, or the file system refused.
    """
    foreign = _foreign(path, pattern)
    if foreign is not None:
        raise DataError(f"cannot write the folder {path}: {foreign}; choose another name")
    beside, old = _beside(path), _beside(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.mkdir()
        yield beside
        if path.exists():
            path.rename(old)
        beside.rename(path)
    except OSError as error:
        raise DataError(f"cannot write {path}: {_reason(error)}") from error
    finally:
        for folder in (beside, old):
            shutil.rmtree(folder, ignore_errors=True)


def remove_leftovers(folder: Path) -> None:
    """Remove what killed processes left half-written anywhere below ``folder``."""
    for here, folders, files in os.walk(folder):
        for name in files:
            if LEFTOVER.match(name):
                Path(here, name).unlink(missing_ok=True)
        for name in [name for name in folders if LEFTOVER.match(name)]:
            shutil.rmtree(Path(here, name), ignore_errors=True)
            folders.remove(name)


def _reason(error: OSError) -> str:
    """Why the file system refused, out of what NumPy and HDF5 make of a full disk."""
    if re.fullmatch(r"\d+ requested and \d+ written", str(error)):
        return os.strerror(errno.ENOSPC)
    inner = re.search(r"error message = '([^']+)'", str(error))
    return error.strerror or (inner[1] if inner else str(error))


def _foreign(path: Path, pattern: str) -> str | None:
    """Why ``path`` must not be replaced."""
    if not path.exists():
        return None
    if not path.is_dir():
        return "a file has that name"
    others = sorted(entry.name for entry in path.iterdir() if not entry.match(pattern))
    return f"it holds '{others[0]}', which this program did not write" if others else None


def _beside(path: Path) -> Path:
    """A name in the same folder, with the same endings, that nobody else uses."""
    return path.with_name(f".{os.getpid()}-{secrets.token_hex(4)}-{path.name}")
