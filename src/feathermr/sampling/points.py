"""Patterns that skip single points of a plane: both y and x are phase-encoded, as in a 3D scan."""

import math

import numpy as np
import torch
from torch import Tensor

from feathermr.sampling.budget import budget, check_request, distance_from_center, draw
from feathermr.sampling.poisson_disc import tuned_darts

#: the smallest distance allowed between two samples grows this much, in units of its value at the
#: center, on the way to the edge of k-space; the density falls with its square, there to a ninth
GROWTH = 2.0


def _distance(shape: tuple[int, ...]) -> Tensor:
    """Distance from the center of the plane (y, x): 1 at the middle of the edges."""
    return torch.hypot(
        distance_from_center(shape[-2])[:, None], distance_from_center(shape[-1])[None]
    )


def gaussian_2d(
    shape: tuple[int, ...],
    *,
    acceleration: float,
    center: int | float,
    axis: int,
    generator: torch.Generator,
) -> Tensor:
    """Points drawn with a normal density whose third standard deviation is the edge of k-space.

    ``center`` is the side of the central square, or as a fraction the share of both axes; ``axis``
    has no meaning here.
    """
    check_request(shape, axis)
    count, block = budget((shape[-2], shape[-1]), acceleration, center)
    density = torch.exp(-0.5 * (3 * _distance(shape)) ** 2)
    drawn = draw(density.flatten(), count, block.flatten(), generator)
    return drawn.reshape(1, 1, 1, shape[-2], shape[-1])


def poisson(
    shape: tuple[int, ...],
    *,
    acceleration: float,
    center: int | float,
    axis: int,
    generator: torch.Generator,
) -> Tensor:
    """Points that keep a distance from each other that grows away from the center.

    Outside the center no two samples are closer than the smaller of their two radii. ``center`` is
    the side of the central square, or as a fraction the share of both axes; ``axis`` has no meaning
    here. Vasanawala et al., "Practical parallel imaging compressed sensing MRI" (2011),
    doi:10.1109/ISBI.2011.5872579.

    Example:
        >>> from feathermr.core.seeding import generator
        >>> mask = poisson((1, 1, 63, 80), acceleration=6, center=8, axis=-2,
        ...                generator=generator(0))
        >>> int(mask.sum()) == round(63 * 80 / 6)
        True
    """
    check_request(shape, axis)
    count, block = budget((shape[-2], shape[-1]), acceleration, center)
    profile = 1 + GROWTH * _distance(shape)
    order = torch.randperm(math.prod(block.shape), generator=generator)
    order = order[~block.flatten()[order]]
    chosen = tuned_darts(profile.numpy(), order.numpy(), count - int(block.sum()))
    mask = block.flatten().clone()
    mask[torch.from_numpy(np.asarray(chosen, dtype=np.int64))] = True
    return mask.reshape(1, 1, 1, shape[-2], shape[-1])
