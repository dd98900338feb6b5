"""Films longer than memory: overlapping windows in time, blended so that no seam is seen."""

import math
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from feathermr.acquisition import Acquisition
from feathermr.core.progress import Progress
from feathermr.recon.problem import Problem


def windows(frames: int, size: int, overlap: int) -> list[slice]:
    """The fewest windows of ``size`` frames that overlap by at least ``overlap``, evenly spread.

    Args:
        frames: of the film; one window of all of them if they are no more than ``size``.
        size: frames a window.
        overlap: less than ``size``.

    Example:
        >>> windows(20, 10, 4)
        [slice(0, 10, None), slice(5, 15, None), slice(10, 20, None)]
    """
    if frames <= size:
        return [slice(0, frames)]
    count = math.ceil((frames - overlap) / (size - overlap))
    starts = [round(index * (frames - size) / (count - 1)) for index in range(count)]
    return [slice(start, start + size) for start in starts]


def in_windows(
    problem: Problem,
    solve: Callable[[Problem], Tensor],
    size: int,
    overlap: int,
    progress: Progress,
) -> Tensor:
    """The film (slice, frame, y, x) of a problem, a window of frames at a time.

    Where windows overlap, each counts the more the farther its nearer end is, up to ``overlap``.

    Args:
        problem: of one scan.
        solve: the film of a problem of fewer frames.
        size: frames a window.
        overlap: frames that neighbours share, at least.
        progress: told after each window.
    """
    frames = problem.acquisition.n_frames
    parts = windows(frames, size, overlap)
    if len(parts) == 1:
        return solve(problem)
    kspace = problem.acquisition.kspace
    film = torch.zeros_like(kspace[:, :, 0])
    total = torch.zeros(frames, dtype=kspace.real.dtype, device=kspace.device)
    for index, part in enumerate(parts):
        image = solve(some_frames(problem, part))
        place = torch.arange(1, image.shape[1] + 1, device=image.device)
        share = torch.minimum(place, place.flip(0)).clamp_max(overlap + 1).to(total.dtype)
        film[:, part] += share[:, None, None] * image
        total[part] += share
        progress(index + 1, len(parts))
    return film / total[:, None, None]


def some_frames(problem: Problem, part: slice) -> Problem:
    """The problem of some frames."""
    scan = problem.acquisition
    mask = scan.mask if scan.mask.shape[1] == 1 else scan.mask[:, part]
    kept = Acquisition(
        kspace=scan.kspace[:, part], mask=mask, header=scan.header, coil_maps=scan.coil_maps
    )
    return replace(problem, acquisition=kept)
