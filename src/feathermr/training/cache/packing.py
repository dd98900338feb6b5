"""An example as a file: of its k-space the samples alone, so that what is zero costs nothing."""

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor

from feathermr.core.atomic import written_file
from feathermr.training.batches import Batch

#: of the files; another one is never read
FORMAT = 1
#: what the names of complex tensors begin with
COMPLEX = "complex "


def write_packed(batch: Batch, path: Path) -> None:
    """Write a batch beside ``path`` and rename it, so that no file is ever incomplete.

    Raises:
        DataError: the file system refused.
    """
    with written_file(path) as beside:
        beside.write_bytes(save({key: one.contiguous() for key, one in packed(batch).items()}))


def read_packed(path: Path) -> Batch:
    """The batch in a file, which is mapped into memory.

    Raises:
        OSError: there is no such file.
        SafetensorError: it was not written by `write_packed`.
    """
    with safe_open(path, "pt") as opened:
        return unpacked({key: opened.get_tensor(key) for key in opened.keys()})  # noqa: SIM118


def packed(batch: Batch) -> dict[str, Tensor]:
    """The tensors of a batch, complex ones as pairs of real numbers.

    ``samples`` and their ``shape`` are in place of k-space.
    """
    parts = dict(batch)
    kspace = parts.pop("kspace", None)
    if kspace is not None:
        parts["samples"] = kspace[parts["mask"].expand(kspace.shape)]
        parts["shape"] = torch.tensor(kspace.shape)
    return {
        COMPLEX * one.is_complex() + key: torch.view_as_real(one) if one.is_complex() else one
        for key, one in parts.items()
    }


def unpacked(parts: Mapping[str, Tensor]) -> Batch:
    """The inverse of `packed`."""
    rest = {
        key.removeprefix(COMPLEX): torch.view_as_complex(one) if key.startswith(COMPLEX) else one
        for key, one in parts.items()
    }
    if "samples" not in rest:
        return rest
    samples, shape = rest.pop("samples"), rest.pop("shape").tolist()
    kspace = torch.zeros(shape, dtype=samples.dtype)
    kspace[rest["mask"].expand(shape)] = samples
    return {**rest, "kspace": kspace}
