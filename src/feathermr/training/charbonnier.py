"""The Charbonnier penalty: an absolute value that is smooth at zero."""

from torch import Tensor

from feathermr.core.complexes import to_channels


def charbonnier(prediction: Tensor, target: Tensor, *, epsilon: float = 1e-9) -> Tensor:
    """``mean sqrt(d^2 + epsilon)`` over the real and the imaginary part of the difference ``d``.

    Equal arrays give ``sqrt(epsilon)``, not zero, and a gradient of zero. Charbonnier et al., "Two
    deterministic half-quadratic regularization algorithms for computed imaging" (1994),
    doi:10.1109/ICIP.1994.413553.

    Args:
        prediction: complex (batch, channel, ...), or real of any shape.
        target: likewise.
        epsilon: square of the difference below which the penalty is quadratic; above zero.

    Example:
        >>> import torch
        >>> charbonnier(torch.tensor([3.0]), torch.tensor([0.0]), epsilon=16.0).item()
        5.0
    """
    difference = prediction - target
    parts = to_channels(difference) if difference.is_complex() else difference
    return (parts.square() + epsilon).sqrt().mean()
