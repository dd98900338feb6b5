"""BART's pair of files: ``name.hdr``, text with the sizes, and ``name.cfl``, the numbers.

The numbers are complex64 with the first axis fastest.
BART shows its axis 0 (READ) from top to bottom, so READ is y here and PHS1 is x.
"""

from math import prod
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from feathermr.acquisition.partitions import partitions_to_slices
from feathermr.acquisition.record import Acquisition, Header
from feathermr.acquisition.sampled import inferred_mask, phase_axis_of
from feathermr.core.errors import DataError

AXES: tuple[str, ...] = (
    *("READ", "PHS1", "PHS2", "COIL", "MAPS", "TE", "COEFF", "COEFF2"),
    *("ITER", "CSHIFT", "TIME", "TIME2", "LEVEL", "SLICE", "AVG", "BATCH"),
)
#: BART axes in the order (slice, partition, frame, coil, y, x)
USED = ("SLICE", "PHS2", "TIME", "COIL", "READ", "PHS1")


def bart_pair(path: Path) -> tuple[Path, Path] | None:
    """The header and the data that ``path`` (with or without an ending) stands for."""
    stem = path.with_suffix("") if path.suffix in (".cfl", ".hdr") else path
    header, data = (stem.with_name(stem.name + ending) for ending in (".hdr", ".cfl"))
    if not (header.is_file() and data.is_file()):
        return None
    with header.open("rb") as file:
        return (header, data) if file.read(1) == b"#" else None


def read_bart(path: Path) -> Acquisition:
    """K-space of one scan; zeros in all coils count as not sampled."""
    pair = bart_pair(path)
    if pair is None:
        raise DataError("a BART file is a pair of .cfl and .hdr, and one of them is missing")
    header_path, data_path = pair
    sizes = _sizes(header_path)
    held, needed = data_path.stat().st_size, 8 * prod(sizes)
    if held != needed:
        raise DataError(
            f"the header's sizes {sizes} need {needed} bytes, but {data_path.name} has {held}"
        )
    values = np.fromfile(data_path, dtype="<c8").reshape(sizes, order="F")
    kspace = torch.from_numpy(np.ascontiguousarray(_arranged(values), dtype=np.complex64))
    n_partitions = kspace.shape[1]
    notes = ["BART's READ is y and PHS1 is x"]
    if n_partitions > 1:
        mask = (kspace != 0).any(dim=3, keepdim=True)
        kspace, mask = partitions_to_slices(kspace, mask)
        notes.append("transformed along PHS2, whose positions became slices")
    else:
        kspace = kspace.flatten(0, 1)
        mask, note = inferred_mask(kspace)
        notes.append(note)
    header = Header(
        source=data_path.name, phase_axis=phase_axis_of(mask, otherwise=-1), notes=tuple(notes)
    )
    return Acquisition(kspace=kspace, mask=mask, header=header)


def _sizes(path: Path) -> tuple[int, ...]:
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    named = [i for i, line in enumerate(lines[:-1]) if line.strip() == "# Dimensions"]
    if not named:
        raise DataError(f"{path.name} has no line '# Dimensions' followed by sizes")
    words = lines[named[0] + 1].split()
    sizes = tuple(int(word) for word in words if word.isdigit())
    if not 1 <= len(words) <= len(AXES) or len(sizes) != len(words) or 0 in sizes:
        raise DataError(f"{path.name} must name 1 to 16 positive sizes, not '{' '.join(words)}'")
    return sizes + (1,) * (len(AXES) - len(sizes))


def _arranged(values: npt.NDArray[np.complex64]) -> npt.NDArray[np.complex64]:
    """(slice, partition, frame, coil, y, x)."""
    used = [AXES.index(name) for name in USED]
    unused = {name: size for name, size in zip(AXES, values.shape, strict=True) if size > 1}
    unused = {name: size for name, size in unused.items() if name not in USED}
    if unused:
        found = ", ".join(f"{name} ({size})" for name, size in unused.items())
        raise DataError(
            f"it has the axes {found}, which have no meaning here; coil maps and echoes cannot be "
            "read as k-space, cut one out with 'bart slice'"
        )
    rest = [axis for axis in range(len(AXES)) if axis not in used]
    return values.transpose(used + rest).reshape([values.shape[axis] for axis in used])
