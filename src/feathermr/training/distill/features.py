"""The feature term: the student's features, projected, follow the teacher's tokens."""

from typing import final

import torch
from torch import Tensor, nn

from feathermr.core.errors import ShapeError, UsageError
from feathermr.training.distill.grid import GRID, to_grid

#: of the energy: features that vary less over an image say nothing about it
FLAT = 1e-4


@final
class Projection(nn.Module):
    """The student's features in the teacher's token space, ``W s + b`` at each position.

    Features of a convolutional network and of a transformer differ in channels, in resolution and
    in meaning. Means over the cells of one grid bring both to the same positions, and a learned
    1 x 1 convolution the channels. It belongs to the training, not to the student.

    Hao et al., "One-for-all: bridge the gap between heterogeneous architectures in knowledge
    distillation" (2023), arXiv:2310.19444, project to a space that both architectures share, there
    that of classes; an image has none, so here it is the teacher's.

    Args:
        student_channels: of the student's features.
        teacher_channels: of the teacher's.
        grid: positions along each side at most.

    Raises:
        UsageError: a number is below 1.
    """

    def __init__(self, student_channels: int, teacher_channels: int, grid: int = GRID) -> None:
        super().__init__()
        if min(student_channels, teacher_channels, grid) < 1:
            raise UsageError("channels and grid of a projection must be at least 1")
        self.grid = grid
        self.convolution = nn.Conv2d(student_channels, teacher_channels, 1)

    def forward(self, student: Tensor, teacher: Tensor) -> tuple[Tensor, Tensor]:
        """Features (batch, channel, y, x) to projected and teacher's on one grid.

        Raises:
            ShapeError: axes or batches differ.
        """
        student, teacher = to_grid(student, teacher.detach(), self.grid)
        return self.convolution(student), teacher


def feature_loss(projected: Tensor, teacher: Tensor) -> Tensor:
    """``sum |p - t|^2 / sum |t - mean(t)|^2`` of each image, averaged: the part not explained.

    The sums run over positions and channels, the mean over positions. 0 when all is found, 1 for
    the best constant answer. A common factor of both changes nothing.

    It is least squares in the projection, with a gradient that is proportional to what is missing
    and bounded everywhere. The cosine at each position was not taken for three reasons: its
    gradient grows as ``1 / |p|`` where features are small, as outside the body; every such position
    would weigh as much as one in tissue; and the large offset that the tokens of a transformer
    share makes all cosines nearly 1. Here positions weigh by how much the teacher says there.

    An image whose teacher's features do not vary (an empty slice) counts zero.

    Args:
        projected: (batch, channel, y, x), of `Projection`.
        teacher: likewise; no gradient reaches it.

    Raises:
        ShapeError: the shapes differ.

    Example:
        >>> teacher = torch.tensor([1.0, 3.0]).reshape(1, 1, 1, 2)
        >>> feature_loss(torch.full((1, 1, 1, 2), 2.0), teacher).item()
        1.0
    """
    if projected.shape != teacher.shape or teacher.ndim != 4:
        raise ShapeError(
            f"projected features {tuple(projected.shape)} and the teacher's "
            f"{tuple(teacher.shape)} must have the same axes (batch, channel, y, x)"
        )
    teacher = teacher.detach()
    axes = (1, 2, 3)
    energy = teacher.square().sum(axes)
    spread = (teacher - teacher.mean((2, 3), keepdim=True)).square().sum(axes)
    varies = spread > FLAT * energy
    factor = varies / torch.where(varies, spread, torch.ones_like(spread))
    return ((projected - teacher).square().sum(axes) * factor).mean()
