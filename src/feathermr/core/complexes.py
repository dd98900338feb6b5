"""Complex numbers as two real channels and back; the only place where this is done."""

import torch
from torch import Tensor

from feathermr.core.errors import ShapeError


def to_channels(array: Tensor) -> Tensor:
    """Complex ``(batch, channel, ...)`` to real ``(batch, 2 * channel, ...)``, component-major.

    The real parts of all channels come first, then the imaginary parts.
    """
    return torch.cat([array.real, array.imag], dim=1)


def from_channels(array: Tensor) -> Tensor:
    """Real ``(batch, 2 * channel, ...)`` to complex ``(batch, channel, ...)``: the inverse.

    Raises:
        ShapeError: the number of channels is odd.
    """
    if array.shape[1] % 2:
        raise ShapeError(
            f"real and imaginary parts need an even number of channels, but the shape is "
            f"{tuple(array.shape)}"
        )
    real, imaginary = array.chunk(2, dim=1)
    return torch.complex(real.contiguous(), imaginary.contiguous())
