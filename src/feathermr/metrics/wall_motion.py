"""How faithfully the walls move: correlation of temporal profiles."""

import torch
from torch import Tensor

from feathermr.metrics.checks import check_films
from feathermr.metrics.moving_region import both_regions


def wall_motion(prediction: Tensor, target: Tensor, *, data_range: float | Tensor) -> Tensor:
    """Correlation over time of the courses of moving pixels, weighed by the target's variance.

    ``sum_i v_i r_i / sum_i v_i`` over pixels ``i`` of the `moving_region`, with ``r_i`` the Pearson
    correlation over the frames of prediction and target (0 where the prediction is constant) and
    ``v_i`` the target's temporal variance, so that pixels that hardly move hardly count.

    Args:
        prediction: magnitude (..., frame, y, x).
        target: magnitude (..., frame, y, x).
        data_range: not used; every metric takes it.

    Returns:
        One value a film (...), 1 for equal courses, 0 for unrelated ones.

    Raises:
        DataError: a film is complex, has one frame, or lacks a moving region or a background.
    """
    check_films(prediction, target)
    p, t = (film - film.mean(-3, keepdim=True) for film in (prediction, target))
    energy_p, energy_t = p.square().sum(-3), t.square().sum(-3)
    # rounding of a constant course is no motion
    constant = energy_p <= 1e-12 * prediction.square().sum(-3)
    norm = (energy_p * energy_t).sqrt().clamp_min(torch.finfo(t.dtype).tiny)
    correlation = torch.where(constant, 0, (p * t).sum(-3) / norm)
    weight = energy_t * both_regions(target)
    return (weight * correlation).sum((-2, -1)) / weight.sum((-2, -1))
