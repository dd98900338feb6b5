"""Names and axes in the MATLAB files of the CMRxRecon challenges, 2023 to 2025.

K-space is (kx, ky, coil, slice, time), without the coil in the files called single; lines are
skipped along ky. The mask, (kx, ky) or (kx, ky, time), lies in a file of its own. Reference: Wang
et al., CMRxRecon: a publicly available k-space dataset and benchmark to advance deep learning for
cardiac MRI, Scientific Data 2024, doi:10.1038/s41597-024-03525-4.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from feathermr.acquisition.arrays import Array, Layout, ordered
from feathermr.core.errors import DataError

#: names of k-space: complete, or undersampled as in 2023 (``sub04``) and since 2024 (``kus``)
KSPACE_NAME = re.compile(r"kspace_(single_)?(full|sub\d+)|kus")
#: names of masks: ``mask04`` in 2023, ``mask`` since
MASK_NAME = re.compile(r"mask\d*")
#: the axes of a mask, the last one where frames differ
MASK_AXES = ("x", "y", "frame")
AXES_NOTE = (
    "the axes are taken as kx, ky, {coil}slice, time, and lines as skipped along ky, as in "
    "CMRxRecon; it says no times of frames"
)


def kspace_name(arrays: Mapping[str, Array]) -> str | None:
    """The name of the k-space; that of 2025, ``kspace``, counts only with all five axes.

    Raises:
        DataError: there are several.
    """
    names = [name for name in arrays if KSPACE_NAME.fullmatch(name)]
    if len(names) > 1:
        raise DataError(f"it holds several scans: {', '.join(names)}; keep one")
    if not names and "kspace" in arrays and arrays["kspace"].ndim == 5:
        return "kspace"
    return names[0] if names else None


def kspace_layout(name: str, array: Array) -> Layout:
    """The axes of the k-space called ``name``; MATLAB leaves out the last ones of size 1."""
    coil = () if "single" in name else ("coil",)
    axes = ("x", "y", *coil, "slice", "frame")
    if not 2 <= array.ndim <= len(axes):
        raise DataError(
            f"the array '{name}' of shape {array.shape} must have the axes {', '.join(axes)}"
        )
    return axes[: array.ndim]


def axes_note(layout: Layout) -> str:
    """What was taken for granted about the axes."""
    return AXES_NOTE.format(coil="coil, " if "coil" in layout else "")


def mask_file(path: Path, name: str) -> Path | None:
    """The file with the mask of the undersampled k-space ``name`` in the file at ``path``.

    ``cine_lax_mask.mat`` lies beside ``cine_lax.mat``, and ``cine_lax_mask_Uniform4.mat`` beside
    ``cine_lax_kus_Uniform4.mat`` or in the same place under ``Mask_Task1`` or ``Mask_TaskAll``.
    """
    if name.endswith("full") or name == "kspace":
        return None
    stem = path.stem.replace("_kus_", "_mask_") if "_kus_" in path.stem else f"{path.stem}_mask"
    beside = path.with_name(f"{stem}.mat")
    return next((file for file in (beside, *_elsewhere(beside)) if file.is_file()), None)


def _elsewhere(path: Path) -> Iterator[Path]:
    """``path`` with its folder ``UnderSample_TaskN`` turned into one of masks."""
    parts = path.absolute().parts
    for place, part in enumerate(parts):
        if part.startswith("UnderSample_"):
            for folder in (part.replace("UnderSample_", "Mask_"), "Mask_TaskAll"):
                yield Path(*parts[:place], folder, *parts[place + 1 :])


def mask_of(arrays: Mapping[str, Array], file: Path, kspace: Array, layout: Layout) -> Array:
    """The mask among the arrays of ``file``, with the axes of the k-space.

    Raises:
        DataError: the file holds no mask, or one that does not fit the k-space.
    """
    found = [array for name, array in arrays.items() if MASK_NAME.fullmatch(name)]
    if len(found) != 1:
        raise DataError(f"its mask file {file} must hold one array 'mask' or 'mask04'")
    mask = found[0]
    named = MASK_AXES[: mask.ndim]
    if len(named) == mask.ndim and set(named) <= set(layout):
        sizes = dict(zip(layout, kspace.shape, strict=True))
        if all(sizes[axis] == size for axis, size in zip(named, mask.shape, strict=True)):
            return ordered(mask, named, layout)
    raise DataError(f"the mask in {file} has the shape {mask.shape}, the k-space {kspace.shape}")
