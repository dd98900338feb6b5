"""A scan at lower resolution: what tells two methods apart, in a part of the time."""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor

from feathermr.core.crop import center_crop
from feathermr.operators.encoding import constant_axes_reduced
from feathermr.recon.problem import Problem


def preview(problem: Problem, share: float, fewest: int) -> Problem:
    """The problem of the central part of k-space, in units where bright tissue is about 1 again.

    Of lines, every one is kept, but shorter: pixels are longer along the readout, the aliasing is
    the same. Of points, those nearer to the center are kept. With ``n'`` of ``n`` samples along an
    axis the orthonormal transform multiplies an image by ``sqrt(n / n')``, which is undone; the
    noise is less by as much, as that of larger pixels.

    Args:
        problem: of one slice.
        share: of the samples that is kept.
        fewest: samples along an axis that are kept of a longer one.
    """
    scan = problem.acquisition
    mask = constant_axes_reduced(scan.mask)
    lines = [axis for axis in (-2, -1) if mask.shape[axis] == 1]
    axes = lines if len(lines) == 1 else [-2, -1]
    shape = list(scan.shape)
    for axis in axes:
        kept = round(share ** (1 / len(axes)) * shape[axis])
        shape[axis] = min(shape[axis], max(kept, fewest))
    size = shape[0], shape[1]
    factor = math.sqrt(math.prod(size) / math.prod(scan.shape))
    masked = [new if old > 1 else 1 for new, old in zip(size, mask.shape[-2:], strict=True)]
    part = replace(
        scan,
        kspace=center_crop(scan.kspace, size) * factor,
        mask=center_crop(mask, (masked[0], masked[1])),
        coil_maps=None if scan.coil_maps is None else _coarse(scan.coil_maps, size),
        reference=None,
    )
    return replace(problem, acquisition=part, shading=1.0, noise=problem.noise * factor)


def _coarse(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """Coil maps (..., y, x), which are smooth, at fewer pixels of the same field of view."""
    for axis, count in zip((-2, -1), size, strict=True):
        old = maps.shape[axis]
        if old > 1:
            places = (torch.arange(count) - count // 2) * (old / count) + old // 2
            near = places.round().long().clamp(0, old - 1)
            maps = maps.index_select(axis, near.to(maps.device))
    return maps
