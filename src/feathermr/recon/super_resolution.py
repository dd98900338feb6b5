"""Super-resolution without training: interpolation, and few edges."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from feathermr.acquisition import Acquisition
from feathermr.acquisition.geometry import Fixed, first_pixel
from feathermr.calibration import noise_deviation
from feathermr.core.fft import fft, ifft
from feathermr.core.progress import Progress, silent
from feathermr.operators import Differences, Downsampling, Kernel
from feathermr.operators.downsampling import cubic_weights
from feathermr.recon.magnify import FIXED, magnify
from feathermr.recon.problem import LEAST_NOISE
from feathermr.recon.reconstruction import Reconstruction
from feathermr.recon.runner import within
from feathermr.solvers import Split, admm, joint_threshold

#: threshold of the split for images of about 1; it sets the speed, not the solution
THRESHOLD = 0.05
#: iterations of CG in each of ADMM
INNER_ITERATIONS = 6


@dataclass(frozen=True)
class ZeroFillInterpolation:
    """K-space padded with zeros: sinc interpolation, as scanners do it.

    Attributes:
        scale: how many times finer: 2, 3 or 4.
        kernel: where the fine pixels lie: ``truncation`` keeps the place of pixel ``n // 2``,
            ``bicubic`` the outer edges.
    """

    scale: int = 2
    kernel: Kernel = "truncation"

    def __call__(self, acquisition: Acquisition, *, progress: Progress = silent) -> Reconstruction:
        """Make one scan finer."""
        grid = self.scale, self.kernel
        return magnify(
            "zero-fill-interpolation", self, acquisition, _padded, grid, progress=progress
        )


@dataclass(frozen=True)
class Bicubic:
    """Interpolation by a cubic spline.

    Keys 1981, doi:10.1109/TASSP.1981.1163711.

    Attributes:
        scale: how many times finer: 2, 3 or 4.
        kernel: where the fine pixels lie: ``truncation`` keeps the place of pixel ``n // 2``,
            ``bicubic`` the outer edges.
    """

    scale: int = 2
    kernel: Kernel = "truncation"

    def __call__(self, acquisition: Acquisition, *, progress: Progress = silent) -> Reconstruction:
        """Make one scan finer."""
        grid = self.scale, self.kernel
        return magnify("bicubic", self, acquisition, _cubic, grid, progress=progress)


@dataclass(frozen=True)
class TotalVariationSuperResolution:
    """Sparse gradients: ``min_x 0.5 ||D x - y||^2 + lambda sum |grad x|_2``.

    ``D`` is down-sampling. ``lambda`` is ``weight`` times the variance of the image's noise. By
    ADMM from the interpolated image.
    Marquina and Osher 2008, doi:10.1007/s10915-008-9214-8.

    Attributes:
        scale: how many times finer: 2, 3 or 4.
        kernel: by which detail was lost: ``truncation`` of k-space, or ``bicubic``.
        weight: of the total variation in units of the noise variance, for images of about 1.
        iterations: of ADMM.
    """

    scale: int = 2
    kernel: Kernel = "truncation"
    weight: float = 2.0
    iterations: int = 15

    def __call__(self, acquisition: Acquisition, *, progress: Progress = silent) -> Reconstruction:
        """Make one scan finer."""
        grid = self.scale, self.kernel
        return magnify(
            "tv-super-resolution", self, acquisition, self._solve, grid, progress=progress
        )

    def _solve(self, low: Tensor, operator: Downsampling, progress: Progress) -> Tensor:
        weight = self.weight * noise_of_image(low) ** 2
        single = Downsampling((1, *operator.domain[1:]), operator.scale, operator.kernel)
        if operator.kernel == "bicubic":  # its weights are real, which takes a quarter of the time
            low = low.real
        frames = []
        for index, one in enumerate(torch.split(low, 1)):
            part = within(progress, index, len(low))
            frames.append(self._frame(one, single, weight, part))
        return torch.cat(frames)

    def _frame(
        self, low: Tensor, operator: Downsampling, weight: float, progress: Progress
    ) -> Tensor:
        return admm(
            operator.normal,
            operator.H(low),
            Split(
                Differences(operator.domain, (-2, -1)),
                lambda split: joint_threshold(split, THRESHOLD),
                weight / THRESHOLD,
            ),
            iterations=(self.iterations, INNER_ITERATIONS),
            initial=operator.interpolate(low),
            progress=progress,
        )


def noise_of_image(low: Tensor) -> float:
    """Noise of images (frame, 1, y, x) from their outermost spatial frequencies, at least a little.

    Where the images are sharp this is an upper bound, see `noise_deviation`.
    """
    everywhere = torch.ones(1, 1, 1, 1, 1, dtype=torch.bool, device=low.device)
    kspace = fft(low)[:, :, None]
    found = noise_deviation(kspace, everywhere.expand(1, 1, 1, *low.shape[-2:]))
    return max(found, LEAST_NOISE)


def _padded(low: Tensor, operator: Downsampling, progress: Progress) -> Tensor:
    """Zero-filled, the fine pixels where the kernel has them."""
    height, width = low.shape[-2:]
    moved = Downsampling(operator.domain, operator.scale, "truncation")
    down, across = (_offset(size, operator, "center") for size in (height, width))
    if down or across:
        ramp = _ramp(height, down, low)[:, None] * _ramp(width, across, low)
        low = ifft(fft(low) * ramp)
    return moved.interpolate(low)


def _cubic(low: Tensor, operator: Downsampling, progress: Progress) -> Tensor:
    """By cubic splines, the fine pixels where the kernel has them."""
    rows, columns = (
        cubic_weights(size, size * operator.scale, low, _offset(size, operator, "edges"))
        for size in low.shape[-2:]
    )
    return rows @ low @ columns.T


def _offset(size: int, operator: Downsampling, fixed: Fixed) -> float:
    """Coarse pixels by which the fine pixels lie farther on than with ``fixed`` in place."""
    fine = size * operator.scale
    return first_pixel(size, fine, FIXED[operator.kernel]) - first_pixel(size, fine, fixed)


def _ramp(size: int, shift: float, like: Tensor) -> Tensor:
    """Phases that move an image by ``-shift`` pixels along an axis of ``size``."""
    place = torch.arange(size, dtype=torch.float64, device=like.device) - size // 2
    return torch.polar(torch.ones_like(place), 2 * math.pi * shift / size * place).to(like)
