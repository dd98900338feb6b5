"""Mend coil maps where they contradict the center of k-space that they were estimated from."""

import torch
from torch import Tensor

from feathermr.calibration.eigenvector import anchor_phase
from feathermr.calibration.walsh import walsh_maps

#: energy of the coil images that maps may leave unexplained, as a share of a pixel's energy
UNEXPLAINED = 0.05
#: magnitude below which a pixel is background, as a share of the slice's largest
FAINT = 0.1


def mend(coil_maps: Tensor, coil_images: Tensor) -> tuple[Tensor, float]:
    """Maps by adaptive combination in place of those that do not explain the coil images.

    A map ``s`` explains ``|s^H m|^2`` of the energy of the coil images ``m``. ESPIRiT's kernels are
    smooth across the border of a periodic field of view, the sensitivities of an object that
    reaches the border are not: a band of maps is wrong there, and undersampling spreads it over
    the image.

    Args:
        coil_maps: (slice, 1, coil, y, x), of unit root-sum-of-squares or zero.
        coil_images: (slice, coil, y, x), low-resolution images of the center of k-space.

    Returns:
        The maps, and the share of the pixels with signal that were mended.
    """
    signal, energy, missed = _account(coil_maps, coil_images)
    wrong = signal & (missed > UNEXPLAINED * energy)
    if not bool(wrong.any()):
        return coil_maps, 0.0
    mended = torch.where(wrong, walsh_maps(coil_images)[:, 0], coil_maps[:, 0])
    return anchor_phase(mended, coil_images)[:, None], int(wrong.sum()) / int(signal.sum())


def unexplained(coil_maps: Tensor, coil_images: Tensor) -> float:
    """Share of the coil images' energy, where there is signal, that the maps do not explain.

    Args:
        coil_maps: (slice, 1, coil, y, x).
        coil_images: (slice, coil, y, x).
    """
    signal, energy, missed = _account(coil_maps, coil_images)
    return float(missed[signal].sum() / energy[signal].sum())


def _account(coil_maps: Tensor, coil_images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Where there is signal, its energy, and the part that the maps miss, all (slice, 1, y, x)."""
    energy = coil_images.abs().square().sum(1, keepdim=True)
    explained = (coil_maps[:, 0].conj() * coil_images).sum(1, keepdim=True).abs().square()
    signal = energy > FAINT**2 * energy.amax((-2, -1), keepdim=True)
    return signal, energy, (energy - explained).clamp_min(0)
