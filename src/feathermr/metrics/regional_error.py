"""Errors of a film inside its moving region and in its still background."""

from torch import Tensor

from feathermr.metrics.checks import check_films, positive_range
from feathermr.metrics.moving_region import both_regions


def _mean_square(values: Tensor, region: Tensor) -> Tensor:
    """Mean over the frames and the pixels of the region, of each film (...)."""
    return (values.square().mean(-3) * region).sum((-2, -1)) / region.sum((-2, -1))


def _psnr(prediction: Tensor, target: Tensor, data_range: float | Tensor, moving: bool) -> Tensor:
    check_films(prediction, target)
    peak = positive_range(data_range, target, axes=3)
    region = both_regions(target) == moving
    return 10 * (peak.square() / _mean_square(prediction - target, region)).log10()


def _nmse(prediction: Tensor, target: Tensor, moving: bool) -> Tensor:
    check_films(prediction, target)
    region = both_regions(target) == moving
    return _mean_square(prediction - target, region) / _mean_square(target, region)


def psnr_moving(prediction: Tensor, target: Tensor, *, data_range: float | Tensor) -> Tensor:
    """Peak signal to noise inside the moving region of a film, by the range of the whole.

    Args:
        prediction: magnitude (..., frame, y, x).
        target: magnitude (..., frame, y, x); its `moving_region` counts.
        data_range: the peak of the whole film, one number or one a film (...).

    Returns:
        One value a film (...).

    Raises:
        DataError: a film is complex, has one frame, or lacks a moving region or a background.
    """
    return _psnr(prediction, target, data_range, moving=True)


def psnr_still(prediction: Tensor, target: Tensor, *, data_range: float | Tensor) -> Tensor:
    """Peak signal to noise outside the moving region of a film; as `psnr_moving` otherwise."""
    return _psnr(prediction, target, data_range, moving=False)


def nmse_moving(prediction: Tensor, target: Tensor, *, data_range: float | Tensor) -> Tensor:
    """Squared error over the target's energy, both inside the moving region of a film."""
    return _nmse(prediction, target, moving=True)


def nmse_still(prediction: Tensor, target: Tensor, *, data_range: float | Tensor) -> Tensor:
    """Squared error over the target's energy, both outside the moving region of a film."""
    return _nmse(prediction, target, moving=False)
