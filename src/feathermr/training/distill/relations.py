"""The relation term: which positions of an image are alike, near and far."""

import torch
from torch import Tensor
from torch.nn.functional import kl_div

from feathermr.core.errors import ShapeError, UsageError
from feathermr.training.distill.grid import GRID, to_grid

#: of the mean energy of a position, added to each: features smaller than that have few relations
FLOOR = 1e-2
#: of energy, so that an empty image gives numbers
TINY = 1e-12


def relations(features: Tensor) -> Tensor:
    """Similarities of all pairs of positions, ``z_i . z_j / (n_i n_j)``, (batch, i, j).

    ``z`` is the feature of a position less the mean over positions, ``n_i^2`` is ``|z_i|^2`` plus
    a hundredth of its mean: a smooth cosine, in which positions of tiny features, whose direction
    is noise, are related to none. Without the mean taken off, the offset that a network's features
    share would make all cosines nearly 1. Channels are summed out: their number, order and any
    rotation of them do not matter, nor does a factor.

    Args:
        features: (batch, channel, y, x).
    """
    positions = features.flatten(2).transpose(1, 2)
    centered = positions - positions.mean(1, keepdim=True)
    energy = centered.square().sum(2, keepdim=True)
    length = (energy + FLOOR * energy.mean(1, keepdim=True) + TINY).sqrt()
    directions = centered / length
    with torch.autocast(features.device.type, enabled=False):
        return directions @ directions.transpose(1, 2)


def relation_loss(
    student: Tensor, teacher: Tensor, temperature: float = 0.1, grid: int = GRID
) -> Tensor:
    """``T^2 mean_i KL(softmax_j(t_ij / T) || softmax_j(s_ij / T))``, ``j`` not ``i``.

    ``s`` and ``t`` are the `relations` of both networks on one grid, so structure at any distance
    counts, no projection is needed, and nothing has to have the same channels. For each position
    the student learns which others the teacher finds alike, as an attention over positions. ``T^2``
    keeps gradients alike at all temperatures.

    The softmax runs over positions, never over channels, where that of a single channel would be
    constant. The squared difference of similarities was not taken: most pairs are unrelated, and
    their chance similarities, larger the fewer the channels, would decide; the softmax does not
    see a level that a row has in common.

    Park et al., "Relational knowledge distillation" (2019), doi:10.1109/CVPR.2019.00409; between
    positions: Liu et al., "Structured knowledge distillation for dense prediction" (2019),
    arXiv:1903.04197; temperature: Hinton et al. (2015), arXiv:1503.02531.

    Args:
        student: features (batch, channel, y, x).
        teacher: features of the same batch and field of view; no gradient reaches it.
        temperature: above zero; low values look at the most similar positions only.
        grid: positions along each side at most.

    Raises:
        ShapeError: axes or batches differ, or there are fewer than three positions.
        UsageError: the temperature is not positive.
    """
    if not temperature > 0:
        raise UsageError(f"the temperature of relations must be above zero, not {temperature:g}")
    student, teacher = to_grid(student, teacher.detach(), grid)
    if student[0, 0].numel() < 3:
        raise ShapeError(
            "relations need at least three positions, but features have "
            f"{tuple(student.shape[-2:])}; name a layer of higher resolution or a finer grid"
        )
    found, wanted = (
        (_others(relations(features)) / temperature).log_softmax(2)
        for features in (student, teacher)
    )
    divergence = kl_div(found, wanted, reduction="none", log_target=True).sum(2)
    return temperature**2 * divergence.mean()


def _others(square: Tensor) -> Tensor:
    """(batch, n, n) without its diagonal, (batch, n, n - 1).

    In one row behind the other, every (n + 1)-th number is on the diagonal.
    """
    batch, n, _ = square.shape
    without = square.flatten(1)[:, 1:].reshape(batch, n - 1, n + 1)[..., :-1]
    return without.reshape(batch, n, n - 1)
