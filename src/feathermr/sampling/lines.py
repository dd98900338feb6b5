"""Patterns that skip whole lines along one axis, the same for every frame."""

import torch
from torch import Tensor

from feathermr.sampling.budget import (
    budget,
    check_request,
    distance_from_center,
    draw,
    place_lines,
)


def random(
    shape: tuple[int, ...],
    *,
    acceleration: float,
    center: int | float,
    axis: int,
    generator: torch.Generator,
) -> Tensor:
    """Lines drawn uniformly outside the fully sampled center.

    fastMRI's random mask draws each line by itself, so its acceleration varies; this one draws an
    exact number: Zbontar et al. (2018), doi:10.48550/arXiv.1811.08839.

    Example:
        >>> from feathermr.core.seeding import generator
        >>> mask = random((1, 1, 96, 64), acceleration=4, center=0.08, axis=-1,
        ...               generator=generator(0))
        >>> tuple(mask.shape), int(mask.sum())
        ((1, 1, 1, 1, 64), 16)
    """
    check_request(shape, axis)
    count, block = budget((shape[axis],), acceleration, center)
    return place_lines(draw(torch.ones(1, shape[axis]), count, block, generator), axis)


def gaussian(
    shape: tuple[int, ...],
    *,
    acceleration: float,
    center: int | float,
    axis: int,
    generator: torch.Generator,
) -> Tensor:
    """Lines drawn with a normal density whose third standard deviation is the edge of k-space."""
    check_request(shape, axis)
    count, block = budget((shape[axis],), acceleration, center)
    density = torch.exp(-0.5 * (3 * distance_from_center(shape[axis])) ** 2)
    return place_lines(draw(density[None], count, block, generator), axis)


def equispaced(
    shape: tuple[int, ...],
    *,
    acceleration: float,
    center: int | float,
    axis: int,
    generator: torch.Generator,
) -> Tensor:
    """Lines at equal distance outside the fully sampled center, with a random offset.

    The distance is widened until lines and center together are as many as asked for, as fastMRI
    does; where it is no integer, neighbouring gaps differ by one. Positions are counted with the
    center left out, so the last gap before and the first after it add up to one gap.
    """
    check_request(shape, axis)
    count, block = budget((shape[axis],), acceleration, center)
    return place_lines(sheared_lines(count, block, 1, generator), axis)


def sheared_lines(count: int, block: Tensor, frames: int, generator: torch.Generator) -> Tensor:
    """The center and equally spaced lines, moved on by one position from frame to frame.

    Args:
        count: lines a frame, the center included.
        block: true in the center (position).
        frames: number of frames.
        generator: gives the offset of the first frame.

    Returns:
        Boolean array (frame, position).
    """
    outside = (~block).nonzero()[:, 0]
    lines = block.repeat(frames, 1)
    left = count - int(block.sum())
    if left > 0:
        offset = torch.rand((), dtype=torch.float64, generator=generator)
        steps = torch.arange(left, dtype=torch.float64) + offset
        first = (steps * (len(outside) / left)).floor().long()
        positions = (first + torch.arange(frames)[:, None]) % len(outside)
        lines.scatter_(1, outside[positions], True)
    return lines
