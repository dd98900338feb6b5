"""The calibration region: the fully sampled center of k-space."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from feathermr.acquisition import Acquisition
from feathermr.core.errors import DataError

#: side of the patches that a calibration region is valued by
PATCH = 6
#: side of the squares whose energy tells where the signal is, and how many times that of ``n // 2``
#: must be exceeded
NEIGHBOURS, CLEARLY = 5, 2.0


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

    The largest energy of ``NEIGHBOURS`` x ``NEIGHBOURS`` samples over all slices, frames and coils;
    ``n // 2`` where that is not ``CLEARLY`` more than the energy there, as it is in noise and in
    a spectrum without a peak.

    Args:
        kspace: (slice, frame, coil, y, x).
        region: rectangle that holds ``n // 2``.
    """
    window = (..., slice(region.top, region.bottom), slice(region.left, region.right))
    energy = torch.view_as_real(kspace[window]).square().sum((0, 1, 2, -1))
    nearby = avg_pool2d(energy[None], NEIGHBOURS, 1, NEIGHBOURS // 2, count_include_pad=False)[0]
    middle = kspace.shape[-2] // 2, kspace.shape[-1] // 2
    y, x = divmod(int(nearby.argmax()), nearby.shape[1])
    if nearby[y, x] <= CLEARLY * nearby[middle[0] - region.top, middle[1] - region.left]:
        return middle
    return y + region.top, x + region.left


def _start(peak: int, window: int, size: int, sampled: tuple[int, int]) -> int:
    """First position of a window about the peak that leaves no sampled place it could have."""
    middle = size // 2 - window // 2
    first = max(0, min(middle, sampled[0]))
    last = min(size - window, max(middle, sampled[1] - window))
    return min(max(peak - window // 2, first), last)


def low_resolution(samples: Tensor, region: Region, shape: tuple[int, int]) -> Tensor:
    """The calibration samples in an empty k-space of size ``shape``, under a Hann window."""
    height, width = shape
    window = torch.outer(
        torch.hann_window(samples.shape[-2] + 2, periodic=False)[1:-1],
        torch.hann_window(samples.shape[-1] + 2, periodic=False)[1:-1],
    ).to(samples.device, samples.real.dtype)
    kspace = samples.new_zeros(*samples.shape[:-2], height, width)
    kspace[..., region.top : region.bottom, region.left : region.right] = samples * window
    return kspace
