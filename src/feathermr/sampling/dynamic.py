"""Patterns of lines that change from frame to frame."""

import math

import torch
from torch import Tensor

from feathermr.sampling.budget import (
    budget,
    check_request,
    distance_from_center,
    draw,
    place_lines,
)
from feathermr.sampling.lines import sheared_lines


def kt_random(
    shape: tuple[int, ...],
    *,
    acceleration: float,
    center: int | float,
    axis: int,
    generator: torch.Generator,
) -> Tensor:
    """Lines of every frame drawn anew, with density (1 - distance from the center)^2.

    Example:
        >>> from feathermr.core.seeding import generator
        >>> mask = kt_random((1, 20, 192, 192), acceleration=5, center=11, axis=-2,
        ...                  generator=generator(0))
        >>> tuple(mask.shape), sorted(set(mask.sum(dim=-2).flatten().tolist()))
        ((1, 20, 1, 192, 1), [38])
    """
    check_request(shape, axis)
    count, block = budget((shape[axis],), acceleration, center)
    density = (1 - distance_from_center(shape[axis])) ** 2
    return place_lines(draw(density.repeat(shape[1], 1), count, block, generator), axis)


def kt_laplacian(
    shape: tuple[int, ...],
    *,
    acceleration: float,
    center: int | float,
    axis: int,
    generator: torch.Generator,
) -> Tensor:
    """Lines of every frame drawn anew, with a Laplace density.

    The density is ``exp(-3 sqrt(2) d)`` at the distance ``d`` from the center, so that the edge of
    k-space is at its third standard deviation, as in the normal density of ``gaussian``: it falls
    faster near the center and more slowly far from it.

    Example:
        >>> from feathermr.core.seeding import generator
        >>> mask = kt_laplacian((1, 8, 192, 192), acceleration=6, center=6, axis=-2,
        ...                     generator=generator(0))
        >>> tuple(mask.shape), sorted(set(mask.sum(dim=-2).flatten().tolist()))
        ((1, 8, 1, 192, 1), [32])
    """
    check_request(shape, axis)
    count, block = budget((shape[axis],), acceleration, center)
    density = torch.exp(-3 * math.sqrt(2) * distance_from_center(shape[axis]))
    return place_lines(draw(density.repeat(shape[1], 1), count, block, generator), axis)


def kt_equispaced(
    shape: tuple[int, ...],
    *,
    acceleration: float,
    center: int | float,
    axis: int,
    generator: torch.Generator,
) -> Tensor:
    """Equally spaced lines that move on by one from frame to frame: a sheared k-t lattice.

    As many consecutive frames as the largest gap between lines sample every position together:
    Tsao, Boesiger and Pruessmann, "k-t BLAST and k-t SENSE" (2003), doi:10.1002/mrm.10611.
    """
    check_request(shape, axis)
    count, block = budget((shape[axis],), acceleration, center)
    return place_lines(sheared_lines(count, block, shape[1], generator), axis)
