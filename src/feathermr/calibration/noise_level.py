"""The noise of a scan, estimated from its own outermost samples."""

import math

import torch
from torch import Tensor

#: the samples farthest from the center, as a share of all, that are taken for noise
OUTERMOST = 0.05
#: median of the magnitude of complex noise over the deviation of its real part
RAYLEIGH_MEDIAN = math.sqrt(2 * math.log(2))


def noise_deviation(kspace: Tensor, mask: Tensor) -> float:
    """Standard deviation of the real part (and of the imaginary part) of the noise of a coil.

    From the median magnitude of the ``OUTERMOST`` samples, where k-space holds the least signal:
    ``median |y| / sqrt(2 ln 2)``. Samples that are exactly zero were padded, not measured. What
    signal is left there makes the estimate an upper one; 0 when there is no sample.

    Args:
        kspace: (slice, frame, coil, y, x), white.
        mask: true where sampled, five axes.
    """
    sampled = mask.expand(*mask.shape[:3], *kspace.shape[-2:]).flatten(0, 2).any(0)
    y, x = [
        (torch.arange(size, device=kspace.device) - size // 2) / max(1, size // 2)
        for size in kspace.shape[-2:]
    ]
    distance = (y[:, None].square() + x.square()).sqrt()
    farthest = distance[sampled].sort().values
    if farthest.numel() == 0:
        return 0.0
    edge = farthest[int((1 - OUTERMOST) * (farthest.numel() - 1))]
    magnitudes = kspace[..., sampled & (distance >= edge)].abs()
    magnitudes = magnitudes[magnitudes > 0]
    return float(magnitudes.median()) / RAYLEIGH_MEDIAN if magnitudes.numel() else 0.0
