"""The response term: the student's image follows the teacher's."""

from torch import Tensor

from feathermr.training.distill.penalty import weighted_charbonnier


def response(student: Tensor, teacher: Tensor, weight: Tensor | None = None) -> Tensor:
    """``mean sqrt(w^2 (s - t)^2 + epsilon) - sqrt(epsilon)`` over pixels and both parts.

    What distillation of classes does with softened answers, an image needs no softening for: all
    its pixels are numbers already. The penalty grows like an absolute value, so that a few pixels
    where the teacher is far off do not decide. Hinton et al., "Distilling the knowledge in a neural
    network" (2015), arXiv:1503.02531.

    Args:
        student: complex image (slice, frame, y, x), bright tissue about 1.
        teacher: likewise; no gradient reaches it.
        weight: not negative, (slice, 1, 1, 1) as of `trust`, or by pixel; no gradient reaches it.

    Raises:
        ShapeError: the images differ in shape.

    Example:
        >>> import torch
        >>> s, t = torch.full((1, 1, 2, 2), 3 + 4j), torch.zeros(1, 1, 2, 2)
        >>> round(response(s, t).item(), 3)
        3.5
    """
    return weighted_charbonnier(student, teacher.detach(), weight)
