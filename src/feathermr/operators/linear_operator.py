"""Linear operators with known shapes.

``y = A(x)``, ``x = A.H(y)``, ``A.normal(x)``, ``A @ B``, ``A + B``, ``a * A``. Shapes are
those of the arrays themselves, so that a mismatch fails when operators are composed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import final

from torch import Tensor

from feathermr.core.errors import ShapeError

Shape = tuple[int, ...]


class LinearOperator(ABC):
    """A linear map from arrays of shape ``domain`` to arrays of shape ``codomain``.

    Concrete operators implement `apply` and `apply_adjoint`, and may give a faster
    `apply_normal`; they are not subclassed further.
    """

    def __init__(self, domain: Shape, codomain: Shape) -> None:
        self.domain = tuple(domain)
        self.codomain = tuple(codomain)

    @abstractmethod
    def apply(self, array: Tensor) -> Tensor:
        """``A x``."""

    @abstractmethod
    def apply_adjoint(self, array: Tensor) -> Tensor:
        """``A^H y``."""

    def apply_normal(self, array: Tensor) -> Tensor:
        """``A^H A x``; override where it can be had for less than both."""
        return self.apply_adjoint(self.apply(array))

    @final
    def __call__(self, array: Tensor) -> Tensor:
        """``A x``, with the shape checked."""
        return self.apply(self._checked(array, self.domain))

    @final
    def normal(self, array: Tensor) -> Tensor:
        """``A^H A x``, with the shape checked."""
        return self.apply_normal(self._checked(array, self.domain))

    @final
    @property
    def H(self) -> LinearOperator:  # noqa: N802 - the field's symbol
        """The adjoint operator."""
        return self.operator if isinstance(self, Adjoint) else Adjoint(self)

    @final
    def __matmul__(self, other: LinearOperator) -> LinearOperator:
        return Composition(self, other)

    @final
    def __add__(self, other: LinearOperator) -> LinearOperator:
        return Sum(self, other)

    @final
    def __rmul__(self, factor: complex) -> LinearOperator:
        return Scaled(factor, self)

    @final
    def _checked(self, array: Tensor, shape: Shape) -> Tensor:
        if tuple(array.shape) != shape:
            raise ShapeError(
                f"{type(self).__name__} takes arrays of shape {shape}, not {tuple(array.shape)}"
            )
        return array


@final
class Adjoint(LinearOperator):
    """``A^H``."""

    def __init__(self, operator: LinearOperator) -> None:
        super().__init__(operator.codomain, operator.domain)
        self.operator = operator

    def apply(self, array: Tensor) -> Tensor:
        """``A^H y``."""
        return self.operator.apply_adjoint(array)

    def apply_adjoint(self, array: Tensor) -> Tensor:
        """``A x``."""
        return self.operator.apply(array)


@final
class Composition(LinearOperator):
    """``A B``: first ``B``, then ``A``."""

    def __init__(self, outer: LinearOperator, inner: LinearOperator) -> None:
        if outer.domain != inner.codomain:
            raise ShapeError(
                f"cannot compose {type(outer).__name__} of domain {outer.domain} with "
                f"{type(inner).__name__} of codomain {inner.codomain}; they must be the same"
            )
        super().__init__(inner.domain, outer.codomain)
        self.outer, self.inner = outer, inner

    def apply(self, array: Tensor) -> Tensor:
        """``A B x``."""
        return self.outer.apply(self.inner.apply(array))

    def apply_adjoint(self, array: Tensor) -> Tensor:
        """``B^H A^H y``."""
        return self.inner.apply_adjoint(self.outer.apply_adjoint(array))

    def apply_normal(self, array: Tensor) -> Tensor:
        """``B^H (A^H A) B x``."""
        return self.inner.apply_adjoint(self.outer.apply_normal(self.inner.apply(array)))


@final
class Sum(LinearOperator):
    """``A + B``."""

    def __init__(self, first: LinearOperator, second: LinearOperator) -> None:
        if (first.domain, first.codomain) != (second.domain, second.codomain):
            raise ShapeError(
                f"cannot add {type(first).__name__} {first.domain} -> {first.codomain} and "
                f"{type(second).__name__} {second.domain} -> {second.codomain}; "
                "their shapes must be the same"
            )
        super().__init__(first.domain, first.codomain)
        self.first, self.second = first, second

    def apply(self, array: Tensor) -> Tensor:
        """``A x + B x``."""
        return self.first.apply(array) + self.second.apply(array)

    def apply_adjoint(self, array: Tensor) -> Tensor:
        """``A^H y + B^H y``."""
        return self.first.apply_adjoint(array) + self.second.apply_adjoint(array)


@final
class Scaled(LinearOperator):
    """``a A`` for a number ``a``."""

    def __init__(self, factor: complex, operator: LinearOperator) -> None:
        super().__init__(operator.domain, operator.codomain)
        self.factor, self.operator = factor, operator

    def apply(self, array: Tensor) -> Tensor:
        """``a A x``."""
        return self.factor * self.operator.apply(array)

    def apply_adjoint(self, array: Tensor) -> Tensor:
        """``conj(a) A^H y``."""
        return self.factor.conjugate() * self.operator.apply_adjoint(array)
