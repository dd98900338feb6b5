"""Undersample a scan that is already there."""

from dataclasses import replace

import torch
from torch import Tensor

from feathermr.acquisition.record import Acquisition
from feathermr.core.axes import check_broadcasts
from feathermr.core.errors import DataError


def undersample(acquisition: Acquisition, mask: Tensor) -> Acquisition:
    """Keep the samples where ``mask`` is true; the others become exactly +0.

    Args:
        acquisition: the scan; positions that it lacks stay missing.
        mask: boolean, five axes (slice, frame, coil, y, x), each 1 or the k-space's.

    Raises:
        DataError: nothing would be left.
    """
    check_broadcasts(mask, tuple(acquisition.kspace.shape), "mask")
    kept = mask & acquisition.mask
    if not bool(kept.any()):
        raise DataError("the mask and the scan share no sample; use a mask that keeps some")
    zero = torch.zeros((), dtype=acquisition.kspace.dtype, device=acquisition.kspace.device)
    return replace(
        acquisition, kspace=torch.where(kept, acquisition.kspace, zero), mask=kept
    ).with_notes("undersampled retrospectively")
