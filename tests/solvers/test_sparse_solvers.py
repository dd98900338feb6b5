"""FISTA and ADMM against optimality conditions and each other."""

import pytest
import torch
from torch import Tensor

import laws
from feathermr.operators import Differences, Identity, Wavelet
from feathermr.solvers import Split, admm, fista, soft_threshold

ITEMS, ROWS, SIZE, WEIGHT = 2, 9, 12, 0.7


def lasso() -> tuple[Tensor, Tensor, float]:
    """Underdetermined ``A``, ``y = A x + noise`` for a sparse ``x``, and ``||A||^2``."""
    matrix = laws.random_array((ITEMS, ROWS, SIZE), "lasso") / 3
    sparse = torch.zeros(ITEMS, SIZE, dtype=torch.complex128)
    sparse[:, [1, 6]] = torch.tensor([2 - 1j, -1.5], dtype=torch.complex128)
    noise = laws.random_array((ITEMS, ROWS), "noise") / 20
    samples = (matrix @ sparse[..., None])[..., 0] + noise
    return matrix, samples, float(torch.linalg.matrix_norm(matrix, ord=2).max()) ** 2


def gradient_of(matrix: Tensor, samples: Tensor, x: Tensor) -> Tensor:
    return (matrix.mH @ (matrix @ x[..., None] - samples[..., None]))[..., 0]


def reference() -> Tensor:
    """The minimiser to high precision by cyclic coordinate descent, written out."""
    matrix, samples, _ = lasso()
    x = torch.zeros(ITEMS, SIZE, dtype=torch.complex128)
    energy = matrix.abs().square().sum(1)
    for _ in range(1500):
        for k in range(SIZE):
            rest = samples - (matrix @ x[..., None])[..., 0] + matrix[..., k] * x[:, k : k + 1]
            pull = (matrix[..., k].conj() * rest).sum(1)
            x[:, k] = torch.sgn(pull) * (pull.abs() - WEIGHT).clamp_min(0) / energy[:, k]
    return x


def run_fista(iterations: int) -> Tensor:
    matrix, samples, largest = lasso()
    return fista(
        lambda x: gradient_of(matrix, samples, x),
        lambda x: soft_threshold(x, WEIGHT / largest),
        torch.zeros(ITEMS, SIZE, dtype=torch.complex128),
        step=1 / largest,
        iterations=iterations,
    )


def run_admm(iterations: int, penalty: float) -> Tensor:
    matrix, samples, _ = lasso()
    return admm(
        lambda x: (matrix.mH @ (matrix @ x[..., None]))[..., 0],
        (matrix.mH @ samples[..., None])[..., 0],
        Split(Identity((ITEMS, SIZE)), lambda z: soft_threshold(z, WEIGHT / penalty), penalty),
        iterations=(iterations, 4),
    )


def test_fista_finds_the_lasso_minimiser() -> None:
    expected = reference()
    assert 0 < int((expected.abs() > 1e-9).sum()) < expected.numel()  # sparse, and not empty
    laws.assert_equal(run_fista(1500), expected, 1e-7)


def test_fista_is_faster_than_without_momentum() -> None:
    matrix, samples, largest = lasso()
    expected, plain = reference(), torch.zeros(ITEMS, SIZE, dtype=torch.complex128)
    for _ in range(40):
        moved = plain - gradient_of(matrix, samples, plain) / largest
        plain = soft_threshold(moved, WEIGHT / largest)
    assert (run_fista(40) - expected).norm() < (plain - expected).norm()


@pytest.mark.parametrize("penalty", [0.3, 3.0])
def test_admm_finds_the_same_minimiser_whatever_the_penalty(penalty: float) -> None:
    laws.assert_equal(run_admm(600, penalty), reference(), 1e-6)


def denoising(shape: tuple[int, ...]) -> Tensor:
    step = torch.zeros(shape, dtype=torch.complex128)
    step[..., 3:8, 2:7] = 1 + 1j
    return step + 0.2 * laws.random_array(shape, "denoise")


def run_tv(noisy: Tensor, weight: float, penalty: float, iterations: int) -> Tensor:
    return admm(
        lambda x: x,
        noisy,
        Split(
            Differences(tuple(noisy.shape), (-2, -1)),
            lambda z: soft_threshold(z, weight / penalty),
            penalty,
        ),
        iterations=(iterations, 4),
    )


def dual_tv(noisy: Tensor, weight: float) -> Tensor:
    """Total variation denoising by projected gradients of the dual, written out (Chambolle)."""
    operator = Differences(tuple(noisy.shape), (-2, -1))
    dual = torch.zeros(operator.codomain, dtype=noisy.dtype)
    moved, momentum = dual, 1.0
    for _ in range(4000):
        ascent = moved + operator(noisy - operator.H(moved)) / 8
        following = ascent / (ascent.abs() / weight).clamp_min(1)
        next_momentum = (1 + (1 + 4 * momentum**2) ** 0.5) / 2
        moved = following + (momentum - 1) / next_momentum * (following - dual)
        dual, momentum = following, next_momentum
    return noisy - operator.H(dual)


def test_admm_denoises_by_total_variation_as_the_dual_problem_does() -> None:
    noisy = denoising((2, 1, 11, 9))
    laws.assert_equal(run_tv(noisy, 0.3, 1.0, 500), dual_tv(noisy, 0.3), 1e-5)


def test_with_an_orthonormal_transform_the_minimiser_is_one_threshold() -> None:
    noisy = denoising((1, 1, 13, 10))
    transform = Wavelet((1, 1, 13, 10), "db2")
    expected = transform.H(soft_threshold(transform(noisy), 0.3))
    found = admm(
        lambda x: x,
        noisy,
        Split(transform, lambda z: soft_threshold(z, 0.3 / 0.5), 0.5),
        iterations=(200, 4),
    )
    laws.assert_equal(found, expected, 1e-7)


def test_a_penalty_of_zero_is_least_squares() -> None:
    noisy = denoising((1, 1, 11, 9))
    found = admm(
        lambda x: 2 * x,
        noisy,
        Split(Identity((1, 1, 11, 9)), torch.zeros_like, 0.0),
        iterations=(2, 4),
    )
    laws.assert_equal(found, noisy / 2)


def test_progress_is_told_after_every_iteration() -> None:
    told: list[tuple[int, int]] = []
    fista(
        lambda x: x,
        lambda x: x,
        torch.ones(1, 2),
        step=0.5,
        iterations=3,
        progress=lambda done, total: told.append((done, total)),
    )
    admm(
        lambda x: x,
        torch.ones(1, 2),
        Split(Identity((1, 2)), lambda z: z, 1.0),
        iterations=(2, 4),
        progress=lambda done, total: told.append((done, total)),
    )
    assert told == [(1, 3), (2, 3), (3, 3), (1, 2), (2, 2)]
