"""Which files of a folder in fastMRI's layout can be trained on, and what each part is for."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from feathermr.acquisition.fastmri_slices import FastmriFile, look_into_fastmri
from feathermr.core.errors import DataError, UsageError

#: ``singlecoil_train``, ``knee_multicoil_val``, ``train``, ``multicoil_train_batch_0``, ...
PART = re.compile(r"(?:^|_)(train|val)(?:$|_)")


@dataclass(frozen=True)
class FoundFiles:
    """Complete files.

    Attributes:
        train: to train with, and to be split where ``validation`` is empty.
        validation: of the folder's own part for it; no one in it is in ``train``.
        notes: sentences on what was left out.
    """

    train: tuple[FastmriFile, ...]
    validation: tuple[FastmriFile, ...]
    notes: tuple[str, ...]


def find_files(folder: Path, coils: str) -> FoundFiles:
    """The complete files of a folder.

    Args:
        folder: holds the files, or folders whose names say ``train`` and ``val``.
        coils: ``single``, ``multi``, or ``all`` where there is one kind only.

    Raises:
        DataError: no such folder, no complete files of that kind, or a broken one.
        UsageError: files of both kinds, and ``all``.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} is no folder; give the one that holds fastMRI's .h5 files")
    listed = _listed(folder)
    if not listed["train"] and not listed["val"]:
        raise DataError(
            f"{folder} holds no .h5 files, neither itself nor in folders such as "
            "singlecoil_train and singlecoil_val"
        )
    looked = {part: [look_into_fastmri(path) for path in paths] for part, paths in listed.items()}
    notes = []
    for part, files in looked.items():
        kept = [
            file for file in files if coils == "all" or (file.n_coils == 1) == (coils == "single")
        ]
        complete = [file for file in kept if not file.has_gaps]
        if len(complete) < len(kept):
            notes.append(f"{len(kept) - len(complete)} undersampled file(s) left out")
        looked[part] = complete
    train, validation = looked["train"], looked["val"]
    if not train:  # the validation part alone is as good as any
        train, validation = validation, []
    _check_kinds(folder, [*train, *validation], coils)
    shared = {file.subject for file in train} & {file.subject for file in validation}
    if shared:
        train = [file for file in train if file.subject not in shared]
        notes.append(f"{len(shared)} case(s) of the validation left out of the training")
        if not train:
            raise DataError(f"{folder}: every case to train with is one to validate with too")
    return FoundFiles(tuple(train), tuple(validation), tuple(notes))


def _listed(folder: Path) -> dict[str, list[Path]]:
    """Paths by part; files of the folder itself count as ``train``, unless it has parts."""
    parts: dict[str, list[Path]] = {"train": [], "val": []}
    for inner in sorted(entry for entry in folder.iterdir() if entry.is_dir()):
        match = PART.search(inner.name)
        if match:
            parts[match[1]] += _scans(inner)
    if not any(parts.values()):
        parts["train"] = _scans(folder)
    return parts


def _scans(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.h5") if not path.name.startswith("."))


def _check_kinds(folder: Path, files: Sequence[FastmriFile], coils: str) -> None:
    if not files:
        kind = {"all": "", "single": " of one coil", "multi": " of several coils"}[coils]
        raise DataError(f"{folder} holds no complete .h5 files{kind}; training needs some")
    if coils == "all" and len({file.n_coils == 1 for file in files}) == 2:
        raise UsageError(
            f"{folder} holds files of one coil and of several; choose with coils: single or multi"
        )
