"""The Fourier transform as an operator."""

from typing import final

from torch import Tensor

from feathermr.core.fft import fft, ifft
from feathermr.operators.linear_operator import LinearOperator, Shape


@final
class Fourier(LinearOperator):
    """``F``: the centred, orthonormal transform along ``axes``; unitary, so ``F^H F = I``."""

    def __init__(self, shape: Shape, axes: tuple[int, ...] = (-2, -1)) -> None:
        super().__init__(shape, shape)
        self.axes = axes

    def apply(self, array: Tensor) -> Tensor:
        """Image to k-space."""
        return fft(array, self.axes)

    def apply_adjoint(self, array: Tensor) -> Tensor:
        """K-space to image."""
        return ifft(array, self.axes)

    def apply_normal(self, array: Tensor) -> Tensor:
        """The identity."""
        return array
