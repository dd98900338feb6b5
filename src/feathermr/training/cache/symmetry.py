"""Changes of an example that physics allows, so that a network never meets the same one twice.

Each changes image, coil maps, mask and k-space together, so that ``y = M F C x`` holds afterwards
as it held before, to the last bits. With ``c = n // 2`` mirroring takes index ``i`` to
``(2 c - i) mod n``, which the centred transform carries over as it is.
"""

import math
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from feathermr.training.continuous import ContinuousExample
from feathermr.training.example import Example, Posed


def symmetric(example: Posed, generator: torch.Generator) -> Posed:
    """The example mirrored, transposed, conjugated and turned in phase, as the generator says.

    Images of low resolution stay as they are: they are magnitudes on a grid of their own.
    """
    if isinstance(example, ContinuousExample):
        return replace(example, acquired=_drawn(example.acquired, generator))
    return _drawn(example, generator) if isinstance(example, Example) else example


def _drawn(example: Example, generator: torch.Generator) -> Example:
    up, left, swapped, conjugate = (torch.rand(4, generator=generator) < 0.5).tolist()
    turns = torch.rand(example.kspace.shape[0], generator=generator)
    for chosen, change in (
        (up, lambda one: mirrored(one, -2)),
        (left, lambda one: mirrored(one, -1)),
        (swapped, transposed),
        (conjugate, conjugated),
    ):
        example = change(example) if chosen else example
    return turned(example, 2 * math.pi * turns)


def mirrored(example: Example, axis: int) -> Example:
    """Mirrored along y (-2) or x (-1)."""
    return _changed(example, lambda array: _mirrored(array, axis))


def transposed(example: Example) -> Example:
    """With y and x in each other's place."""
    return _changed(example, lambda array: array.mT.contiguous())


def conjugated(example: Example) -> Example:
    """The complex conjugate of image and maps; k-space and mask are mirrored along both axes."""
    return Example(
        _point_mirrored(example.kspace).conj().resolve_conj(),
        _point_mirrored(example.mask),
        example.coil_maps.conj().resolve_conj(),
        example.target.conj().resolve_conj(),
        None if example.starts is None else example.starts.conj().resolve_conj(),
    )


def turned(example: Example, angles: Tensor) -> Example:
    """Image and samples of each slice turned in phase by an angle (slice,), in radians."""
    factor = torch.polar(torch.ones_like(angles), angles).to(example.kspace)
    image, samples = factor.reshape(-1, 1, 1, 1), factor.reshape(-1, 1, 1, 1, 1)
    return replace(
        example,
        kspace=example.kspace * samples,
        target=example.target * image,
        starts=None if example.starts is None else example.starts * samples,
    )


def _changed(example: Example, change: Callable[[Tensor], Tensor]) -> Example:
    """The same change of every array."""
    return Example(
        change(example.kspace),
        change(example.mask),
        change(example.coil_maps),
        change(example.target),
        None if example.starts is None else change(example.starts),
    )


def _mirrored(array: Tensor, axis: int) -> Tensor:
    even = 1 - array.shape[axis] % 2
    return array.flip(axis).roll(even, axis)


def _point_mirrored(array: Tensor) -> Tensor:
    return _mirrored(_mirrored(array, -1), -2)
