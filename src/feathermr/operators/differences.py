"""Finite differences as an operator."""

from typing import final

import torch
from torch import Tensor
from torch.nn.functional import pad

from feathermr.core.errors import ShapeError
from feathermr.operators.linear_operator import LinearOperator, Shape


@final
class Differences(LinearOperator):
    """``(D x)_a[i] = x[i + 1] - x[i]`` along each axis ``a``, stacked on a new first axis.

    The difference past the end is zero, or that to the first element if the array is cyclic.

    Args:
        shape: of the array.
        axes: counted from the right, e.g. ``(-2, -1)`` in space or ``(-3,)`` in time.
        cyclic: whether the first element follows the last, as in a gated heart beat.

    Raises:
        ShapeError: an axis is not counted from the right, or not there.
    """

    def __init__(self, shape: Shape, axes: tuple[int, ...], cyclic: bool = False) -> None:
        if not axes or any(not -len(shape) <= axis < 0 for axis in axes):
            raise ShapeError(
                f"axes of differences must be {-len(shape)} to -1, counted from the right, "
                f"not {axes}"
            )
        super().__init__(shape, (len(axes), *shape))
        self.axes, self.cyclic = axes, cyclic

    def apply(self, array: Tensor) -> Tensor:
        """Differences."""
        if self.cyclic:
            return torch.stack([array.roll(-1, axis) - array for axis in self.axes])
        return torch.stack([_forward(array, axis) for axis in self.axes])

    def apply_adjoint(self, array: Tensor) -> Tensor:
        """Minus the divergence."""
        if self.cyclic:
            parts = [array[i].roll(1, axis) - array[i] for i, axis in enumerate(self.axes)]
        else:
            parts = [_backward(array[i], axis) for i, axis in enumerate(self.axes)]
        return torch.stack(parts).sum(0) if len(parts) > 1 else parts[0]

    def apply_normal(self, array: Tensor) -> Tensor:
        """``D^H D x``: minus the Laplacian, from one difference an axis."""
        if self.cyclic:
            return self.apply_adjoint(self.apply(array))
        total = torch.zeros_like(array)
        for axis in self.axes:
            step = array.diff(dim=axis)
            total = total + (pad(step, _at_end(axis, 1, 0)) - pad(step, _at_end(axis, 0, 1)))
        return total


def _at_end(axis: int, before: int, after: int) -> tuple[int, ...]:
    return (0, 0) * (-axis - 1) + (before, after)


def _forward(array: Tensor, axis: int) -> Tensor:
    return pad(array.diff(dim=axis), _at_end(axis, 0, 1))


def _backward(array: Tensor, axis: int) -> Tensor:
    inner = array.narrow(axis, 0, array.shape[axis] - 1)
    return pad(inner, _at_end(axis, 1, 0)) - pad(inner, _at_end(axis, 0, 1))
