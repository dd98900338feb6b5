"""A scan made coarser afterwards, so that its own image is what super-resolution should find."""

from dataclasses import replace

import torch
from torch import Tensor

from feathermr.acquisition import Acquisition
from feathermr.acquisition.geometry import resampled
from feathermr.core.crop import center_crop
from feathermr.core.errors import DataError
from feathermr.core.fft import fft
from feathermr.operators import Downsampling, Kernel
from feathermr.recon.magnify import FIXED, need_no_gaps
from feathermr.recon.zero_filled import ZeroFilled

#: pixels that a coarse image has at least along each side
SMALLEST = 8


def coarsened(
    acquisition: Acquisition, scale: int, kernel: Kernel = "truncation"
) -> tuple[Acquisition, Tensor]:
    """A single-coil scan of the image of a scan made coarser, and the magnitude before.

    Truncation is that of the complex image, as a shorter scan would give it; ``bicubic`` makes the
    magnitude coarser. An image whose height or width ``scale`` does not divide is cropped first.

    Args:
        acquisition: without gaps.
        scale: how many times coarser.
        kernel: how detail is lost.

    Raises:
        DataError: the scan is undersampled, or so small that hardly a pixel would be left.
    """
    need_no_gaps(acquisition, "super-resolution")
    given = ZeroFilled()(acquisition).image
    before = given.shape[-2], given.shape[-1]
    small = before[0] // scale, before[1] // scale
    if min(small) < SMALLEST:
        raise DataError(
            f"an image of {before[0]} x {before[1]} pixels is too small to be made {scale} times "
            f"coarser; at least {SMALLEST} pixels must be left along each side"
        )
    kept = small[0] * scale, small[1] * scale
    image = center_crop(given, kept)
    operator = Downsampling((1, *image.shape[1:]), scale, kernel)
    if kernel == "truncation":
        coarse = torch.cat([operator(one) for one in torch.split(image, 1)])
    else:
        coarse = torch.cat([operator(one.abs()).clamp_min(0) for one in torch.split(image, 1)])
    crop = f"cropped to {kept[0]} x {kept[1]} and " if kept != before else ""
    note = (
        f"{crop}made {scale} times coarser afterwards ({kernel}); the image before is the reference"
    )
    header = replace(acquisition.header, image_shape=before)
    header = resampled(header, (image.shape[0], *kept), small, FIXED[kernel])
    scan = Acquisition(
        kspace=fft(coarse)[:, :, None],
        mask=torch.ones(1, 1, 1, *small, dtype=torch.bool, device=coarse.device),
        header=header,
    )
    return scan.with_notes(note), image.abs()
