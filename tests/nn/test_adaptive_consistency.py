"""Consistency that knows the noise: against a dense solve, and its limits."""

import math

import pytest
import torch

import laws
import synthetic
from feathermr.nn.adaptive_consistency import (
    LEAST_NOISE,
    USUAL_NOISE,
    AdaptiveConsistency,
    noise_of,
)
from feathermr.operators import encoding


def test_it_is_the_regularised_least_squares_solution() -> None:
    scan = synthetic.accelerated(
        synthetic.scan(1, 1, 3, (9, 8), noise=0.05, dtype=torch.complex128), center=4
    )
    operator = encoding(scan)
    given = torch.randn(1, 1, 9, 8, dtype=torch.complex128)
    layer = AdaptiveConsistency(iterations=100, initial_weight=0.3).double()
    noise = torch.tensor([0.05], dtype=torch.float64)
    weight = float(layer.weight(noise).detach())
    assert weight == pytest.approx(0.3 * math.sqrt(0.05 / USUAL_NOISE), rel=1e-5)
    columns = torch.eye(72, dtype=torch.complex128).reshape(72, 1, 1, 9, 8)
    dense = torch.stack([operator(column).flatten() for column in columns], 1)
    system = dense.mH @ dense + weight * torch.eye(72)
    adjoint = operator.H(scan.kspace)
    expected = torch.linalg.solve(system, (adjoint + weight * given).flatten())
    laws.assert_equal(layer(given, adjoint, operator, noise).flatten().detach(), expected, 1e-8)
    nothing = layer(None, adjoint, operator, noise).detach()
    zero = layer(torch.zeros_like(given), adjoint, operator, noise).detach()
    laws.assert_equal(nothing, zero, 1e-8)


def test_one_coil_is_solved_in_one_iteration() -> None:
    scan = synthetic.accelerated(synthetic.scan(2, 3, 1, (17, 12), noise=0.02), center=4)
    operator, adjoint = encoding(scan), encoding(scan).H(scan.kspace)
    given = torch.randn(adjoint.shape, dtype=torch.complex64)
    noise = torch.full((2,), USUAL_NOISE)
    few, many = (AdaptiveConsistency(count)(given, adjoint, operator, noise) for count in (1, 30))
    laws.assert_equal(few.detach(), many.detach(), 1e-5)


def test_gradients_reach_image_level_and_slope() -> None:
    scan = synthetic.accelerated(synthetic.scan(1, 1, 3, (12, 10), noise=0.02), center=4)
    operator, adjoint = encoding(scan), encoding(scan).H(scan.kspace)
    given = torch.randn(adjoint.shape, dtype=torch.complex64, requires_grad=True)
    layer = AdaptiveConsistency()
    layer(given, adjoint, operator, torch.tensor([0.05])).abs().sum().backward()
    assert given.grad is not None
    for gradient in (given.grad.abs().sum(), layer.level.grad, layer.slope.grad):
        assert gradient is not None
        assert float(gradient.abs()) > 0


def test_noise_is_found_slice_by_slice() -> None:
    kspace = torch.randn(3, 1, 2, 64, 48, dtype=torch.complex64) * 2**0.5
    levels = torch.tensor([0.1, 0.02, 0.0])
    mask = torch.ones(1, 1, 1, 64, 1, dtype=torch.bool)
    found = noise_of(kspace * levels.reshape(-1, 1, 1, 1, 1), mask)
    assert found[:2].tolist() == pytest.approx(levels[:2].tolist(), rel=0.15)
    assert float(found[2]) == pytest.approx(LEAST_NOISE)
