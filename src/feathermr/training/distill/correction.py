"""The correction of the teacher where the student's answer shows that it is wrong."""

import torch
from torch import Tensor

from feathermr.core.errors import UsageError
from feathermr.metrics.checks import check_pair
from feathermr.training.distill.edges import edge_loss
from feathermr.training.distill.filters import box_mean
from feathermr.training.distill.penalty import weighted_charbonnier

#: an error too small to matter, bright tissue about 1
FLOOR = 1e-3
#: side of the neighbourhood that has to agree, in pixels
WINDOW = 5


def mistakes(student: Tensor, teacher: Tensor, target: Tensor, window: int = WINDOW) -> Tensor:
    """``min(c, mean(c))`` where positive, ``c = (|t - g| - |s - g|) / (|t - g| + |s - g| + f)``.

    Near 1 where student and ground truth agree against the teacher, zero wherever the teacher is
    not worse than the student. ``mean`` is over the neighbourhood: a single pixel, as noise makes
    them, weighs little, because those around it do not agree. ``f`` is a small error, so that what
    is right already has no weight.

    Args:
        student: image (slice, frame, y, x), complex or real, bright tissue about 1.
        teacher: likewise.
        target: ground truth ``g``.
        window: side of the neighbourhood, odd, in pixels.

    Returns:
        (slice, frame, y, x), from 0 to 1, without gradient.

    Raises:
        ShapeError: the images differ in shape or are smaller than half the window.
        UsageError: the window is not odd and positive.
    """
    if window < 1 or window % 2 == 0:
        raise UsageError(f"the window of mistakes must be odd and positive, not {window}")
    check_pair(student, target)
    check_pair(teacher, target)
    own, other = ((image.detach() - target.detach()).abs() for image in (student, teacher))
    contrast = (other - own) / (other + own + FLOOR)
    return torch.minimum(contrast, box_mean(contrast, window)).clamp(0, 1)


def correction_loss(
    teacher_image: Tensor, target: Tensor, weight: Tensor, edge: float = 0.0
) -> Tensor:
    """``C_w(t - g) + edge E_w(t, g)``: the teacher pulled to ground truth where ``w`` says so.

    ``C_w`` is the weighted Charbonnier penalty, ``E_w`` the weighted edge term. Zero where the
    teacher is right or has no weight. The mean is over all pixels, so few mistakes correct little.

    Args:
        teacher_image: (slice, frame, y, x), complex or real.
        target: ground truth; no gradient reaches it.
        weight: of `mistakes`; no gradient reaches it.
        edge: weight of the edge term; zero leaves it out.

    Raises:
        ShapeError: the images differ in shape or are too small for the edge term.
        UsageError: ``edge`` is negative.
    """
    if not edge >= 0:
        raise UsageError(f"the weight of the edge term must be zero or positive, not {edge:g}")
    target = target.detach()
    loss = weighted_charbonnier(teacher_image, target, weight)
    return loss + edge * edge_loss(teacher_image, target, weight) if edge > 0 else loss
