"""Receive coils as an operator."""

from typing import final

from torch import Tensor

from feathermr.core.axes import COIL_MAPS, check_axes, check_broadcasts
from feathermr.operators.linear_operator import LinearOperator, Shape


@final
class Coils(LinearOperator):
    """``C``: the image seen through each coil, ``(C x)_c = s_c x``.

    Args:
        coil_maps: ``s`` (slice or 1, 1, coil, y, x).
        image_shape: (slice, frame, y, x).
    """

    def __init__(self, coil_maps: Tensor, image_shape: Shape) -> None:
        check_axes(coil_maps, COIL_MAPS, "coil_maps")
        slices, frames, height, width = image_shape
        coils = coil_maps.shape[2]
        check_broadcasts(coil_maps, (slices, 1, coils, height, width), "coil_maps")
        super().__init__(image_shape, (slices, frames, coils, height, width))
        self.coil_maps = coil_maps

    def apply(self, array: Tensor) -> Tensor:
        """Image to coil images."""
        return self.coil_maps * array[:, :, None]

    def apply_adjoint(self, array: Tensor) -> Tensor:
        """Coil images to one image, ``sum_c conj(s_c) x_c``."""
        return (self.coil_maps.conj() * array).sum(2)
