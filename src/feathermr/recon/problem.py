"""The inverse problem of a scan: operator, scaled samples, and the factor that scaled them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from feathermr.acquisition import Acquisition
from feathermr.acquisition.record import check_finite
from feathermr.calibration import compress, estimate_coil_maps, noise_deviation, whiten
from feathermr.core.errors import DataError
from feathermr.operators import Encoding, encoding

#: the zero-filled magnitude below which this share of the pixels lies becomes 1
SCALE_QUANTILE = 0.995
#: more coils than this are compressed: the rest of an array adds little but cost
LARGEST_COILS = 12
#: noise below this, in units of bright tissue, is taken for this: a scan without noise is still
#: undersampled, and a weight of zero would leave its aliasing as it is
LEAST_NOISE = 0.004
#: coil maps below this share of their maximum hold no signal worth correcting
FAINT = 0.05


@dataclass(frozen=True)
class Problem:
    """``y = A x`` for one scan, in units where bright tissue is about 1.

    Attributes:
        acquisition: whitened, compressed, scaled; its coil maps are those of ``A``.
        scale: what the samples were divided by.
        notes: what was done, in sentences.
        noise: standard deviation of the real part of a sample's noise, in the same units.
        map_error: what estimated coil maps miss of bright tissue in each coil, in the same units.
        shading: what the coil maps were divided by (slice or 1, 1, y, x), so that ``A^H A`` is
            about 1 and a weight means the same for any maps; the image is divided by it at last.
            Complex where a smooth phase was taken into the maps.
    """

    acquisition: Acquisition
    scale: float
    notes: tuple[str, ...]
    shading: Tensor | float = 1.0
    noise: float = LEAST_NOISE
    map_error: float = 0.0

    @property
    def encoding(self) -> Encoding:
        """``A``."""
        return encoding(self.acquisition)

    def weight(self, weight: float) -> float:
        """``lambda = weight * (noise^2 + map_error^2)``: a dimensionless weight in this problem.

        That is maximum a posteriori: ``||A x - y||^2 / (2 variance) + weight g(x)``, with ``g`` in
        units of bright tissue. A noisier scan, or one with few lines to find its coil maps from, is
        regularised more without anyone tuning it.
        """
        return weight * (max(self.noise, LEAST_NOISE) ** 2 + self.map_error**2)

    def slice(self, index: int) -> Problem:
        """The problem of one slice; the scale stays the scan's."""
        return replace(self, acquisition=self.acquisition.slices(index, index + 1))


def pose(acquisition: Acquisition, calibration: str = "espirit") -> Problem:
    """Whiten, compress, estimate coil maps and scale a scan.

    Args:
        acquisition: the scan.
        calibration: how maps are estimated when the scan has none.

    Raises:
        DataError: samples that are not finite, or all zero.
    """
    check_samples(acquisition.kspace)
    before = len(acquisition.header.notes)
    ready = compress(whiten(acquisition), LARGEST_COILS)
    found = estimate_coil_maps(ready, calibration)
    shading = maps_strength(found.maps)
    ready = replace(ready, coil_maps=found.maps / shading[:, :, None])
    scale = robust_scale(encoding(ready).H(ready.kspace))
    notes = (*ready.header.notes[before:], found.note)
    ready = replace(ready, kspace=ready.kspace / scale)
    noise = noise_deviation(ready.kspace, ready.mask)
    notes = (*notes, f"noise estimated as 1/{1 / max(noise, 1e-6):.0f} of bright tissue")
    map_error = math.sqrt(found.unexplained / ready.n_coils)
    return Problem(ready, scale, notes, shading, noise, map_error)


def check_samples(kspace: Tensor) -> None:
    """Refuse samples that nothing can be made of.

    Raises:
        DataError: some are not finite, or all are zero.
    """
    check_finite(kspace, "k-space")
    if not bool(kspace.any()):
        raise DataError("every sample of the k-space is zero; there is nothing to reconstruct")


def maps_strength(coil_maps: Tensor) -> Tensor:
    """Root-sum-of-squares of coil maps (slice or 1, 1, y, x); its maximum where they are faint.

    Raises:
        DataError: the maps are zero or not finite.
    """
    check_finite(coil_maps, "coil maps")
    strength = coil_maps.abs().square().sum(2).sqrt()
    largest = strength.max()
    if largest == 0:
        raise DataError("all coil maps are zero; give others, or none and another calibration")
    return torch.where(strength >= FAINT * largest, strength, largest)


def robust_scale(image: Tensor) -> float:
    """The magnitude that ``SCALE_QUANTILE`` of the pixels do not exceed.

    Raises:
        DataError: it is zero or infinite.
    """
    magnitude = image.abs().flatten()
    rank = max(1, round(SCALE_QUANTILE * magnitude.numel()))
    value = float(magnitude.kthvalue(rank).values)
    if value == 0:
        value = float(magnitude.max())
    if value == 0 or not torch.isfinite(torch.tensor(value)):
        raise DataError("the zero-filled image is zero or too large for its precision; rescale it")
    return value
