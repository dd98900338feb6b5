"""Kronecker forms of the projections that ``nn.MultiheadAttention`` keeps as bare parameters."""

import math
from typing import cast, final

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from feathermr.core.errors import UsageError
from feathermr.nn.kronecker_weight import (
    factor_scale,
    kronecker_weight,
    nearest_kronecker_sum,
    rotations,
)

PROJECTIONS = ("in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight")


@final
class KroneckerProjections(nn.Module):
    """Parametrization of matrices one below the other, each a sum of Kronecker products.

    Of ``algebra`` (matrix, terms, n, n) and ``factors`` (matrix, terms, out / n, in / n), which
    torch calls ``original0`` and ``original1``.

    Args:
        matrices: 3 for queries, keys and values in one parameter, else 1.
        n: components.
        terms: products in each sum.
        from_dense: a weight that is assigned is replaced by the nearest sums; otherwise by
            random ones of the same mean square.
    """

    def __init__(self, matrices: int, n: int, terms: int, from_dense: bool) -> None:
        super().__init__()
        self.matrices, self.n, self.terms, self.from_dense = matrices, n, terms, from_dense
        self.error: float | None = None

    def forward(self, algebra: Tensor, factors: Tensor) -> Tensor:
        """The dense weight (matrix * out, in)."""
        return torch.cat([kronecker_weight(*each) for each in zip(algebra, factors, strict=True)])

    @torch.no_grad()
    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Algebra and factors for a weight."""
        split = weight.reshape(self.matrices, -1, weight.shape[-1])
        if not self.from_dense or weight.is_meta:
            return self._drawn(split)
        found = [nearest_kronecker_sum(each, self.n, self.terms) for each in split]
        lost = [one.error * float(each.norm()) for one, each in zip(found, split, strict=True)]
        self.error = math.hypot(*lost) / max(float(weight.norm()), torch.finfo(weight.dtype).tiny)
        return torch.stack([e.algebra for e in found]), torch.stack([e.factors for e in found])

    def _drawn(self, split: Tensor) -> tuple[Tensor, Tensor]:
        rows, columns = split.shape[1] // self.n, split.shape[2] // self.n
        shape = (self.matrices, self.terms, rows, columns)
        algebra = rotations(self.matrices * self.terms, self.n).reshape(
            self.matrices, self.terms, self.n, self.n
        )
        factors = torch.empty(shape, dtype=split.dtype, device=split.device)
        if not split.is_meta:
            for each, matrices, old in zip(factors, algebra, split, strict=True):
                bound = math.sqrt(3 * factor_scale(matrices, float(old.square().mean())))
                each.uniform_(-bound, bound)
        return algebra.to(factors), factors


def parametrize_projection(
    attention: nn.MultiheadAttention, name: str, form: KroneckerProjections
) -> int:
    """Give one projection its Kronecker form; the number of its parameters.

    ``requires_grad`` is kept.
    """
    trained = getattr(attention, name).requires_grad
    parametrize.register_parametrization(attention, name, form)
    parameters = cast(nn.ModuleDict, attention.parametrizations)[name].parameters()
    return sum(each.requires_grad_(trained).numel() for each in parameters)


@torch.no_grad()
def fold_projections(attention: nn.MultiheadAttention) -> None:
    """Turn projections in Kronecker form into plain parameters, in place and in torch's order.

    The class that torch made for the parametrized module is left alone, as copies of the module
    share it.

    Raises:
        UsageError: the module is parametrized in another way too.
    """
    if not parametrize.is_parametrized(attention):
        return
    kept = cast(nn.ModuleDict, attention.parametrizations)
    ours = [
        name
        for name in kept
        if isinstance(cast(nn.ModuleList, kept[name])[0], KroneckerProjections)
    ]
    if not ours:
        return
    if len(ours) != len(kept):
        raise UsageError(
            "a MultiheadAttention with Kronecker projections is parametrized in another way too; "
            "remove that parametrization first"
        )
    weights: dict[str, nn.Parameter | None] = {}
    for name in ours:
        trained = kept.get_parameter(f"{name}.original1").requires_grad
        weights[name] = nn.Parameter(getattr(attention, name).clone(), requires_grad=trained)
    del attention.parametrizations
    attention.__class__ = nn.MultiheadAttention
    for name in [*PROJECTIONS, *attention._parameters]:
        if name in weights or name in attention._parameters:
            found = attention._parameters.pop(name, None)
            attention._parameters[name] = weights.pop(name, found)
