"""Edges of images as maps that can be differentiated, and the edge term."""

import math

from torch import Tensor

from feathermr.core.errors import UsageError
from feathermr.training.distill.filters import filtered
from feathermr.training.distill.penalty import weighted_charbonnier

#: below this slope per pixel the root of the Sobel magnitude is round, bright tissue about 1
SLOPE = 1e-3
#: standard deviation of the Laplacian of Gaussian, in pixels
SIGMA = 1.5
DIFFERENCE = (-0.5, 0.0, 0.5)
SMOOTHING = (0.25, 0.5, 0.25)


def sobel_magnitude(image: Tensor) -> Tensor:
    """``sqrt(g_y^2 + g_x^2 + e^2) - e``, slopes per pixel by Sobel's filters, ``e`` a small slope.

    A ramp of slope ``a`` gives ``a``; what is flat gives zero, with a gradient of zero. The image
    is mirrored at its border, so that the border is no edge.

    Args:
        image: magnitude (..., y, x).

    Raises:
        ShapeError: an axis has one pixel.
    """
    in_y = filtered(filtered(image, DIFFERENCE, -2), SMOOTHING, -1)
    in_x = filtered(filtered(image, SMOOTHING, -2), DIFFERENCE, -1)
    return (in_y.square() + in_x.square() + SLOPE**2).sqrt() - SLOPE


def laplacian_of_gaussian(image: Tensor, sigma: float = SIGMA) -> Tensor:
    """The Laplacian, per square pixel, of the image blurred by a Gaussian.

    ``a y^2 + b x^2 + c y + d x + e`` gives exactly ``2 (a + b)``: the cut-off filters are made so.
    The image is mirrored at its border.

    Args:
        image: magnitude (..., y, x), larger than four ``sigma``.
        sigma: of the Gaussian, in pixels.

    Raises:
        ShapeError: the image is too small.
        UsageError: ``sigma`` is not positive.
    """
    blur, second = _gaussian(sigma)
    return filtered(filtered(image, second, -2), blur, -1) + filtered(
        filtered(image, blur, -2), second, -1
    )


def edge_loss(
    image: Tensor, target: Tensor, weight: Tensor | None = None, sigma: float = SIGMA
) -> Tensor:
    """``C(S(|p|) - S(|t|)) + C(sigma^2 (L(|p|) - L(|t|)))``, zero for equal magnitudes.

    ``C`` is the Charbonnier penalty, ``S`` `sobel_magnitude`, which sees slopes, and ``L``
    `laplacian_of_gaussian`, which sees where they change, scaled to numbers alike. No threshold, no
    rounding: gradients reach all pixels. Errors of edges by this Laplacian: Ravishankar and Bresler
    2011, doi:10.1109/TMI.2010.2090538.

    Args:
        image: complex or magnitude (slice, frame, y, x).
        target: likewise; gradients reach both images, so detach what is not to learn.
        weight: of the edges, not negative, (slice, 1, 1, 1) or by pixel; none for 1.
        sigma: in pixels.

    Raises:
        ShapeError: the images differ in shape or are too small.
        UsageError: ``sigma`` is not positive.
    """
    first, second = (one.abs() if one.is_complex() else one for one in (image, target))
    slopes = weighted_charbonnier(sobel_magnitude(first), sobel_magnitude(second), weight)
    found, wanted = (sigma**2 * laplacian_of_gaussian(one, sigma) for one in (first, second))
    return slopes + weighted_charbonnier(found, wanted, weight)


def _gaussian(sigma: float) -> tuple[list[float], list[float]]:
    """A blur of sum 1, and a second derivative of sum 0 that gives 2 for ``x^2``."""
    if not sigma > 0:
        raise UsageError(f"sigma of the Laplacian of Gaussian must be above zero, not {sigma:g}")
    reach = math.ceil(4 * sigma)
    steps = range(-reach, reach + 1)
    density = [math.exp(-(step**2) / (2 * sigma**2)) for step in steps]
    blur = [value / sum(density) for value in density]
    squares = sum(step**2 * value for step, value in zip(steps, blur, strict=True))
    fourths = sum(step**4 * value for step, value in zip(steps, blur, strict=True))
    factor = 2 / (fourths - squares**2)
    return blur, [
        factor * (step**2 - squares) * value for step, value in zip(steps, blur, strict=True)
    ]
