"""The calibration region: the fully sampled center of k-space."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from feathermr.acquisition import Acquisition
from feathermr.core.errors import DataError

#: side of the patches that a calibration region is valued by
PATCH = 6
#: how many times the energy about ``n // 2`` that about another place must be to be the peak
CLEARLY = 4.0


@dataclass(frozen=True)
class Region:
    """A rectangle of k-space, [top, bottom) x [left, right)."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def spans(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """First position and the one after the last, along y and along x."""
        return (self.top, self.bottom), (self.left, self.right)

    def __str__(self) -> str:
        """Height times width."""
        return f"{self.bottom - self.top} x {self.right - self.left}"


def calibration_region(mask: Tensor, center: tuple[int, int] | None = None) -> Region:
    """The best sampled rectangle about a center, counting the frames of a series together.

    Best is the one that holds the most square patches of ``PATCH`` samples, from which coils are
    calibrated; among equals, and where none holds a patch, the largest. The largest alone can be
    too thin to calibrate from when points were sampled.

    Args:
        mask: boolean (slice, frame, coil, y, x) with y and x at their full size; a position
            counts when every slice and coil has it in some frame.
        center: a position (y, x) that the rectangle holds; ``n // 2`` by default.

    Raises:
        DataError: the center itself was not sampled.
    """
    sampled = mask.any(1).flatten(0, 1).all(0)
    height, width = sampled.shape
    center_y, center_x = center or (height // 2, width // 2)
    if not bool(sampled[center_y, center_x]):
        raise DataError(
            "the center of k-space was not sampled, so coil maps cannot be estimated; "
            "give coil maps or sample the center"
        )
    # how far each row reaches to the left and right of the center column, which counts
    reaches = (
        sampled[:, : center_x + 1].flip(1).cumprod(1).sum(1),
        sampled[:, center_x:].cumprod(1).sum(1),
    )
    # what is common to the rows from `i` above the center to `j` below it
    left, right = (
        torch.minimum(
            reach[: center_y + 1].flip(0).cummin(0).values[:, None],
            reach[center_y:].cummin(0).values,
        )
        for reach in reaches
    )
    above, below = torch.arange(center_y + 1)[:, None], torch.arange(height - center_y)
    heights, widths = (above + below + 1).to(left.device), left + right - 1
    patches = (heights - PATCH + 1).clamp_min(0) * (widths - PATCH + 1).clamp_min(0)
    worth = patches * sampled.numel() + heights * widths
    i, j = divmod(int(worth.argmax()), worth.shape[1])
    return Region(
        center_y - i,
        center_y + j + 1,
        center_x - int(left[i, j]) + 1,
        center_x + int(right[i, j]),
    )


def calibration_data(acquisition: Acquisition, largest: int = 24) -> tuple[Tensor, Region]:
    """Samples of the calibration region (slice, coil, y, x), averaged over frames.

    Args:
        acquisition: the scan.
        largest: size an axis of the window about the peak in which the region is looked for.
    """
    shape = acquisition.shape
    mask = acquisition.mask.expand(*acquisition.mask.shape[:3], *shape)
    whole = calibration_region(mask)
    peak = signal_peak(acquisition.kspace, whole)
    top, left = (
        _start(place, min(largest, size), size, sampled)
        for place, size, sampled in zip(peak, shape, whole.spans, strict=True)
    )
    cut = mask[..., top : top + largest, left : left + largest]
    found = calibration_region(cut, (peak[0] - top, peak[1] - left))
    region = Region(found.top + top, found.bottom + top, found.left + left, found.right + left)
    window = (..., slice(region.top, region.bottom), slice(region.left, region.right))
    counts = mask[window].sum(1) * (acquisition.n_frames // mask.shape[1])
    return acquisition.kspace[window].sum(1) / counts, region


def signal_peak(kspace: Tensor, region: Region) -> tuple[int, int]:
    """Where the signal of a region is (y, x): ``n // 2``, or far from it if the echo was.

    The sample of most energy over all slices, frames and coils, where the mean over 5 x 5 is
    largest; ``n // 2`` where that mean is not ``CLEARLY`` more than the one there, as in noise.

    Args:
        kspace: (slice, frame, coil, y, x).
        region: rectangle that holds ``n // 2``.
    """
    window = (..., slice(region.top, region.bottom), slice(region.left, region.right))
    energy = torch.view_as_real(kspace[window]).square().sum((0, 1, 2, -1))
    nearby = avg_pool2d(energy[None], 5, stride=1, padding=2, count_include_pad=False)[0]
    y, x = divmod(int(nearby.argmax()), nearby.shape[1])
    middle = kspace.shape[-2] // 2, kspace.shape[-1] // 2
    if nearby[y, x] <= CLEARLY * nearby[middle[0] - region.top, middle[1] - region.left]:
        return middle
    top, left = max(0, y - 2), max(0, x - 2)
    patch = energy[top : y + 3, left : x + 3]
    y, x = divmod(int(patch.argmax()), patch.shape[1])
    return y + top + region.top, x + left + region.left


def _start(peak: int, window: int, size: int, sampled: tuple[int, int]) -> int:
    """First position of a window about the peak that leaves no sampled place it could have."""
    middle = size // 2 - window // 2
    first = max(0, min(middle, sampled[0]))
    last = min(size - window, max(middle, sampled[1] - window))
    return min(max(peak - window // 2, first), last)


def low_resolution(kspace: Tensor, samples: Tensor, region: Region) -> Tensor:
    """The calibration samples in an empty k-space, under a Hann window.

    The window is 1 at the peak of the signal, or at the middle of the region if that is within a
    sample of it, and falls to zero past each border of the region.

    Args:
        kspace: of the scan (slice, frame, coil, y, x).
        samples: (slice, coil, y, x).
        region: where they are.
    """
    height, width = kspace.shape[-2:]
    windows = (
        _hann(place, start, stop)
        for place, (start, stop) in zip(signal_peak(kspace, region), region.spans, strict=True)
    )
    window = torch.outer(*windows).to(samples.device, samples.real.dtype)
    empty = samples.new_zeros(*samples.shape[:-2], height, width)
    empty[..., region.top : region.bottom, region.left : region.right] = samples * window
    return empty


def _hann(peak: int, start: int, stop: int) -> Tensor:
    middle = (start + stop - 1) / 2
    top = middle if abs(peak - middle) <= 1 else peak
    distance = torch.arange(start, stop, dtype=torch.float64) - top
    side = torch.where(distance < 0, top - start + 1, stop - top)
    return (distance / side * (math.pi / 2)).cos().square()
