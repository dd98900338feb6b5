"""How far each image follows the teacher, by the teacher's measured error."""

import torch
from torch import Tensor

from feathermr.metrics.checks import check_pair


def trust(student: Tensor, teacher: Tensor, target: Tensor) -> Tensor:
    """``MSE(s, g) / (MSE(s, g) + MSE(t, g))`` of each image: the weight of the teacher.

    What is left to 1 is the weight of ground truth. 1 when the teacher is perfect, 1/2 when both
    err alike (also when neither errs), 0 when the teacher errs much more. So a student follows the
    teacher at first and ground truth more and more as it catches up, without a schedule. It is the
    weight that the teacher has in the best average of both images, were their errors independent.

    Args:
        student: image (slice, frame, y, x), complex or real.
        teacher: likewise.
        target: ground truth.

    Returns:
        (slice, 1, 1, 1), from 0 to 1, without gradient.

    Raises:
        ShapeError: the images differ in shape.

    Example:
        >>> g = torch.zeros(1, 1, 2, 2)
        >>> trust(g + 3, g + 1, g).item()
        0.8999999761581421
    """
    check_pair(student, target)
    check_pair(teacher, target)
    own, other = (
        (image.detach() - target.detach()).abs().square().mean((1, 2, 3), keepdim=True)
        for image in (student, teacher)
    )
    total = own + other
    half = torch.full_like(total, 0.5)
    return torch.where(total > 0, own / torch.where(total > 0, total, half), half)
