"""Weights as sums of Kronecker products: built, drawn at random, and fitted to a given weight.

``W = sum_i A_i (x) S_i`` with the *algebra* ``A`` (terms, n, n) and the *factors* ``S``, shaped as
the dense weight is but for a leading axis of terms and channels divided by ``n``. Channels are
component-major: ``channel = component * (C / n) + index``. Zhang et al. 2021, arXiv:2102.08597
(linear layers); Grassucci et al. 2022, doi:10.1109/TNNLS.2022.3226772 (convolutions).

With groups, every group's weight is such a sum of its own factors and the one algebra, so
components are those of a group's channels: ``channel = (group * n + component) * C / (n * groups)
+ index``.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

#: axes (component out, component in, group, out, in, kernel) in the order of a dense weight
DENSE, DENSE_TRANSPOSED = (2, 0, 3, 1, 4, 5), (2, 1, 3, 0, 4, 5)
BUILT, BUILT_TRANSPOSED = (1, 3, 0, 2, 4, 5), (3, 1, 0, 2, 4, 5)


def kronecker_weight(
    algebra: Tensor, factors: Tensor, groups: int = 1, transposed: bool = False
) -> Tensor:
    """The dense weight, by one matrix product ``(n * n, terms) @ (terms, rest)`` and one copy.

    Args:
        algebra: (terms, n, n), rows are components of the output.
        factors: (terms, out / n, in / (n * groups), *kernel); transposed: (terms, in / n,
            out / (n * groups), *kernel), as torch keeps transposed weights.
        groups: of channels that see each other.
        transposed: the weight is that of a transposed convolution.

    Example:
        >>> algebra, factors = torch.randn(3, 2, 2), torch.randn(3, 4, 5)
        >>> products = [torch.kron(a, s) for a, s in zip(algebra, factors)]
        >>> bool(torch.allclose(kronecker_weight(algebra, factors), sum(products), atol=1e-5))
        True
    """
    terms, n = algebra.shape[:2]
    first, second, *kernel = factors.shape[1:]
    product = algebra.reshape(terms, n * n).t() @ factors.reshape(terms, -1)
    split = product.reshape(n, n, groups, first // groups, second, math.prod(kernel))
    ordered = split.permute(DENSE_TRANSPOSED if transposed else DENSE)
    return ordered.reshape(n * first, n * second, *kernel)


@dataclass(frozen=True)
class Nearest:
    """The nearest sum of Kronecker products to a weight.

    Attributes:
        algebra: (terms, n, n), each of Frobenius norm ``sqrt(n)``.
        factors: as ``kronecker_weight`` takes them.
        error: Frobenius norm of what is left, over that of the weight.
    """

    algebra: Tensor
    factors: Tensor
    error: float


def nearest_kronecker_sum(
    weight: Tensor, n: int, terms: int, groups: int = 1, transposed: bool = False
) -> Nearest:
    """The sum of ``terms`` Kronecker products nearest to ``weight`` in the Frobenius norm.

    The elements are rearranged to a matrix of ``n * n`` rows, in which a Kronecker product has
    rank one; the leading singular vectors are the answer. Van Loan and Pitsianis 1993,
    doi:10.1007/978-94-015-8196-7_17. Computed in float64.

    Args:
        weight: of a linear layer or a (transposed) convolution with ``groups``; ``n`` divides the
            channels of each group.
        n: components.
        terms: products. Those beyond the rank of the matrix have factors of zero.
        groups: of the layer.
        transposed: the layer is a transposed convolution.
    """
    first, second, *kernel = weight.shape
    split = weight.detach().double().reshape(
        groups, n, first // (n * groups), n, second // n, math.prod(kernel)
    )  # fmt: skip
    rows = split.permute(BUILT_TRANSPOSED if transposed else BUILT).reshape(n * n, -1)
    left, values, right = torch.linalg.svd(rows, full_matrices=False)
    kept = min(terms, len(values))
    algebra = rotations(terms, n, weight.device)
    algebra[:kept] = left.t()[:kept].reshape(kept, n, n) * math.sqrt(n)
    factors = rows.new_zeros(terms, rows.shape[1])
    factors[:kept] = right[:kept] * values[:kept, None] / math.sqrt(n)
    total = values.square().sum()
    error = (values[kept:].square().sum() / total).sqrt() if total > 0 else total
    shaped = factors.reshape(terms, first // n, second // n, *kernel)
    return Nearest(algebra.to(weight.dtype), shaped.to(weight.dtype), float(error))


def rotations(terms: int, n: int, device: torch.device | str = "cpu") -> Tensor:
    """Orthogonal matrices drawn uniformly, (terms, n, n) float64.

    By the QR decomposition of normal numbers with the signs of Mezzadri 2007,
    arXiv:math-ph/0609050; it runs on the CPU, from torch's global random state.
    """
    q, r = torch.linalg.qr(torch.randn(terms, n, n, dtype=torch.float64))
    signs = torch.where(r.diagonal(dim1=-2, dim2=-1) < 0, -1.0, 1.0)
    drawn: Tensor = (q * signs[:, None, :]).to(device)
    return drawn


def factor_scale(algebra: Tensor, mean_square: float) -> float:
    """The mean square of independent factors whose weight has ``mean_square`` on average.

    ``E[W^2] = E[S^2] * sum_i |A_i|^2 / n^2``.
    """
    return mean_square * algebra.shape[-1] ** 2 / float(algebra.detach().double().square().sum())
