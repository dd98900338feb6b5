"""From a fine grid to a coarse one, as super-resolution must undo it."""

from typing import Literal, final, get_args

import torch
from torch import Tensor

from feathermr.core.crop import center_crop, center_pad
from feathermr.core.errors import ShapeError, UsageError
from feathermr.core.fft import fft, ifft
from feathermr.operators.linear_operator import LinearOperator, Shape

#: how detail is lost
Kernel = Literal["truncation", "bicubic"]
KERNELS: tuple[Kernel, ...] = get_args(Kernel)
#: of the cubic spline, as in most software for pictures
CUBIC = -0.5


@final
class Downsampling(LinearOperator):
    """``D``: images (slice, frame, Y, X) to (slice, frame, Y / scale, X / scale).

    A constant image stays the same constant. With ``truncation`` an image loses what an MR scan of
    lower resolution does not measure, ``D x = F^H crop(F x) / scale``: the field of view and the
    place of pixel ``n // 2`` stay. With ``bicubic`` pixels are weighed by a cubic spline that is
    widened by ``scale`` against aliasing; the outer edges of the image stay.

    Spline: Keys 1981, doi:10.1109/TASSP.1981.1163711.

    Args:
        shape: of the fine images.
        scale: whole number of fine pixels along each side of a coarse one.
        kernel: of the two.

    Raises:
        ShapeError: ``scale`` does not divide height and width.
        UsageError: a scale below 1, or an unknown kernel.
    """

    def __init__(self, shape: Shape, scale: int, kernel: Kernel = "truncation") -> None:
        if scale < 1 or kernel not in KERNELS:
            raise UsageError(
                f"an image is made coarser by a whole number, as one of {', '.join(KERNELS)}; "
                f"not by {scale} as {kernel!r}"
            )
        if any(size % scale for size in shape[-2:]):
            raise ShapeError(
                f"a scale of {scale} does not divide {shape[-2]} x {shape[-1]} pixels; crop first"
            )
        self.large = shape[-2], shape[-1]
        self.small = shape[-2] // scale, shape[-1] // scale
        super().__init__(shape, (*shape[:-2], *self.small))
        self.scale, self.kernel = scale, kernel

    def apply(self, array: Tensor) -> Tensor:
        """``D x``."""
        if self.kernel == "truncation":
            return ifft(center_crop(fft(array), self.small)) / self.scale
        rows, columns = self._weights(array)
        return rows @ array @ columns.T

    def apply_adjoint(self, array: Tensor) -> Tensor:
        """``D^H y``."""
        if self.kernel == "truncation":
            return ifft(center_pad(fft(array), self.large)) / self.scale
        rows, columns = self._weights(array)
        return rows.T @ array @ columns

    def interpolate(self, array: Tensor) -> Tensor:
        """The images that the kernel itself makes of coarse ones: a constant stays a constant.

        Zero filling of k-space, or cubic interpolation.
        """
        if self.kernel == "truncation":
            return self.scale**2 * self.apply_adjoint(array)
        rows, columns = (cubic_weights(size, size * self.scale, array) for size in array.shape[-2:])
        return rows @ array @ columns.T

    def _weights(self, array: Tensor) -> tuple[Tensor, Tensor]:
        rows, columns = (
            cubic_weights(size, size // self.scale, array) for size in self.domain[-2:]
        )
        return rows, columns


def cubic_weights(given: int, wanted: int, like: Tensor, shift: float = 0.0) -> Tensor:
    """Weights (wanted, given) of resampling with a cubic spline; rows sum to one.

    Args:
        given: pixels.
        wanted: pixels over the same width.
        like: a tensor of the device and type.
        shift: of the wanted pixels, in given ones; without, the outer edges are the same.
    """
    ratio = given / wanted
    stretch = max(1.0, ratio)
    centers = (torch.arange(wanted, dtype=torch.float64) + 0.5) * ratio - 0.5 + shift
    distance = (torch.arange(given, dtype=torch.float64) - centers[:, None]).abs() / stretch
    near = ((CUBIC + 2) * distance - (CUBIC + 3)) * distance**2 + 1
    far = CUBIC * (((distance - 5) * distance + 8) * distance - 4)
    weights = torch.where(distance < 1, near, torch.where(distance < 2, far, 0.0))
    return (weights / weights.sum(1, keepdim=True)).to(like)
