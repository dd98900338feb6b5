"""Normalised mean squared error, of magnitudes and of complex images."""

from torch import Tensor

from feathermr.core.errors import DataError
from feathermr.metrics.checks import check_magnitudes, check_pair, energy_of_target


def nmse(prediction: Tensor, target: Tensor, *, data_range: float | Tensor) -> Tensor:
    """Squared error of the magnitude over the target's energy: ``|p - t|^2 / |t|^2``.

    Args:
        prediction: magnitude (..., y, x).
        target: magnitude (..., y, x).
        data_range: not used; every metric takes it.

    Returns:
        One value an image (...).

    Raises:
        DataError: an image is complex, or a target is zero everywhere.

    Example:
        >>> import torch
        >>> nmse(torch.full((4, 4), 1.5), torch.ones(4, 4), data_range=1.0).item()
        0.25
    """
    check_magnitudes(prediction, target)
    energy = energy_of_target(target, "that are zero everywhere")
    return (prediction - target).square().sum(dim=(-2, -1)) / energy


def complex_nmse(prediction: Tensor, target: Tensor, *, data_range: float | Tensor) -> Tensor:
    """Squared error of the complex image, phase included, over the target's energy.

    Args:
        prediction: complex (..., y, x).
        target: complex (..., y, x).
        data_range: not used; every metric takes it.

    Returns:
        One value an image (...).

    Raises:
        DataError: an image is not complex, or a target is zero everywhere.
    """
    check_pair(prediction, target)
    if not (prediction.is_complex() and target.is_complex()):
        raise DataError(
            f"complex-nmse compares complex images, not {prediction.dtype} with {target.dtype}; "
            "use nmse for magnitudes"
        )
    energy = energy_of_target(target, "that are zero everywhere")
    return (prediction - target).abs().square().sum(dim=(-2, -1)) / energy
