"""Coil maps of a scan: those it came with, or estimated from its own center of k-space."""

from typing import Literal, get_args

import torch
from torch import Tensor

from feathermr.acquisition import Acquisition
from feathermr.calibration.espirit import espirit_maps
from feathermr.calibration.mending import mend
from feathermr.calibration.region import calibration_data, low_resolution
from feathermr.calibration.walsh import walsh_maps
from feathermr.core.errors import UsageError
from feathermr.core.fft import ifft

Calibration = Literal["espirit", "walsh"]
CALIBRATIONS = get_args(Calibration)


def estimate_coil_maps(
    acquisition: Acquisition, calibration: str = "espirit"
) -> tuple[Tensor, str]:
    """Maps (slice, 1, coil, y, x), and a sentence on how they were found.

    Args:
        acquisition: the scan; frames of a series are averaged.
        calibration: ``espirit`` (mended, see `mend`) or ``walsh``, used only when the scan has no
            maps.
    """
    if calibration not in CALIBRATIONS:
        raise UsageError(
            f"no calibration is called '{calibration}'; there are: {', '.join(CALIBRATIONS)}"
        )
    if acquisition.coil_maps is not None:
        return acquisition.coil_maps, "coil maps: those of the scan"
    if acquisition.n_coils == 1:
        ones = torch.ones_like(acquisition.kspace[:1, :1])
        return ones, "one coil: no coil maps"
    maps, shares, region = [], [0.0], ""
    for index in range(acquisition.n_slices):
        samples, found = calibration_data(acquisition.slices(index, index + 1))
        region = str(found)
        coil_images = ifft(low_resolution(samples, found, acquisition.shape))
        if calibration == "espirit":
            mended, share = mend(espirit_maps(samples, acquisition.shape), coil_images)
            maps.append(mended)
            shares.append(share)
        else:
            maps.append(walsh_maps(coil_images))
    sentence = f"coil maps: {calibration} from the central {region} samples"
    if max(shares) >= 0.01:
        sentence += f", adaptive combination in up to {max(shares):.0%} of the object"
    return torch.cat(maps), sentence
