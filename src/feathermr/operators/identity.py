"""The identity as an operator."""

from typing import final

from torch import Tensor

from feathermr.operators.linear_operator import LinearOperator, Shape


@final
class Identity(LinearOperator):
    """``I x = x``: the split of a method whose sparsity is measured in the image itself."""

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape, shape)

    def apply(self, array: Tensor) -> Tensor:
        """The same array."""
        return array

    def apply_adjoint(self, array: Tensor) -> Tensor:
        """The same array."""
        return array
