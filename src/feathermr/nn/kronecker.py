"""What Kronecker layers share, and the linear one."""

import math
from collections.abc import Callable
from typing import ClassVar, Self, final

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from feathermr.core.errors import ShapeError, UsageError
from feathermr.nn.kronecker_weight import factor_scale, kronecker_weight, rotations


class KroneckerLayer(nn.Module):
    """A layer whose dense weight is ``sum_i A_i (x) S_i``; see ``kronecker_weight``.

    Parameters are ``algebra`` (terms, n, n), ``factors`` and ``bias``: ``terms * (n^2 + out * in
    * kernel / (groups * n^2))`` numbers and ``out`` for the bias. An algebra that is given is a
    buffer instead, and stays. ``weight`` is the dense weight, for whoever reads it.

    Initialisation: the matrices of the algebra are random rotations, so each keeps lengths: with
    independent factors of the right variance, every output channel and every gradient that flows
    back has just the variance that torch's dense layer gives it, for any ``n`` and number of
    terms (``Var W = 1 / (3 fan_in)`` on average over the elements). Their elements are about
    ``1 / sqrt(n)``, large against a step of Adam: the mixture of components changes slowly while
    the factors learn.

    Attributes:
        n: components.
        terms: Kronecker products in the sum.
        groups: groups of channels.
    """

    algebra: Tensor
    factors: nn.Parameter
    bias: nn.Parameter | None
    groups: int = 1
    transposed: ClassVar[bool] = False

    def _prepare(self, n: int, terms: int | None, algebra: Tensor | None) -> None:
        """Remember ``n`` and the number of terms; an algebra is checked and kept as it is.

        Raises:
            UsageError: not whole numbers of at least 1.
            ShapeError: the algebra is not (terms, n, n), or nothing but zero.
        """
        if n < 1 or (terms is not None and terms < 1):
            raise UsageError(
                f"a Kronecker layer takes n and terms of at least 1, not n = {n} and "
                f"terms = {terms}"
            )
        self.n = n
        if algebra is None:
            self.terms = n if terms is None else terms
            return
        if algebra.shape[1:] != (n, n) or (terms or len(algebra)) != len(algebra):
            raise ShapeError(
                f"the algebra of a Kronecker layer has the shape ({terms or 'terms'}, {n}, {n}), "
                f"not {tuple(algebra.shape)}"
            )
        if not algebra.any():
            raise ShapeError("the algebra of a Kronecker layer may not be zero everywhere")
        self.terms = len(algebra)

    def _allocate(
        self,
        shape: tuple[int, ...],
        algebra: Tensor | None,
        bias: int | None,
        device: torch.device | str | None,
        dtype: torch.dtype | None,
    ) -> None:
        """Make the parameters, for a dense weight of ``shape``, and draw them.

        Raises:
            UsageError: ``n`` does not divide channels, or the type is not a real floating one.
        """
        out_axis = 1 if self.transposed else 0
        for axis in (0, 1):
            per_group = shape[axis] // (self.groups if axis == 0 else 1)
            if per_group % self.n:
                side = "output" if axis == out_axis else "input"
                where = "" if self.groups == 1 else " of each group"
                raise UsageError(
                    f"n must divide the channels of a Kronecker layer; n = {self.n} does not "
                    f"divide the {per_group} {side} channels{where}"
                )
        dtype = dtype or torch.get_default_dtype()
        if not dtype.is_floating_point:
            raise UsageError(f"a Kronecker layer takes real floating-point types, not {dtype}")
        if algebra is None:
            self.algebra = nn.Parameter(
                torch.empty(self.terms, self.n, self.n, device=device, dtype=dtype)
            )
        else:
            self.register_buffer("algebra", algebra.detach().clone().to(device=device, dtype=dtype))
        small = (shape[0] // self.n, shape[1] // self.n, *shape[2:])
        self.factors = nn.Parameter(torch.empty(self.terms, *small, device=device, dtype=dtype))
        self.bias = (
            None if bias is None else nn.Parameter(torch.empty(bias, device=device, dtype=dtype))
        )
        self.reset_parameters()

    @property
    def weight(self) -> Tensor:
        """The dense weight, as torch's layer has it; built anew at each call."""
        return kronecker_weight(self.algebra, self.factors, self.groups, self.transposed)

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Draw algebra, factors and bias anew, from torch's global random state."""
        if self.factors.is_meta:
            return
        if isinstance(self.algebra, nn.Parameter):
            self.algebra.copy_(rotations(self.terms, self.n))
        fan_in = self.n * math.prod(self.factors.shape[2:])
        self.draw_factors(1 / (3 * fan_in))
        if self.bias is not None:
            self.bias.uniform_(-1 / math.sqrt(fan_in), 1 / math.sqrt(fan_in))

    @torch.no_grad()
    def draw_factors(self, mean_square: float) -> None:
        """Draw the factors uniformly so that the weight's elements have ``mean_square``."""
        bound = math.sqrt(3 * factor_scale(self.algebra, mean_square))
        self.factors.uniform_(-bound, bound)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Move or cast, with tensors presented flat.

        ``to(memory_format=channels_last)`` looks for tensors of four axes and fails on five; the
        factors of a convolution have one axis more than its weight.
        """
        super()._apply(lambda each: fn(each.flatten()).reshape(each.shape), recurse)  # type: ignore[no-untyped-call]
        return self

    def _description(self) -> str:
        parts = [f"n={self.n}"]
        if self.terms != self.n:
            parts.append(f"terms={self.terms}")
        if not isinstance(self.algebra, nn.Parameter):
            parts.append("algebra given")
        if self.bias is None:
            parts.append("bias=False")
        return ", ".join(parts)


@final
class KroneckerLinear(KroneckerLayer):
    """``nn.Linear`` with a weight of Kronecker products.

    Args:
        in_features: size of the input's last axis.
        out_features: of the output's.
        bias: add one.
        device: as torch's layers.
        dtype: as torch's layers.
        n: components; divides both sizes.
        terms: products in the sum, ``n`` unless told.
        algebra: (terms, n, n) to keep instead of learning one.

    Raises:
        UsageError: ``n`` does not divide the sizes.
        ShapeError: an algebra that does not fit.

    Example:
        >>> layer = KroneckerLinear(64, 32, n=4)
        >>> sum(each.numel() for each in layer.parameters())  # 4 * (4^2 + 64 * 32 / 4^2) + 32
        608
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        *,
        n: int,
        terms: int | None = None,
        algebra: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        self._prepare(n, terms, algebra)
        shape = (out_features, in_features)
        self._allocate(shape, algebra, out_features if bias else None, device, dtype)

    def forward(self, input: Tensor) -> Tensor:
        """``input W^T + bias`` along the last axis."""
        return linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        """Sizes, and what is not by default."""
        return f"{self.in_features}, {self.out_features}, {self._description()}"
