"""What lies where the command line points to: which source of examples it is."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from feathermr.core.errors import DataError

DataKind = Literal["fastmri", "films", "images"]
#: of the files that a folder is known by
ENDINGS: dict[str, DataKind] = {
    ".h5": "fastmri",
    ".png": "images",
    ".jpg": "images",
    ".jpeg": "images",
    ".bmp": "images",
    ".npz": "images",
    ".nii": "images",
    ".dcm": "images",
}
#: folders within folders that are looked into
DEPTH = 2


def data_kind(path: Path) -> DataKind:
    """``films`` for an ``.npz`` file, else by the files of a folder.

    Files in its folders, and in theirs, count as its own.

    Raises:
        DataError: there is nothing of any kind, or of two.
    """
    if path.suffix == ".npz":
        return "films"
    if not path.exists():
        raise DataError(f"there is no file or folder {path} to train on")
    if path.is_file():
        raise DataError(f"{path} is no .npz file of films; of scans or pictures give the folder")
    found = {ENDINGS[one.suffix.lower()] for one in _files(path, DEPTH)}
    if len(found) != 1:
        what = "both scans (.h5) and pictures" if found else "neither scans (.h5) nor pictures"
        raise DataError(f"{path} holds {what}; give a folder of either, or an .npz file of films")
    return found.pop()


def _files(folder: Path, depth: int) -> Iterator[Path]:
    """Those whose ending says something; hidden ones are passed over."""
    for one in sorted(folder.iterdir()):
        if one.name[0] in "._":
            continue
        if one.is_dir():
            if depth:
                yield from _files(one, depth - 1)
        elif one.suffix.lower() in ENDINGS:
            yield one
