"""The nearest Kronecker sum: exact where there is one, optimal where there is none."""

import pytest
import torch

from feathermr.core.seeding import generator
from feathermr.nn.kronecker_weight import kronecker_weight, nearest_kronecker_sum

DOUBLE = torch.float64
#: shape of the dense weight, n, groups, transposed
SHAPES = [
    ((8, 12), 4, 1, False),
    ((6, 9), 3, 1, False),
    ((8, 6, 3), 2, 1, False),
    ((12, 4, 3, 2), 2, 3, False),
    ((8, 4, 3, 3), 4, 1, True),
    ((12, 4, 2, 3), 2, 2, True),
    ((4, 4, 2, 1, 2), 2, 1, True),
]
shapes = pytest.mark.parametrize(("shape", "n", "groups", "transposed"), SHAPES)


def factor_shape(shape: tuple[int, ...], n: int) -> tuple[int, ...]:
    return (shape[0] // n, shape[1] // n, *shape[2:])


@shapes
@pytest.mark.parametrize("terms", [1, 2])
def test_a_kronecker_sum_is_found_again(
    shape: tuple[int, ...], n: int, groups: int, transposed: bool, terms: int
) -> None:
    source = generator(0, *shape, terms)
    algebra = torch.randn(terms, n, n, generator=source, dtype=DOUBLE)
    factors = torch.randn(terms, *factor_shape(shape, n), generator=source, dtype=DOUBLE)
    weight = kronecker_weight(algebra, factors, groups, transposed)
    found = nearest_kronecker_sum(weight, n, terms, groups, transposed)
    again = kronecker_weight(found.algebra, found.factors, groups, transposed)
    torch.testing.assert_close(again, weight, rtol=1e-12, atol=1e-12)
    assert found.error < 1e-12
    norms = found.algebra.flatten(1).norm(dim=1)
    torch.testing.assert_close(norms, torch.full_like(norms, n**0.5))


@shapes
def test_the_residual_is_the_discarded_singular_values(
    shape: tuple[int, ...], n: int, groups: int, transposed: bool
) -> None:
    weight = torch.randn(shape, generator=generator(1, *shape), dtype=DOUBLE)
    errors = []
    for terms in range(1, n * n + 1):
        found = nearest_kronecker_sum(weight, n, terms, groups, transposed)
        again = kronecker_weight(found.algebra, found.factors, groups, transposed)
        errors.append(float((weight - again).norm() / weight.norm()))
        assert found.error == pytest.approx(errors[-1], abs=1e-12)
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 1e-12


def test_the_residual_equals_singular_values_of_the_matrix_of_blocks() -> None:
    n, weight = 2, torch.randn(6, 8, generator=generator(2), dtype=DOUBLE)
    blocks = [
        weight[3 * row : 3 * row + 3, 4 * column : 4 * column + 4].flatten()
        for row in range(n)
        for column in range(n)
    ]
    values = torch.linalg.svdvals(torch.stack(blocks))
    for terms in (1, 2, 3):
        found = nearest_kronecker_sum(weight, n, terms)
        lost = values[terms:].square().sum().sqrt() / weight.norm()
        assert found.error == pytest.approx(float(lost), rel=1e-12)


def test_no_other_sum_is_nearer() -> None:
    weight = torch.randn(4, 6, 3, generator=generator(3), dtype=DOUBLE)
    found = nearest_kronecker_sum(weight, 2, 2)
    algebra, factors = found.algebra.requires_grad_(), found.factors.requires_grad_()
    loss = (kronecker_weight(algebra, factors) - weight).square().sum()
    loss.backward()
    assert algebra.grad is not None
    assert factors.grad is not None
    assert max(algebra.grad.abs().max(), factors.grad.abs().max()) < 1e-12


def test_terms_beyond_the_rank_change_nothing_and_can_learn() -> None:
    weight = torch.zeros(4, 4)
    weight[:2, :2] = 1
    found = nearest_kronecker_sum(weight, 2, 6)
    assert torch.allclose(kronecker_weight(found.algebra, found.factors), weight, atol=1e-6)
    assert found.algebra.flatten(1).norm(dim=1).min() > 1


def test_a_weight_of_zero_has_no_error() -> None:
    found = nearest_kronecker_sum(torch.zeros(4, 4), 2, 2)
    assert found.error == 0
    assert found.factors.abs().max() == 0


def test_the_type_is_kept() -> None:
    found = nearest_kronecker_sum(torch.randn(4, 4).bfloat16(), 2, 2)
    assert found.algebra.dtype == found.factors.dtype == torch.bfloat16
