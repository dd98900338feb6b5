"""Conjugate gradients for Hermitian positive systems."""

from collections.abc import Callable

import torch
from torch import Tensor

from feathermr.solvers.batch import inner, squared_norm


def cg(
    normal: Callable[[Tensor], Tensor],
    right_side: Tensor,
    *,
    iterations: int,
    tolerance: float = 0.0,
    initial: Tensor | None = None,
    precondition: Callable[[Tensor], Tensor] | None = None,
) -> Tensor:
    """Solve ``N x = b`` for each item of the first axis.

    Args:
        normal: ``N``, Hermitian and positive semi-definite, acting on items independently.
        right_side: ``b``.
        iterations: at most this many; one application of ``N`` each.
        tolerance: stop when ``||b - N x|| <= tolerance ||b||`` for every item.
        initial: start; zero by default.
        precondition: an approximate inverse of ``N``, Hermitian and positive; the fewer
            iterations are needed the nearer it is.

    Hestenes and Stiefel 1952, doi:10.6028/jres.049.044.

    Example:
        >>> diagonal = torch.tensor([[1.0, 2.0, 4.0]])
        >>> cg(lambda x: diagonal * x, torch.ones(1, 3), iterations=3)
        tensor([[1.0000, 0.5000, 0.2500]])
    """
    solution = torch.zeros_like(right_side) if initial is None else initial
    residual = right_side if initial is None else right_side - normal(initial)
    nearer = residual if precondition is None else precondition(residual)
    direction = nearer
    energy = inner(residual, nearer)
    goal = tolerance**2 * squared_norm(right_side)
    for iteration in range(iterations):
        if tolerance > 0 and bool((squared_norm(residual) <= goal).all()):
            break
        image = normal(direction)
        curvature = inner(direction, image)
        # an item that is solved exactly has no direction left: its step is zero, not 0 / 0
        step = torch.where(curvature > 0, energy / curvature.clamp_min(_tiny(energy)), 0.0)
        solution = solution + step * direction
        if iteration + 1 == iterations:
            break
        residual = residual - step * image
        nearer = residual if precondition is None else precondition(residual)
        previous, energy = energy, inner(residual, nearer)
        direction = nearer + energy / previous.clamp_min(_tiny(energy)) * direction
    return solution


def _tiny(like: Tensor) -> float:
    return torch.finfo(like.dtype).tiny
