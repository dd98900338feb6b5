"""Kronecker forms of the projections that ``nn.MultiheadAttention`` keeps as bare parameters."""

import math
from typing import final

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

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
        algebra = rotations(self.matrices * self.terms, self.n).unflatten(
            0, (self.matrices, self.terms)
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
    kept = attention.parametrizations[name]  # type: ignore[index]
    parameters = [kept.original0, kept.original1]
    for parameter in parameters:
        parameter.requires_grad_(trained)
    return sum(each.numel() for each in parameters)


@torch.no_grad()
def fold_projections(attention: nn.MultiheadAttention) -> None:
    """Turn projections in Kronecker form into plain parameters, in place and in torch's order."""
    if not parametrize.is_parametrized(attention):
        return
    for name in PROJECTIONS:
        if not parametrize.is_parametrized(attention, name):
            continue
        kept = attention.parametrizations[name]  # type: ignore[index]
        if not isinstance(kept[0], KroneckerProjections):
            continue
        weight, trained = getattr(attention, name), kept.original1.requires_grad
        parametrize.remove_parametrizations(attention, name, leave_parametrized=True)
        delattr(attention, name)
        setattr(attention, name, nn.Parameter(weight.clone(), requires_grad=trained))
    order = [*PROJECTIONS, *(n for n in attention._parameters if n not in PROJECTIONS)]
    for name in order:
        if name in attention._parameters:
            attention._parameters[name] = attention._parameters.pop(name)
