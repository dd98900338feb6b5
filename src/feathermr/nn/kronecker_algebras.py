"""Algebras to fix in a Kronecker layer: complex numbers, quaternions, all matrices.

Rows are components of the output: matrix ``i`` multiplies a vector of components by unit ``i``.
"""

import torch
from torch import Tensor


def complex_algebra() -> Tensor:
    """``1`` and ``i`` as (2, 2, 2): with these, ``S_1 + i S_2`` multiplies complex channels.

    Component 0 is the real part, component 1 the imaginary one, as in ``core.complexes``.

    Example:
        >>> one, i = complex_algebra()
        >>> bool((i @ i == -one).all())
        True
    """
    return torch.tensor([[[1.0, 0.0], [0.0, 1.0]], [[0.0, -1.0], [1.0, 0.0]]])


def quaternion_algebra() -> Tensor:
    """``1``, ``i``, ``j`` and ``k`` as (4, 4, 4): Hamilton's product with the weight at the left.

    Example:
        >>> one, i, j, k = quaternion_algebra()
        >>> bool((i @ j == k).all() and (i @ j @ k == -one).all())
        True
    """
    signs = torch.tensor([[1, -1, -1, -1], [1, 1, -1, 1], [1, 1, 1, -1], [1, -1, 1, 1]])
    rows = torch.arange(4)
    units = rows[:, None] ^ rows  # unit that takes component `column` to component `row`
    algebra = torch.zeros(4, 4, 4)
    algebra[units, rows[:, None], rows] = signs.float()
    return algebra


def dense_algebra(n: int) -> Tensor:
    """All matrices of one element, (n * n, n, n): the layer is an unconstrained dense one."""
    return torch.eye(n * n).reshape(n * n, n, n)
