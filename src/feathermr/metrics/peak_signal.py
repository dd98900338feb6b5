"""Peak signal-to-noise ratio."""

from torch import Tensor

from feathermr.metrics.checks import check_magnitudes, positive_range


def psnr(prediction: Tensor, target: Tensor, *, data_range: float | Tensor) -> Tensor:
    """Peak signal to noise: ``10 log10(data_range^2 / mean |p - t|^2)`` in decibels.

    Args:
        prediction: magnitude (..., y, x).
        target: magnitude (..., y, x).
        data_range: the peak, one number or one an image (...).

    Returns:
        One value an image (...); infinite for equal images.

    Raises:
        DataError: an image is complex.

    Example:
        >>> import torch
        >>> psnr(torch.full((4, 4), 0.9), torch.ones(4, 4), data_range=1.0).round(decimals=3).item()
        20.0
    """
    check_magnitudes(prediction, target)
    peak = positive_range(data_range, target)
    error = (prediction - target).square().mean(dim=(-2, -1))
    return 10 * (peak.square() / error).log10()
