"""Features of two networks brought to one grid of positions."""

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from feathermr.core.errors import ShapeError

#: positions along each side at most
GRID = 16


def to_grid(student: Tensor, teacher: Tensor, grid: int = GRID) -> tuple[Tensor, Tensor]:
    """Both as means over the cells of one grid, never finer than the coarser of the two.

    Args:
        student: features (batch, channel, y, x).
        teacher: features of the same batch and field of view; other channels and sizes.
        grid: positions along each side at most.

    Returns:
        (batch, channel, row, column) of each, in single precision at least: sums over positions
        lose too much in half precision.

    Raises:
        ShapeError: axes or batches differ.
    """
    if student.ndim != 4 or teacher.ndim != 4 or student.shape[0] != teacher.shape[0]:
        raise ShapeError(
            "features of student and teacher have the axes (batch, channel, y, x) and one batch, "
            f"but the shapes are {tuple(student.shape)} and {tuple(teacher.shape)}"
        )
    sizes = zip(student.shape[-2:], teacher.shape[-2:], strict=True)
    rows, columns = (min(grid, *pair) for pair in sizes)
    wide = (
        features.to(torch.promote_types(features.dtype, torch.float32))
        for features in (student, teacher)
    )
    first, second = (adaptive_avg_pool2d(features, (rows, columns)) for features in wide)
    return first, second
