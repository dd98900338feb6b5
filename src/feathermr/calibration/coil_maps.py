"""Coil maps of a scan: those it came with, or estimated from its own center of k-space."""

from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from feathermr.acquisition import Acquisition
from feathermr.calibration.espirit import espirit_maps
from feathermr.calibration.mending import mend, unexplained
from feathermr.calibration.region import calibration_data, low_resolution
from feathermr.calibration.walsh import walsh_maps
from feathermr.core.errors import UsageError
from feathermr.core.fft import ifft

Calibration = Literal["espirit", "walsh"]
CALIBRATIONS = get_args(Calibration)


@dataclass(frozen=True)
class CoilMaps:
    """Coil maps and what is known about them.

    Attributes:
        maps: (slice, 1, coil, y, x).
        note: a sentence on how they were found.
        unexplained: share of the energy of the center's images that they miss; 0 for maps that came
            with the scan.
    """

    maps: Tensor
    note: str
    unexplained: float = 0.0


def estimate_coil_maps(acquisition: Acquisition, calibration: str = "espirit") -> CoilMaps:
    """Maps of a scan, its own or estimated.

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
        return CoilMaps(acquisition.coil_maps, "coil maps: those of the scan")
    if acquisition.n_coils == 1:
        ones = torch.ones_like(acquisition.kspace[:1, :1])
        return CoilMaps(ones, "one coil: no coil maps")
    maps, shares, missed, region = [], [0.0], [], ""
    for index in range(acquisition.n_slices):
        part = acquisition.slices(index, index + 1)
        samples, found = calibration_data(part)
        region = str(found)
        coil_images = ifft(low_resolution(part.kspace, samples, found))
        if calibration == "espirit":
            found_maps, share = mend(espirit_maps(samples, acquisition.shape), coil_images)
            shares.append(share)
        else:
            found_maps = walsh_maps(coil_images)
        maps.append(found_maps)
        missed.append(unexplained(found_maps, coil_images))
    sentence = f"coil maps: {calibration} from the central {region} samples"
    if max(shares) >= 0.01:
        sentence += f", adaptive combination in up to {max(shares):.0%} of the object"
    return CoilMaps(torch.cat(maps), sentence, sum(missed) / len(missed))
