"""Kronecker layers start with the variance of torch's dense layers, whatever n is."""

import pytest
import torch
from torch import Tensor, nn

from feathermr.core.seeding import seeded
from feathermr.nn import (
    KroneckerConv2d,
    KroneckerConvTranspose2d,
    KroneckerLayer,
    KroneckerLinear,
    complex_algebra,
    quaternion_algebra,
)
from feathermr.nn.kronecker_weight import rotations

DRAWS = 60
every_n = pytest.mark.parametrize("n", [1, 2, 4, 8])


def variances(layer: nn.Module, given: Tensor) -> tuple[float, float]:
    """Mean squares of outputs, less the bias, and of gradients, over draws of the parameters."""
    forward, backward = [], []
    for _ in range(DRAWS):
        layer.reset_parameters()  # type: ignore[operator]
        features = given.clone().requires_grad_()
        output = layer(features)
        output.backward(torch.randn_like(output))
        assert features.grad is not None
        forward.append(output.detach().var())
        backward.append(features.grad[..., 3:-3, 3:-3].square().mean())
    return float(torch.stack(forward).mean()), float(torch.stack(backward).mean())


@every_n
@pytest.mark.parametrize("terms", [None, 1, 3])
def test_a_convolution_has_the_variance_of_the_dense_one(n: int, terms: int | None) -> None:
    with seeded(0):
        given = torch.randn(2, 16, 14, 14)
        expected = variances(nn.Conv2d(16, 32, 3, padding=1, bias=False), given)
        layer = KroneckerConv2d(16, 32, 3, padding=1, bias=False, n=n, terms=terms)
        found = variances(layer, given)
    assert found == pytest.approx(expected, rel=0.1)


@every_n
@pytest.mark.parametrize("terms", [None, 1, 3])
def test_elements_of_the_weight_have_the_variance_of_the_dense_ones(
    n: int, terms: int | None
) -> None:
    dense = {
        KroneckerLinear(48, 32, n=n, terms=terms): nn.Linear(48, 32),
        KroneckerConv2d(32, 16, 3, groups=2, n=n, terms=terms): nn.Conv2d(32, 16, 3, groups=2),
        KroneckerConvTranspose2d(16, 32, 2, n=n, terms=terms): nn.ConvTranspose2d(16, 32, 2),
    }
    for layer, plain in dense.items():
        assert mean_squares(layer) == pytest.approx(mean_squares(plain), rel=0.1)


def mean_squares(layer: nn.Module) -> tuple[float, float]:
    """Of weight and bias over draws."""
    weights, biases = [], []
    with seeded(1):
        for _ in range(DRAWS):
            layer.reset_parameters()  # type: ignore[operator]
            assert isinstance(layer.weight, Tensor)
            assert isinstance(layer.bias, Tensor)
            weights.append(layer.weight.detach().square().mean())
            biases.append(layer.bias.detach().square().mean())
    return float(torch.stack(weights).mean()), float(torch.stack(biases).mean())


@pytest.mark.parametrize("algebra", [complex_algebra(), quaternion_algebra()])
def test_a_given_algebra_changes_nothing(algebra: Tensor) -> None:
    layer = KroneckerLinear(48, 32, n=algebra.shape[-1], algebra=algebra)
    assert mean_squares(layer)[0] == pytest.approx(1 / (3 * 48), rel=0.1)


def test_every_output_channel_has_the_same_variance() -> None:
    layer: KroneckerLayer = KroneckerLinear(256, 8, n=8, bias=False)
    energies = torch.zeros(8)
    with seeded(2):
        for _ in range(100):
            layer.reset_parameters()
            energies += layer.weight.detach().square().sum(1) / 100
    torch.testing.assert_close(energies, torch.full((8,), 1 / 3), rtol=0.1, atol=0)


def test_rotations_are_orthogonal_and_uniform() -> None:
    with seeded(3):
        drawn = rotations(2000, 3)
    unit = torch.eye(3, dtype=torch.float64).expand_as(drawn)
    torch.testing.assert_close(drawn @ drawn.mT, unit)
    assert drawn.mean(0).abs().max() < 0.06
    torch.testing.assert_close(
        drawn.square().mean(0), torch.full((3, 3), 1 / 3).double(), rtol=0.1, atol=0
    )
