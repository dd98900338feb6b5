"""Where a film moves."""

from torch import Tensor
from torch.nn.functional import avg_pool2d, max_pool2d

from feathermr.core.errors import DataError
from feathermr.metrics.checks import check_films

#: the magnitude that this share of a film's values does not exceed is its bright level
BRIGHT_QUANTILE = 0.995
#: share of the bright level that the temporal standard deviation of a moving pixel exceeds
SHARE = 0.08
#: pixels by which the region grows to each side
MARGIN = 2


def moving_region(reference: Tensor) -> Tensor:
    """Pixels whose magnitude changes over the frames, grown by ``MARGIN`` pixels.

    ``var_f(t)``, averaged over 3 x 3 pixels so that lone noisy ones do not count, exceeds
    ``(SHARE * bright level)^2``; then each such pixel is widened to a square.

    Args:
        reference: magnitude (..., frame, y, x).

    Returns:
        Boolean (..., y, x).

    Raises:
        DataError: the film is complex or has one frame.

    Example:
        >>> import torch
        >>> film = torch.ones(2, 9, 9)
        >>> film[1, 4, 4] = 0
        >>> int(moving_region(film).sum())
        49
    """
    check_films(reference, reference)
    films = reference.reshape(-1, *reference.shape[-3:])
    rank = max(1, round(BRIGHT_QUANTILE * films[0].numel()))
    bright = films.flatten(1).kthvalue(rank).values[:, None, None]
    variance = films.var(1, correction=0)[:, None]
    smooth = avg_pool2d(variance, 3, 1, 1, count_include_pad=False)[:, 0]
    moving = (smooth > (SHARE * bright) ** 2).to(films.dtype)[:, None]
    grown = max_pool2d(moving, 2 * MARGIN + 1, 1, MARGIN)[:, 0] > 0
    return grown.reshape(*reference.shape[:-3], *reference.shape[-2:])


def has_both_regions(reference: Tensor) -> Tensor:
    """Whether each film (...) has a moving region and a still background with signal."""
    moving = moving_region(reference)
    signal = reference.square().sum(-3) > 0
    both: Tensor = moving.any(-1).any(-1) & (~moving & signal).any(-1).any(-1)
    return both


def both_regions(reference: Tensor) -> Tensor:
    """The moving region of films that have a still background too.

    Raises:
        DataError: a film moves nowhere, or everywhere.
    """
    count = int((~has_both_regions(reference)).sum())
    if count:
        raise DataError(
            f"the target has {count} film(s) without a moving region or without a still "
            "background; leave them out"
        )
    return moving_region(reference)
