"""The Charbonnier penalty of two images, weighted by slice or by pixel."""

import math

from torch import Tensor

from feathermr.metrics.checks import check_pair
from feathermr.training.charbonnier import charbonnier

#: of the penalty, for images whose bright tissue is about 1
EPSILON = 1e-9


def weighted_charbonnier(
    prediction: Tensor, target: Tensor, weight: Tensor | None = None
) -> Tensor:
    """``mean sqrt(w^2 d^2 + epsilon) - sqrt(epsilon)``, zero for equal images.

    The mean is over all pixels and over real and imaginary parts, whatever their weights: what has
    weight zero costs nothing, so few weighted pixels make a small penalty. Far above
    ``sqrt(epsilon)`` it is ``mean w |d|``. No gradient reaches the weights.

    Args:
        prediction: complex or real (slice, frame, y, x).
        target: likewise.
        weight: not negative, (slice, 1, 1, 1) or by pixel; none for 1.

    Raises:
        ShapeError: the images differ in shape.
    """
    check_pair(prediction, target)
    if weight is not None:
        weight = weight.detach()
        prediction, target = weight * prediction, weight * target
    return charbonnier(prediction, target, epsilon=EPSILON) - math.sqrt(EPSILON)
