"""The largest eigenvalue of a Hermitian operator."""

from collections.abc import Callable

import torch
from torch import Tensor

from feathermr.solvers.batch import inner, squared_norm


def power_iteration(
    normal: Callable[[Tensor], Tensor], initial: Tensor, *, iterations: int = 20
) -> Tensor:
    """Largest eigenvalue of ``N`` for each item of the first axis (a lower bound, from below).

    Args:
        normal: ``N``, Hermitian and positive semi-definite.
        initial: start, not orthogonal to the eigenvector: random, say.
        iterations: applications of ``N``.

    Example:
        >>> diagonal = torch.tensor([[1.0, 5.0]])
        >>> float(power_iteration(lambda x: diagonal * x, torch.ones(1, 2)))
        5.0
    """
    vector = initial
    for _ in range(iterations):
        image = normal(vector)
        norm = squared_norm(image).sqrt()
        vector = image / norm.clamp_min(torch.finfo(norm.dtype).tiny)
    return inner(vector, normal(vector)).flatten()
