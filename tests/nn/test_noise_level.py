"""Consistency weighted by the noise: against a dense solve, and its limits."""

import pytest
import torch

import laws
import synthetic
from feathermr.nn.noise_level import LEAST_NOISE, USUAL_NOISE, NoiseLevel, consistent, noise_of
from feathermr.operators import encoding


def test_consistency_is_the_regularised_least_squares_solution() -> None:
    scan = synthetic.accelerated(
        synthetic.scan(1, 1, 3, (9, 8), noise=0.05, dtype=torch.complex128), center=4
    )
    operator = encoding(scan)
    given = torch.randn(1, 1, 9, 8, dtype=torch.complex128)
    weight = torch.tensor([0.3], dtype=torch.float64)
    columns = torch.eye(72, dtype=torch.complex128).reshape(72, 1, 1, 9, 8)
    dense = torch.stack([operator(column).flatten() for column in columns], 1)
    system = dense.mH @ dense + weight * torch.eye(72)
    adjoint = operator.H(scan.kspace)
    expected = torch.linalg.solve(system, (adjoint + weight * given).flatten())
    found = consistent(given, adjoint, operator, weight, 200)
    laws.assert_equal(found.flatten(), expected, 1e-7)


def test_each_slice_has_its_weight() -> None:
    scan = synthetic.accelerated(synthetic.scan(2, 1, 3, (12, 10), noise=0.02), center=4)
    adjoint = encoding(scan).H(scan.kspace)
    given, weights = torch.randn(adjoint.shape, dtype=torch.complex64), torch.tensor([0.1, 2.0])
    both = consistent(given, adjoint, encoding(scan), weights, 6)
    for index in (0, 1):
        some = slice(index, index + 1)
        alone = consistent(
            given[some], adjoint[some], encoding(scan.slices(index, index + 1)), weights[some], 6
        )
        laws.assert_equal(both[some], alone, 1e-5)


def test_one_coil_is_solved_in_one_iteration() -> None:
    scan = synthetic.accelerated(synthetic.scan(2, 3, 1, (17, 12), noise=0.02), center=4)
    operator, adjoint = encoding(scan), encoding(scan).H(scan.kspace)
    given = torch.randn(adjoint.shape, dtype=torch.complex64)
    weight = torch.full((2,), 0.2)
    step = consistent(given, adjoint, operator, weight, 1)
    normal = operator.normal(step) + 0.2 * step
    laws.assert_equal(normal, adjoint + 0.2 * given, 1e-5)


def test_gradients_reach_image_and_level() -> None:
    scan = synthetic.accelerated(synthetic.scan(1, 1, 3, (12, 10), noise=0.02), center=4)
    operator, adjoint = encoding(scan), encoding(scan).H(scan.kspace)
    given = torch.randn(adjoint.shape, dtype=torch.complex64, requires_grad=True)
    level = NoiseLevel(0.1, 0.5)
    consistent(given, adjoint, operator, level(torch.tensor([0.05])), 4).abs().sum().backward()
    for tensor in (given, level.logarithm, level.power):
        assert tensor.grad is not None
        assert float(tensor.grad.abs().sum()) > 0


def test_a_level_follows_the_noise_by_its_power() -> None:
    level = NoiseLevel(0.1, 0.5)
    noise = USUAL_NOISE * torch.tensor([1.0, 4.0, 0.25])
    found = level(noise).detach().tolist()
    assert found == pytest.approx([0.1, 0.2, 0.05], rel=1e-5)


def test_noise_is_found_slice_by_slice() -> None:
    kspace = torch.randn(3, 1, 2, 64, 48, dtype=torch.complex64) * 2**0.5
    levels = torch.tensor([0.1, 0.02, 0.0])
    mask = torch.ones(1, 1, 1, 64, 1, dtype=torch.bool)
    found = noise_of(kspace * levels.reshape(-1, 1, 1, 1, 1), mask)
    assert found[:2].tolist() == pytest.approx(levels[:2].tolist(), rel=0.15)
    assert float(found[2]) == pytest.approx(LEAST_NOISE)
