"""Structural similarity with the window and the constants of the fastMRI challenges."""

from torch import Tensor
from torch.nn.functional import avg_pool2d

from feathermr.core.errors import ShapeError
from feathermr.metrics.checks import check_magnitudes, positive_range

#: side of the uniform window
WINDOW = 7


def _local_mean(images: Tensor) -> Tensor:
    """Mean over every whole window, of (image, y, x)."""
    mean: Tensor = avg_pool2d(images[:, None], WINDOW, stride=1)
    return mean[:, 0]


def ssim(prediction: Tensor, target: Tensor, *, data_range: float | Tensor) -> Tensor:
    """Structural similarity: agreement of local mean, contrast and structure; 1 for equal images.

    Uniform 7 x 7 windows that lie inside the image, constants 0.01 and 0.03, sample covariance:
    Wang et al., "Image quality assessment: from error visibility to structural similarity" (2004),
    doi:10.1109/TIP.2003.819861.

    Args:
        prediction: magnitude (..., y, x), at least 7 x 7.
        target: magnitude (..., y, x).
        data_range: the range that the constants are relative to, one number or one an image (...).

    Returns:
        One value an image (...).

    Raises:
        DataError: an image is complex or smaller than the window.

    Example:
        >>> import torch
        >>> image = torch.arange(90.0).reshape(9, 10)
        >>> ssim(image, image, data_range=89.0).item()
        1.0
    """
    check_magnitudes(prediction, target)
    if min(target.shape[-2:]) < WINDOW:
        raise ShapeError(
            f"ssim needs images of at least {WINDOW} x {WINDOW}, not {tuple(target.shape[-2:])}"
        )
    leading = target.shape[:-2]
    peak = positive_range(data_range, target).expand(leading).reshape(-1, 1, 1)
    p, t = (image.reshape(-1, *image.shape[-2:]) for image in (prediction, target))
    mean_p, mean_t = _local_mean(p), _local_mean(t)
    sample = WINDOW**2 / (WINDOW**2 - 1)
    variance_p = sample * (_local_mean(p * p) - mean_p * mean_p)
    variance_t = sample * (_local_mean(t * t) - mean_t * mean_t)
    covariance = sample * (_local_mean(p * t) - mean_p * mean_t)
    c1, c2 = (0.01 * peak) ** 2, (0.03 * peak) ** 2
    luminance = (2 * mean_p * mean_t + c1) / (mean_p**2 + mean_t**2 + c1)
    structure = (2 * covariance + c2) / (variance_p + variance_t + c2)
    return (luminance * structure).mean(dim=(-2, -1)).reshape(leading)
