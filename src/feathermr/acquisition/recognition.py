"""Which format a file or a folder has, by what is in it; endings only help BART's pairs."""

import gzip
import re
import zipfile
from pathlib import Path
from typing import Literal

import h5py

from feathermr.acquisition.bart import bart_pair
from feathermr.acquisition.cmrxrecon import KSPACE_NAME
from feathermr.core.errors import DataError

Format = Literal[
    "fastmri", "mrd", "bart", "npy", "npz", "matlab5", "matlab73", "dicom", "nifti", "picture"
]

#: bytes read to tell a format
HEAD = 544
HDF5 = b"\x89HDF\r\n\x1a\n"
PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a")
READABLE = (
    "fastMRI and ISMRMRD HDF5, BART .cfl/.hdr, NumPy .npy/.npz, MATLAB .mat, DICOM, NIfTI, PNG, "
    "JPEG, GIF"
)


def recognise(path: Path) -> Format:
    """The format of the file at ``path``.

    Raises:
        DataError: there is no such file, it is empty, or its format is not known.
    """
    if path.suffix in (".cfl", ".hdr") or not path.exists():
        if bart_pair(path) is not None:
            return "bart"
        if path.suffix == ".cfl":
            raise DataError("a BART file is a pair of .cfl and .hdr, and one of them is missing")
    if not path.exists():
        raise DataError("there is no such file or folder")
    if not path.is_file():
        raise DataError("it is neither a file nor a folder")
    with path.open("rb") as file:
        head = file.read(HEAD)
    if not head:
        raise DataError("the file is empty")
    found = _by_magic(head) or _by_inner_magic(path, head)
    if found is None:
        raise DataError(f"its format is not known; readable are {READABLE}")
    return found


def _by_magic(head: bytes) -> Format | None:
    if head.startswith(b"MATLAB 7.3"):
        return "matlab73"
    if head.startswith(b"MATLAB 5.0"):
        return "matlab5"
    if head.startswith(b"\x93NUMPY"):
        return "npy"
    if head.startswith(PICTURES):
        return "picture"
    if head[128:132] == b"DICM":
        return "dicom"
    return "nifti" if _is_nifti(head) else None


def _is_nifti(head: bytes) -> bool:
    return head[344:348] in (b"n+1\0", b"ni1\0") or head[4:8] in (b"n+2\0", b"ni2\0")


def _by_inner_magic(path: Path, head: bytes) -> Format | None:
    """Formats inside a container: HDF5, zip, gzip."""
    if head.startswith(HDF5):
        return _hdf5_format(path)
    if head.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
        return "npz" if names and all(name.endswith(".npy") for name in names) else None
    if head.startswith(b"\x1f\x8b"):
        with gzip.open(path, "rb") as file:
            return "nifti" if _is_nifti(file.read(HEAD)) else None
    return None


def _hdf5_format(path: Path) -> Format:
    with h5py.File(path, "r") as file:
        names = sorted(file)
        if isinstance(file.get("kspace"), h5py.Dataset):
            return "fastmri"
        if any(_is_mrd(file[name]) for name in names):
            return "mrd"
        if any(KSPACE_NAME.fullmatch(name) for name in names):
            return "matlab73"
    raise DataError(
        "the HDF5 file holds neither 'kspace' (fastMRI) nor raw data with a header (ISMRMRD), but "
        f"{', '.join(names[:8]) or 'nothing'}"
    )


def _is_mrd(item: h5py.Group | h5py.Dataset) -> bool:
    return isinstance(item, h5py.Group) and "xml" in item and "data" in item


def mrd_group(path: Path) -> str:
    """The group of an ISMRMRD file that holds the readouts.

    Raises:
        DataError: there are several and none is called ``dataset``.
    """
    with h5py.File(path, "r") as file:
        names = [name for name in file if _is_mrd(file[name])]
    if len(names) > 1 and "dataset" not in names:
        raise DataError(f"it holds several scans: {', '.join(names)}; keep one")
    return "dataset" if "dataset" in names else names[0]


def recognise_folder(path: Path) -> tuple[Format, tuple[Path, ...]]:
    """The format of a folder, ``dicom`` or ``picture``, and its files of that format.

    Files sort by the numbers in their names, so that 2 comes before 10.

    Raises:
        DataError: there is neither.
    """
    inside = [entry for entry in path.iterdir() if entry.is_file()]
    visible = [entry for entry in inside if not entry.name.startswith(".")]
    if not visible:
        raise DataError("the folder holds no file; give a file, or the folder that holds them")
    kinds: dict[Path, Format | None] = {}
    for entry in sorted(visible, key=lambda entry: _natural(entry.name)):
        with entry.open("rb") as file:
            kinds[entry] = _by_magic(file.read(HEAD))
    wanted: tuple[Format, ...] = ("dicom", "picture")
    for kind in wanted:
        files = tuple(entry for entry, found in kinds.items() if found == kind)
        if files:
            return kind, files
    raise DataError(
        f"the folder holds {len(visible)} files, but no DICOM files and no pictures; give a file, "
        "or the folder that holds them directly"
    )


def _natural(name: str) -> list[tuple[int, str]]:
    return [
        (int(part or 0), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)
    ]
