"""Examples that are drawn when they are first asked for, and read from a folder afterwards."""

import os
from contextlib import suppress
from pathlib import Path
from typing import final

import torch
from safetensors import SafetensorError

from feathermr.core.errors import DataError
from feathermr.training.batches import to_batch, to_example
from feathermr.training.cache.packing import read_packed, write_packed
from feathermr.training.example import Examples, Posed

#: how far an example drawn anew may be from the one in the file: another number of threads rounds
#: otherwise, another simulator draws something else
TOLERANCE = 1e-3
ENDING = ".safetensors"


@final
class Stored:
    """Examples by number, each in a file of its own.

    Any number of processes may share the folder: a file appears complete or not at all, and
    whoever misses one draws the same example. What is given does not depend on whether it was drawn
    or read.

    Args:
        examples: to be drawn from.
        folder: of the files; made with the first of them.
        gigabytes: their largest size, beyond which the oldest are given up.
    """

    def __init__(self, examples: Examples, folder: Path, gigabytes: float) -> None:
        self.examples, self.folder, self.bytes = examples, folder, int(1e9 * gigabytes)

    def __len__(self) -> int:
        """Number of examples."""
        return len(self.examples)

    def __getitem__(self, number: int) -> Posed:
        """The example with a number.

        Raises:
            DataError: the file system refused.
        """
        return self.get(number)

    def get(self, number: int, oldest: int = 0) -> Posed:
        """The example with a number; when it has to be drawn, those before ``oldest`` are deleted.

        Raises:
            DataError: the file system refused.
        """
        try:
            return to_example(read_packed(self.path(number)))
        except (OSError, SafetensorError, KeyError):  # a power cut may leave an empty file
            batch = to_batch(self.examples[number])
        write_packed(batch, self.path(number))
        self.evict(oldest)
        return to_example(batch)

    def path(self, number: int) -> Path:
        """The file of an example; names sort as numbers do."""
        return self.folder / f"{number:010d}{ENDING}"

    def evict(self, oldest: int) -> None:
        """Delete the files before ``oldest``, then the oldest ones until the rest fit."""
        with os.scandir(self.folder) as entries:
            found = sorted((one.name, one.path) for one in entries if _is_number(one.name))
        sizes = [_size(path) for _, path in found]
        total = sum(sizes)
        for (name, path), size in zip(found, sizes, strict=True):
            if total <= self.bytes and int(Path(name).stem) >= oldest:
                break
            with suppress(FileNotFoundError):
                Path(path).unlink()
            total -= size

    def check(self) -> None:
        """Draw one of the examples that are there anew: files of another simulator are refused.

        Raises:
            DataError: it differs.
        """
        names = sorted(one.name for one in self.folder.glob(f"*{ENDING}") if _is_number(one.name))
        if not names:
            return
        number = int(Path(names[-1]).stem)
        try:
            kept = read_packed(self.path(number))
        except (OSError, SafetensorError, KeyError):
            return
        drawn = to_batch(self.examples[number])
        same = kept.keys() == drawn.keys() and all(
            one.shape == drawn[key].shape
            and torch.allclose(_numbers(one), _numbers(drawn[key]), TOLERANCE, TOLERANCE)
            for key, one in kept.items()
        )
        if not same:
            raise DataError(
                f"the examples in {self.folder} were drawn by another version of this program or "
                "from other data; delete that folder, and they are drawn anew"
            )


def _is_number(name: str) -> bool:
    return name.endswith(ENDING) and name.removesuffix(ENDING).isdigit()


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except FileNotFoundError:  # deleted by another process meanwhile
        return 0


def _numbers(tensor: torch.Tensor) -> torch.Tensor:
    return torch.view_as_real(tensor) if tensor.is_complex() else tensor.double()
