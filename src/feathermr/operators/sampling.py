"""Undersampling as an operator."""

from typing import final

import torch
from torch import Tensor

from feathermr.core.axes import check_broadcasts
from feathermr.core.errors import ShapeError
from feathermr.operators.linear_operator import LinearOperator, Shape


@final
class Sampling(LinearOperator):
    """``M``: keep the samples where ``mask`` is true, exactly +0 elsewhere; ``M = M^H = M^2``."""

    def __init__(self, mask: Tensor, shape: Shape) -> None:
        super().__init__(shape, shape)
        check_broadcasts(mask, shape, "mask")
        if mask.dtype != torch.bool:
            raise ShapeError(f"mask must be boolean, not {mask.dtype}")
        self.mask = mask

    def apply(self, array: Tensor) -> Tensor:
        """Keep what was sampled."""
        return torch.where(self.mask, array, torch.zeros((), dtype=array.dtype).to(array.device))

    def apply_adjoint(self, array: Tensor) -> Tensor:
        """The same."""
        return self.apply(array)

    def apply_normal(self, array: Tensor) -> Tensor:
        """The same."""
        return self.apply(array)
