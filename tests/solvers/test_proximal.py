"""Proximal maps against their definition, minimised by brute force."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

import laws
from feathermr.core.seeding import generator
from feathermr.solvers import joint_threshold, singular_value_threshold, soft_threshold

THRESHOLD = 0.8


def nuclear(x: Tensor) -> Tensor:
    return torch.linalg.svdvals(x).sum()


MAPS: dict[str, tuple[Callable[[Tensor, float], Tensor], Callable[[Tensor], Tensor]]] = {
    "soft": (soft_threshold, lambda x: x.abs().sum()),
    "joint": (joint_threshold, lambda x: torch.linalg.vector_norm(x, dim=0).sum()),
    "singular values": (singular_value_threshold, nuclear),
}


@pytest.mark.parametrize("kind", MAPS)
@pytest.mark.parametrize("shape", [(5, 3), (2, 4)])
def test_no_point_nearby_or_far_has_a_lower_objective(kind: str, shape: tuple[int, int]) -> None:
    prox, penalty = MAPS[kind]
    given = laws.random_array(shape, kind)
    found = prox(given, THRESHOLD)

    def objective(x: Tensor) -> float:
        return float(0.5 * (x - given).abs().square().sum() + THRESHOLD * penalty(x))

    least = objective(found)
    numbers = generator(0, kind, *shape)
    for size in (1e-6, 1e-3, 1e-1, 1.0):
        for _ in range(60):
            step = torch.randn(shape, dtype=torch.complex128, generator=numbers)
            assert objective(found + size * step) > least
    # along the ray to the input and to zero, where the kink lies
    for share in torch.linspace(-0.5, 1.5, 41).tolist():
        assert objective(share * found) >= least - 1e-12
        assert objective(found + share * (given - found)) >= least - 1e-12


@pytest.mark.parametrize("kind", MAPS)
def test_the_moreau_identity_holds(kind: str) -> None:
    """What is taken away lies in the dual ball and on its border where something is left."""
    prox, _ = MAPS[kind]
    given = laws.random_array((4, 6), "moreau", kind)
    found = prox(given, THRESHOLD)
    taken = given - found
    product = torch.vdot(found.flatten(), taken.flatten()).real
    torch.testing.assert_close(product, THRESHOLD * MAPS[kind][1](found), rtol=1e-9, atol=1e-12)


def test_soft_by_hand() -> None:
    found = soft_threshold(torch.tensor([3.0 + 4j, 0.3j, 0, -2.0]), 1.0)
    torch.testing.assert_close(found, torch.tensor([2.4 + 3.2j, 0, 0, -1.0 + 0j]))


def test_joint_shrinks_vectors_along_its_axis() -> None:
    found = joint_threshold(torch.tensor([[3.0, 0.1], [4.0, 0.1]]), 2.5)
    torch.testing.assert_close(found, torch.tensor([[1.5, 0.0], [2.0, 0.0]]))
    flipped = joint_threshold(torch.tensor([[3.0, 4.0], [0.1, 0.1]]), 2.5, axis=1)
    torch.testing.assert_close(flipped, torch.tensor([[1.5, 2.0], [0.0, 0.0]]))


@pytest.mark.parametrize("shape", [(2, 7, 4), (2, 4, 7), (3, 5, 5)])
def test_singular_values_shrink_as_the_decomposition_says(shape: tuple[int, ...]) -> None:
    matrix = laws.random_array(shape, "svd")
    threshold = torch.linspace(0.5, 2.0, shape[0], dtype=torch.float64)
    left, values, right = torch.linalg.svd(matrix, full_matrices=False)
    shrunk = (values - threshold[:, None]).clamp_min(0)
    found = singular_value_threshold(matrix, threshold[:, None])
    laws.assert_equal(found, (left * shrunk[:, None]) @ right, 1e-9)


def test_low_rank_matrices_in_single_precision_keep_their_rank() -> None:
    u, v = laws.random_array((30, 2), "u"), laws.random_array((2, 400), "v")
    matrix = (u @ v).to(torch.complex64)
    largest = float(torch.linalg.matrix_norm(matrix, ord=2))
    found = singular_value_threshold(matrix, 0.01 * largest)
    values = torch.linalg.svdvals(found)
    assert int((values > 1e-4 * values[0]).sum()) == 2


@pytest.mark.parametrize("kind", MAPS)
@pytest.mark.parametrize("dtype", [torch.complex64, torch.complex128, torch.float32])
def test_a_threshold_of_zero_changes_nothing_and_zero_stays_zero(
    kind: str, dtype: torch.dtype
) -> None:
    prox, _ = MAPS[kind]
    given = laws.random_array((4, 3), "zero", dtype=dtype)
    assert prox(given, 0.0).dtype == dtype
    torch.testing.assert_close(prox(given, 0.0), given)
    for threshold in (0.0, 1.0):
        assert (prox(torch.zeros(4, 3, dtype=dtype), threshold) == 0).all()


@pytest.mark.parametrize("kind", ["soft", "joint"])
def test_gradients_at_zero_are_finite(kind: str) -> None:
    given = torch.zeros(4, 3, dtype=torch.complex64, requires_grad=True)
    MAPS[kind][0](given, 0.5).abs().sum().backward()
    assert given.grad is not None
    assert torch.isfinite(torch.view_as_real(given.grad)).all()
