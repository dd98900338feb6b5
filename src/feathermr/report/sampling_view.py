"""The mask, its course over time, and the samples in k-space, as pictures."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from feathermr.acquisition import Acquisition
from feathermr.report.figures import log_bytes
from feathermr.report.selection import Selection

Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class SamplingView:
    """Pictures of where and what was sampled, of the chosen slices and frames.

    Attributes:
        mask: (slice, frame, y, x), 255 where sampled; one slice or frame when all are the same.
        course: share of each phase-encoding line that was sampled, 0 to 255
            (slice, 1, line, frame); ``None`` when all frames have one mask.
        kspace: log magnitude (slice, 1, y, x), see `figures.log_bytes`.
        floor: decibels below the peak shown as the darkest grey.
        frame: the acquired frame that ``kspace`` shows.
        phase_axis: ``y`` or ``x``, along which lines were skipped.
        whole_lines: whether every line was sampled as a whole or not at all.
        acceleration: positions over positions sampled.
        center: width of the fully sampled center along the phase axis in lines.
    """

    mask: Bytes
    course: Bytes | None
    kspace: Bytes
    floor: float
    frame: int
    phase_axis: str
    whole_lines: bool
    acceleration: float
    center: int


def count_center_lines(lines: NDArray[np.bool_]) -> int:
    """Lines next to each other, the center ``n // 2`` among them, that are all sampled."""
    middle = len(lines) // 2
    if not lines[middle]:
        return 0
    missing = np.flatnonzero(~lines)
    before, after = missing[missing < middle], missing[missing > middle]
    start = int(before[-1]) + 1 if before.size else 0
    stop = int(after[0]) if after.size else len(lines)
    return stop - start


def _nearest(chosen: tuple[int, ...], total: int, here: int) -> list[int]:
    """Indices among ``here`` for those chosen among ``total``: a method may give more frames."""
    return [index * here // total for index in chosen]


def _pick(
    mask: torch.Tensor, slices: list[int], frames: list[int], shape: tuple[int, int]
) -> NDArray[np.bool_]:
    """The mask of any coil for the chosen slices and frames (slice, frame, y, x)."""
    kept = mask.any(dim=2).cpu()
    kept = kept[slices] if kept.shape[0] > 1 else kept
    kept = kept[:, frames] if kept.shape[1] > 1 else kept
    array: NDArray[np.bool_] = kept.expand(-1, -1, *shape).numpy()
    return array


def _decibel_floor(magnitude: NDArray[np.floating]) -> float:
    """Level below which 5 % of the samples lie, rounded down to tens, between -120 and -20."""
    sampled = magnitude[magnitude > 0]
    if not sampled.size:
        return -60.0
    low = 20 * np.log10(float(np.percentile(sampled, 5)) / float(sampled.max()))
    return float(np.clip(np.floor(low / 10) * 10, -120, -20))


def view_sampling(acquisition: Acquisition, selection: Selection) -> SamplingView:
    """Pictures of a scan's sampling; k-space as root sum of squares over the coils."""
    slices = _nearest(selection.slices, selection.n_slices, acquisition.n_slices)
    frames = _nearest(selection.frames, selection.n_frames, acquisition.n_frames)
    mask = _pick(acquisition.mask, slices, frames, acquisition.shape)
    axis = acquisition.header.phase_axis
    readout = -1 if axis == -2 else -2
    course = mask.mean(axis=readout).transpose(0, 2, 1)[:, None]
    lines = np.asarray(mask.all(axis=(0, 1, readout + 4)))
    frame = frames[len(frames) // 2]
    samples = acquisition.kspace[slices, frame]
    magnitude = torch.nan_to_num(samples).abs().square().sum(dim=1, keepdim=True).sqrt()
    values = magnitude.cpu().numpy()
    floor = _decibel_floor(values)
    return SamplingView(
        mask=mask.astype(np.uint8) * 255,
        course=np.round(course * 255).astype(np.uint8) if mask.shape[1] > 1 else None,
        kspace=np.stack([log_bytes(one, floor) for one in values]),
        floor=floor,
        frame=frame,
        phase_axis="y" if axis == -2 else "x",
        whole_lines=bool((mask.all(axis=readout) == mask.any(axis=readout)).all()),
        acceleration=acquisition.acceleration,
        center=count_center_lines(lines),
    )
