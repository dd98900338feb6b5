"""The laws that every linear operator obeys, each as one function to call on an operator.

They run in complex128 at a relative tolerance of 1e-10. A law does not pin a convention (two
swapped shifts pass all of them), so each operator has a closed-form value test besides.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from feathermr.core.seeding import generator
from feathermr.operators import LinearOperator

TOLERANCE = 1e-10


def random_array(
    shape: tuple[int, ...], *keys: int | str, dtype: torch.dtype = torch.complex128
) -> Tensor:
    """Standard normal numbers that depend on the keys alone."""
    drawn = torch.randn(shape, dtype=torch.complex128, generator=generator(0, "laws", *keys))
    return drawn.to(dtype) if dtype.is_complex else drawn.real.to(dtype)


def assert_equal(found: Tensor, expected: Tensor, tolerance: float = TOLERANCE) -> None:
    """The norm of the difference is within ``tolerance`` of the norm of what was expected."""
    assert found.shape == expected.shape, f"{tuple(found.shape)} is not {tuple(expected.shape)}"
    error = float(torch.linalg.vector_norm(found - expected))
    size = float(torch.linalg.vector_norm(expected))
    assert error <= tolerance * max(size, 1e-30), f"relative error {error / max(size, 1e-30):.2e}"


def is_linear(operator: LinearOperator) -> None:
    """``A (a x + b z) = a A x + b A z`` for complex factors."""
    x, z = (random_array(operator.domain, "linear", i) for i in range(2))
    a, b = 0.7 - 1.3j, -2.1 + 0.4j
    assert tuple(operator(x).shape) == operator.codomain
    assert_equal(operator(a * x + b * z), a * operator(x) + b * operator(z))


def has_its_adjoint(operator: LinearOperator) -> None:
    """``<A x, y> = <x, A^H y>``, and the adjoint of the adjoint is the operator."""
    x, y = random_array(operator.domain, "x"), random_array(operator.codomain, "y")
    assert (operator.H.domain, operator.H.codomain) == (operator.codomain, operator.domain)
    left = torch.vdot(y.flatten(), operator(x).flatten())
    right = torch.vdot(operator.H(y).flatten(), x.flatten())
    assert_equal(left, right)
    assert_equal(operator.H.H(x), operator(x))


def gradient_is_adjoint(operator: LinearOperator) -> None:
    """Vector-Jacobian products of ``A``, ``A^H``, ``A^H A`` are ``A^H``, ``A``, ``A^H A``."""
    for forward, backward, shape in (
        (operator, operator.H, operator.domain),
        (operator.H, operator, operator.codomain),
        (operator.normal, operator.normal, operator.domain),
    ):
        x = random_array(shape, "gradient").requires_grad_()
        y = forward(x)
        if y is x:  # the identity
            continue
        cotangent = random_array(tuple(y.shape), "cotangent")
        (gradient,) = torch.autograd.grad(y, x, cotangent)
        assert_equal(gradient, backward(cotangent))


def normal_is_adjoint_after_operator(operator: LinearOperator) -> None:
    """``A.normal(x) = A.H(A(x))``, also where there is a shortcut."""
    x, y = random_array(operator.domain, "normal"), random_array(operator.codomain, "normal")
    assert_equal(operator.normal(x), operator.H(operator(x)))
    assert_equal(operator.H.normal(y), operator(operator.H(y)))


def batch_is_a_loop(
    build: Callable[[slice], LinearOperator], slices: int, axes: tuple[int, int] = (0, 0)
) -> None:
    """All slices at once give what each gives alone.

    Args:
        build: the operator of some of the slices.
        slices: how many there are.
        axes: of the slices in domain and codomain.
    """
    whole = build(slice(0, slices))
    x, y = random_array(whole.domain, "batch"), random_array(whole.codomain, "batch")
    parts = [build(slice(i, i + 1)) for i in range(slices)]
    xs, ys = x.split(1, axes[0]), y.split(1, axes[1])
    pairs = list(zip(parts, xs, ys, strict=True))
    assert_equal(whole(x), torch.cat([part(a) for part, a, _ in pairs], axes[1]))
    assert_equal(whole.H(y), torch.cat([part.H(b) for part, _, b in pairs], axes[0]))
    assert_equal(whole.normal(x), torch.cat([part.normal(a) for part, a, _ in pairs], axes[0]))


def keeps_precision(build: Callable[[torch.dtype], LinearOperator]) -> None:
    """An array's precision comes back, and single precision agrees with double to 1e-5.

    Args:
        build: the operator with its own arrays, if any, in the precision given.
    """
    for own in (torch.complex64, torch.complex128):
        operator = build(own)
        x, y = random_array(operator.domain, "dtype"), random_array(operator.codomain, "dtype")
        for forward, array in ((operator, x), (operator.H, y), (operator.normal, x)):
            double = forward(array)
            assert double.dtype == torch.complex128
            if own == torch.complex64:
                single = forward(array.to(torch.complex64))
                assert single.dtype == torch.complex64
                assert_equal(single.to(torch.complex128), double, 1e-5)
