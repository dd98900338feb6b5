"""Inner products of batches: one number an item of the first axis, so a batch is a loop."""

from torch import Tensor


def inner(a: Tensor, b: Tensor) -> Tensor:
    """``Re <a, b>`` of each item, shaped to multiply the batch."""
    product = a.real * b.real + a.imag * b.imag if a.is_complex() else a * b
    total: Tensor = product.reshape(product.shape[0], -1).sum(1)
    return total.reshape(-1, *(1,) * (a.ndim - 1))


def squared_norm(a: Tensor) -> Tensor:
    """``||a||^2`` of each item, shaped to multiply the batch."""
    return inner(a, a)
