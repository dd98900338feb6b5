"""Conjugate gradients and the power iteration against dense linear algebra."""

import itertools

import pytest
import torch
from torch import Tensor

import laws
from feathermr.solvers import cg, power_iteration

ITEMS, SIZE = 3, 7


def systems(dtype: torch.dtype = torch.complex128) -> tuple[Tensor, Tensor]:
    """Hermitian positive matrices of different scales, and right sides."""
    half = laws.random_array((ITEMS, SIZE + 2, SIZE), "matrix")
    scale = torch.tensor([1e-3, 1.0, 1e4])[:, None, None]
    right = laws.random_array((ITEMS, SIZE), "right")
    return (scale * half.mH @ half).to(dtype), right.to(dtype)


def times(matrices: Tensor, vectors: Tensor) -> Tensor:
    return (matrices @ vectors[..., None])[..., 0]


def test_it_agrees_with_a_dense_solve() -> None:
    matrices, right = systems()
    found = cg(lambda x: times(matrices, x), right, iterations=3 * SIZE)
    laws.assert_equal(found, torch.linalg.solve(matrices, right), 1e-9)


@pytest.mark.parametrize("iterations", [1, 2, 4])
def test_items_do_not_see_each_other(iterations: int) -> None:
    matrices, right = systems()
    together = cg(lambda x: times(matrices, x), right, iterations=iterations)
    for i in range(ITEMS):
        one = matrices[i : i + 1]
        alone = cg(lambda x, one=one: times(one, x), right[i : i + 1], iterations=iterations)
        laws.assert_equal(together[i : i + 1], alone, 1e-12)


def test_each_iteration_lowers_the_energy_error() -> None:
    matrices, right = systems()
    truth = torch.linalg.solve(matrices, right)
    errors = []
    for iterations in range(5):
        error = cg(lambda x: times(matrices, x), right, iterations=iterations) - truth
        errors.append((error.conj() * times(matrices, error)).sum(1).real)
    assert all(bool((b < a).all()) for a, b in itertools.pairwise(errors))


@pytest.mark.parametrize("dtype", [torch.complex64, torch.complex128])
def test_an_item_that_is_solved_exactly_stays_finite_in_value_and_gradient(
    dtype: torch.dtype,
) -> None:
    right = torch.zeros(2, 3, dtype=dtype)
    right[1] = torch.tensor([1.0, 2j, -3.0])
    right.requires_grad_()
    found = cg(lambda x: 2.0 * x, right, iterations=6)
    torch.testing.assert_close(found, right / 2)
    found.real.sum().backward()
    assert right.grad is not None
    assert torch.isfinite(torch.view_as_real(right.grad)).all()


def test_a_right_side_of_zero_gives_zero_with_a_tolerance_too() -> None:
    found = cg(lambda x: 2.0 * x, torch.zeros(2, 3), iterations=3, tolerance=1e-6)
    assert found.tolist() == torch.zeros(2, 3).tolist()


def test_it_runs_long_past_convergence_without_harm() -> None:
    matrices, right = systems(torch.complex64)
    found = cg(lambda x: times(matrices, x), right, iterations=300)
    laws.assert_equal(found, torch.linalg.solve(matrices, right), 1e-3)


@pytest.mark.parametrize("scale", [1e-12, 1e12])
def test_the_scale_of_the_right_side_plays_no_part(scale: float) -> None:
    matrices, right = systems(torch.complex64)
    found = cg(lambda x: times(matrices, x), right * scale, iterations=20)
    laws.assert_equal(found / scale, torch.linalg.solve(matrices, right), 1e-3)


def test_the_tolerance_stops_it_as_soon_as_every_item_is_there() -> None:
    matrices, right = systems()
    calls = []

    def normal(x: Tensor) -> Tensor:
        calls.append(1)
        return times(matrices, x)

    found = cg(normal, right, iterations=100, tolerance=1e-2)
    residual = torch.linalg.vector_norm(right - times(matrices, found), dim=1)
    assert (residual <= 1e-2 * torch.linalg.vector_norm(right, dim=1)).all()
    assert 0 < len(calls) <= SIZE


def test_a_start_at_the_solution_stays_there() -> None:
    matrices, right = systems()
    truth = torch.linalg.solve(matrices, right)
    laws.assert_equal(cg(lambda x: times(matrices, x), right, iterations=2, initial=truth), truth)


def test_a_good_start_beats_starting_from_zero() -> None:
    matrices, right = systems()
    truth = torch.linalg.solve(matrices, right)
    near = truth * (1 + 1e-3)
    cold = cg(lambda x: times(matrices, x), right, iterations=2)
    warm = cg(lambda x: times(matrices, x), right, iterations=2, initial=near)
    assert (warm - truth).norm() < 0.1 * (cold - truth).norm()


def test_gradients_through_it_are_those_of_the_inverse() -> None:
    matrices, right = systems()
    right.requires_grad_()
    weights = laws.random_array((ITEMS, SIZE), "weights")
    found = cg(lambda x: times(matrices, x), right, iterations=3 * SIZE)
    (gradient,) = torch.autograd.grad(found, right, weights)
    laws.assert_equal(gradient, torch.linalg.solve(matrices, weights), 1e-6)


def test_the_power_iteration_finds_the_largest_eigenvalue_of_each_item() -> None:
    matrices, start = systems()
    found = power_iteration(lambda x: times(matrices, x), start, iterations=300)
    torch.testing.assert_close(found, torch.linalg.eigvalsh(matrices)[:, -1], rtol=1e-8, atol=0)


def test_the_power_iteration_comes_from_below() -> None:
    matrices, start = systems()
    largest = torch.linalg.eigvalsh(matrices)[:, -1]
    few, more = (power_iteration(lambda x: times(matrices, x), start, iterations=n) for n in (1, 5))
    assert (few <= more).all()
    assert (more <= largest * (1 + 1e-12)).all()


def test_the_power_iteration_of_nothing_is_zero() -> None:
    assert power_iteration(lambda x: 0 * x, torch.ones(2, 3)).tolist() == [0, 0]
