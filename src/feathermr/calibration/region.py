"""The calibration region: the fully sampled center of k-space."""

from dataclasses import dataclass

import torch
from torch import Tensor

from feathermr.acquisition import Acquisition
from feathermr.core.errors import DataError


@dataclass(frozen=True)
class Region:
    """A rectangle about the center of k-space, [top, bottom) x [left, right)."""

    top: int
    bottom: int
    left: int
    right: int

    def __str__(self) -> str:
        """Height times width."""
        return f"{self.bottom - self.top} x {self.right - self.left}"


def calibration_region(mask: Tensor) -> Region:
    """The largest sampled rectangle about ``n // 2``, counting every frame of a series together.

    Args:
        mask: boolean with y and x last and at their full size.

    Raises:
        DataError: the center itself was not sampled.
    """
    sampled = mask.reshape(-1, *mask.shape[-2:]).any(0)
    height, width = sampled.shape
    center_y, center_x = height // 2, width // 2
    if not bool(sampled[center_y, center_x]):
        raise DataError(
            "the center of k-space was not sampled, so coil maps cannot be estimated; "
            "give coil maps or sample the center"
        )
    # reach of each row to the left and right of the center column, shrinking outwards
    left = sampled[:, : center_x + 1].flip(1).cumprod(1).sum(1)
    right = sampled[:, center_x:].cumprod(1).sum(1)
    best = Region(center_y, center_y + 1, center_x, center_x + 1)
    area = 0
    top = bottom = center_y
    reach_left, reach_right = int(left[center_y]), int(right[center_y])
    while True:
        size = (bottom - top + 1) * (reach_left + reach_right - 1)
        if size > area:
            best = Region(top, bottom + 1, center_x - reach_left + 1, center_x + reach_right)
            area = size
        above = int(min(left[top - 1], right[top - 1])) if top > 0 else 0
        below = int(min(left[bottom + 1], right[bottom + 1])) if bottom + 1 < height else 0
        if not above and not below:
            return best
        row = top - 1 if above >= below else bottom + 1
        top, bottom = min(top, row), max(bottom, row)
        reach_left = min(reach_left, int(left[row]))
        reach_right = min(reach_right, int(right[row]))


def calibration_data(acquisition: Acquisition, largest: int = 24) -> tuple[Tensor, Region]:
    """Samples of the calibration region (slice, coil, y, x), averaged over frames.

    Args:
        acquisition: the scan.
        largest: size an axis beyond which the region is cut.
    """
    height, width = acquisition.shape
    mask = acquisition.mask
    region = calibration_region(mask.expand(*mask.shape[:3], height, width))
    region = Region(
        *_cut(region.top, region.bottom, height // 2, largest),
        *_cut(region.left, region.right, width // 2, largest),
    )
    window = (..., slice(region.top, region.bottom), slice(region.left, region.right))
    counts = mask.expand(*mask.shape[:3], height, width)[window].sum(1) * (
        acquisition.n_frames // mask.shape[1]
    )
    samples = acquisition.kspace[window].sum(1) / counts.clamp_min(1)
    return samples, region


def _cut(start: int, stop: int, center: int, largest: int) -> tuple[int, int]:
    return max(start, center - largest // 2), min(stop, center - largest // 2 + largest)


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
