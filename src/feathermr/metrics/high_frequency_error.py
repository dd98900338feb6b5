"""High-frequency error norm: how much of the edges is lost."""

import torch
from torch import Tensor
from torch.nn.functional import pad

from feathermr.metrics.checks import check_magnitudes, energy_of_target

#: side of the filter and its standard deviation, in pixels
SIDE = 15
SIGMA = 1.5


def laplacian_of_gaussian() -> tuple[Tensor, Tensor]:
    """The filter as three products of a column and a row (3, 15): their sum is (15, 15).

    It is ``(r^2 - 2 s^2) / s^4`` times a normal density of sum 1, shifted to sum 0.
    """
    steps = torch.arange(SIDE, dtype=torch.float64) - SIDE // 2
    density = torch.exp(-(steps**2) / (2 * SIGMA**2))
    density = density / density.sum()
    second = (steps**2 - SIGMA**2) / SIGMA**4 * density
    flat = torch.ones(SIDE, dtype=torch.float64)
    mean = 2 * second.sum() * density.sum() / SIDE**2
    return torch.stack([second, density, flat]), torch.stack([density, second, -mean * flat])


def _filter(images: Tensor, weights: Tensor, axis: int) -> Tensor:
    """Sums over ``SIDE`` shifts; many times faster than a convolution in double precision."""
    size = images.shape[axis] - SIDE + 1
    filtered = torch.zeros_like(images.narrow(axis, 0, size))
    for shift, weight in enumerate(weights.tolist()):
        filtered = filtered + weight * images.narrow(axis, shift, size)
    return filtered


def _edges(images: Tensor) -> Tensor:
    padded = pad(images, (SIDE // 2,) * 4)
    edges = torch.zeros_like(images)
    for column, row in zip(*laplacian_of_gaussian(), strict=True):
        edges = edges + _filter(_filter(padded, column, -2), row, -1)
    return edges


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
