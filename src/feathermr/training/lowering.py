"""Examples of low resolution from complete k-space, as super-resolution must undo it."""

from collections.abc import Sequence

import torch
from torch import Tensor

from feathermr.core.fft import ifft
from feathermr.operators import Downsampling, Kernel
from feathermr.recon.problem import robust_scale
from feathermr.training.example import LowResolution


def lowered(
    noisy: Tensor, clean: Tensor, scale: int, kernel: Kernel, bright: float = 0.0
) -> LowResolution:
    """A pair of magnitude images, from a scan of full resolution.

    ``truncation``: of the noisy samples only the central block was measured, coil by coil.
    ``bicubic``: the magnitude image of all noisy samples was made smaller. Coils are combined by
    their root-sum-of-squares. A constant keeps its value.

    Args:
        noisy: complete k-space (slice, frame, coil, y, x), y and x multiples of ``scale``.
        clean: the same, best without noise; the target is its magnitude image.
        scale: of the fine grid.
        kernel: of the two.
        bright: the value that becomes 1; 0 for the `robust_scale` of the image of low resolution.

    Raises:
        DataError: the image of low resolution is zero everywhere.
    """
    images = ifft(noisy)
    if kernel == "truncation":
        low = combined(Downsampling(tuple(images.shape), scale, kernel)(images))
    else:
        full = combined(images)
        low = Downsampling(tuple(full.shape), scale, kernel)(full).clamp_min(0.0)
    bright = bright or robust_scale(low)
    return LowResolution(plain(low / bright), plain(combined(ifft(clean)) / bright), scale, kernel)


def combined(images: Tensor) -> Tensor:
    """The magnitude (slice, frame, y, x) of images (slice, frame, coil, y, x)."""
    return images.abs().square().sum(2).sqrt()


def plain(magnitude: Tensor) -> Tensor:
    """A magnitude image as a complex one without imaginary part."""
    return torch.complex(magnitude, torch.zeros_like(magnitude))


def middle(example: LowResolution, side: int) -> LowResolution:
    """The square in the middle, or close to it, of both images, as the kernel places them.

    Args:
        example: at least as large.
        side: of the target's square, a multiple of the scale.
    """
    scale, kernel = example.scale, example.kernel
    small = side // scale
    low, target = example.low, example.target
    for axis in (-2, -1):
        size = target.shape[axis]
        apart = first_pixel(size, scale, kernel) - first_pixel(side, scale, kernel)
        start = (low.shape[axis] - small + (apart < 0)) // 2
        low = low.narrow(axis, start, small)
        target = target.narrow(axis, scale * start + apart, side)
    return LowResolution(low, target, scale, kernel)


def first_pixel(size: int, scale: int, kernel: Kernel) -> int:
    """How many fine pixels after the first one of a row the first coarse one lies.

    ``truncation`` keeps the place of pixel ``n // 2``, so that it depends on the sizes; with
    ``bicubic`` the edges stay, whatever the sizes are.
    """
    return 0 if kernel == "bicubic" else size // 2 - scale * (size // scale // 2)


def joined(examples: Sequence[LowResolution]) -> LowResolution:
    """Examples of one size, scale and kernel as a batch."""
    first = examples[0]
    return LowResolution(
        torch.cat([one.low for one in examples]),
        torch.cat([one.target for one in examples]),
        first.scale,
        first.kernel,
    )
