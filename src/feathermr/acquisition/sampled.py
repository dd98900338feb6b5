"""Which positions were sampled, when a file holds no mask."""

import torch
from torch import Tensor

FULL_NOTE = "no position is zero in all coils, so the scan is taken as fully sampled"
INFERRED_NOTE = (
    "the mask was inferred from zeros, because the file holds none: a position that is zero in "
    "all coils counts as not sampled"
)


def inferred_mask(kspace: Tensor) -> tuple[Tensor, str]:
    """Where any coil is not zero (slice, frame, 1, y, x), and a sentence that says so.

    Slices and frames that share one mask are stored once.
    """
    mask = (kspace != 0).any(dim=2, keepdim=True)
    if bool(mask.all()):
        return mask[:1, :1], FULL_NOTE
    for axis in (0, 1):
        first = mask.narrow(axis, 0, 1)
        if bool((mask == first).all()):
            mask = first
    return mask, INFERRED_NOTE


def phase_axis_of(mask: Tensor, otherwise: int = -2) -> int:
    """The axis along which whole lines are skipped; ``otherwise`` when the mask does not tell."""
    used = mask.reshape(-1, *mask.shape[-2:])
    along_y = bool((used == used[..., :1]).all())
    along_x = bool((used == used[..., :1, :]).all())
    if along_x == along_y:
        return otherwise
    return -2 if along_y else -1


def keep_sampled(kspace: Tensor, mask: Tensor) -> Tensor:
    """``kspace`` with exactly +0 where ``mask`` is false."""
    if bool(mask.all()):
        return kspace
    return torch.where(mask, kspace, torch.zeros((), dtype=kspace.dtype))


def fills_a_box(mask: Tensor) -> bool:
    """Whether every slice, frame and coil samples one block of rows and columns, and all of it.

    Around the block is zero padding, a coarser resolution or a partial echo, but between its
    samples nothing is missing and so nothing aliases.

    Args:
        mask: boolean, five axes (slice, frame, coil, y, x).
    """
    patterns = mask.reshape(-1, *mask.shape[-2:])
    used = patterns[0]
    rows, columns = used.any(1), used.any(0)
    return (
        bool((patterns == rows[:, None] & columns[None, :]).all())
        and _without_gap(rows)
        and _without_gap(columns)
    )


def _without_gap(line: Tensor) -> bool:
    positions = line.nonzero().flatten()
    return len(positions) > 0 and int(positions[-1] - positions[0]) + 1 == len(positions)
