"""High-frequency error norm: how much of the edges is lost."""

import torch
from torch import Tensor
from torch.nn.functional import conv2d

from feathermr.metrics.checks import check_magnitudes, energy_of_target

#: side of the filter and its standard deviation, in pixels
SIDE = 15
SIGMA = 1.5


def laplacian_of_gaussian() -> Tensor:
    """The filter (15, 15): ``(r^2 - 2 s^2) / s^4`` times a normal density, shifted to sum 0."""
    steps = torch.arange(SIDE, dtype=torch.float64) - SIDE // 2
    squared = steps[:, None] ** 2 + steps**2
    density = torch.exp(-squared / (2 * SIGMA**2))
    kernel = (squared - 2 * SIGMA**2) / SIGMA**4 * density / density.sum()
    return kernel - kernel.mean()


def _edges(images: Tensor) -> Tensor:
    kernel = laplacian_of_gaussian().to(images)
    flat = images.reshape(-1, 1, *images.shape[-2:])
    return conv2d(flat, kernel[None, None], padding=SIDE // 2).reshape(images.shape)


def hfen(prediction: Tensor, target: Tensor, *, data_range: float | Tensor) -> Tensor:
    """Relative error of the edges: ``|LoG(p) - LoG(t)| / |LoG(t)|``, zeros beyond the border.

    Ravishankar and Bresler, "MR image reconstruction from highly undersampled k-space data by
    dictionary learning" (2011), doi:10.1109/TMI.2010.2090538.

    Args:
        prediction: magnitude (..., y, x).
        target: magnitude (..., y, x).
        data_range: not used; every metric takes it.

    Returns:
        One value an image (...).

    Raises:
        DataError: an image is complex, or a target has no edges.

    Example:
        >>> import torch
        >>> image = torch.eye(20, dtype=torch.float64)
        >>> round(hfen(0.9 * image, image, data_range=1.0).item(), 6)
        0.1
    """
    check_magnitudes(prediction, target)
    energy = energy_of_target(_edges(target), "without any edge")
    return (_edges(prediction - target).square().sum(dim=(-2, -1)) / energy).sqrt()
