"""What surrounds an image network: channels, padding, scale, phase, the consistency step."""

import pytest
import torch
from torch import Tensor, nn

import laws
import synthetic
from feathermr.core.errors import UsageError
from feathermr.core.fft import fft, ifft
from feathermr.models import OneShot
from feathermr.nn.consistency import Consistency
from feathermr.operators import Encoding, encoding


def assert_equal(found: Tensor, expected: Tensor, tolerance: float) -> None:
    laws.assert_equal(found.detach(), expected.detach(), tolerance)


class Seen(nn.Module):
    """Gives back what it gets, times a factor, and keeps it."""

    def __init__(self, factor: float = 1.0) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(factor))
        self.images: list[Tensor] = []

    def forward(self, channels: Tensor) -> Tensor:
        self.images.append(channels.detach())
        return self.factor * channels


def problem(
    n_coils: int, frames: int = 3, dtype: torch.dtype = torch.complex64
) -> tuple[Tensor, Encoding]:
    scan = synthetic.accelerated(synthetic.scan(2, frames, n_coils, (33, 26), dtype=dtype))
    return scan.kspace, encoding(scan)


@pytest.mark.parametrize("n_coils", [1, 3])
@pytest.mark.parametrize("magnitude", [False, True])
def test_with_a_network_that_does_nothing_the_image_is_zero_filled(
    n_coils: int, magnitude: bool
) -> None:
    kspace, operator = problem(n_coils)
    image = OneShot(Seen(), multiple=8, magnitude=magnitude)(kspace, operator)
    assert_equal(image, operator.H(kspace), 1e-6)


def test_the_network_sees_scaled_channels_of_padded_frames() -> None:
    kspace, operator = problem(3)
    network = Seen()
    OneShot(network, multiple=8)(kspace, operator)
    (seen,) = network.images
    assert seen.shape == (6, 2, 40, 32)
    zero_filled = operator.H(kspace)
    inner = seen[4, :, 4:37, 3:29]
    assert_equal(inner.square().sum(), seen[4].square().sum(), 1e-5)
    frame = zero_filled[1, 1] / zero_filled[1, 1].abs().square().mean().sqrt()
    assert_equal(inner, torch.stack([frame.real, frame.imag]), 1e-6)


def test_a_network_of_magnitudes_sees_zero_mean_and_unit_variance() -> None:
    kspace, operator = problem(1)
    network = Seen(0.5)
    image = OneShot(network, magnitude=True)(kspace, operator)
    (seen,) = network.images
    assert seen.shape == (6, 1, 33, 26)
    assert torch.allclose(seen.mean((-2, -1)), torch.zeros(6, 1), atol=1e-5)
    assert torch.allclose(seen.std((-2, -1)), torch.ones(6, 1), atol=1e-5)
    zero_filled = operator.H(kspace)
    mean = zero_filled.abs().mean((-2, -1), keepdim=True)
    assert_equal(image.abs(), (zero_filled.abs() + mean) / 2, 1e-5)
    assert_equal(image.sgn(), zero_filled.sgn(), 1e-4)


def test_no_signal_gives_zeros_and_finite_gradients() -> None:
    kspace, operator = problem(3)
    for magnitude in (False, True):
        model = OneShot(Seen(), multiple=4, consistency=3, magnitude=magnitude)
        image = model(torch.zeros_like(kspace), operator)
        assert not image.any()
        image.abs().sum().backward()
        assert all(
            torch.isfinite(each.grad).all() for each in model.parameters() if each.grad is not None
        )


@pytest.mark.parametrize("n_coils", [1, 3])
def test_the_precision_of_the_scan_is_that_of_the_image(n_coils: int) -> None:
    kspace, operator = problem(n_coils, dtype=torch.complex128)
    image = OneShot(Seen(), consistency=2).double()(kspace, operator)
    assert image.dtype == torch.complex128


def test_the_network_may_work_in_half_precision() -> None:
    kspace, operator = problem(3, frames=1)
    model = OneShot(nn.Conv2d(2, 2, 1), consistency=2)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        image = model(kspace, operator)
    assert image.dtype == torch.complex64
    assert_equal(image, model(kspace, operator), 0.02)


@pytest.mark.parametrize("weight", [1e-6, 0.05, 3.0])
def test_one_coil_is_exact_after_one_iteration(weight: float) -> None:
    kspace, operator = problem(1, dtype=torch.complex128)
    z = laws.random_array(operator.domain, "z").requires_grad_()
    step = Consistency(1, weight).double()
    image = step(z, operator.H(kspace), operator)
    mask = operator.mask[:, :, 0]
    transformed = fft(z)
    weight_now = step.weight
    mixed = (kspace[:, :, 0] + weight_now * transformed) / (1 + weight_now)
    expected = ifft(torch.where(mask, mixed, transformed))
    assert_equal(image, expected, 1e-10)
    cotangent = laws.random_array(tuple(image.shape), "cotangent")
    for a, b in zip(
        torch.autograd.grad(image, [z, step.raw_weight], cotangent, retain_graph=True),
        torch.autograd.grad(expected, [z, step.raw_weight], cotangent),
        strict=True,
    ):
        assert_equal(a, b, 1e-8)


def test_iterations_after_the_exact_one_do_no_harm_in_single_precision() -> None:
    kspace, operator = problem(1)
    z = laws.random_array(operator.domain, "z", dtype=torch.complex64).requires_grad_()
    cotangent = laws.random_array(operator.domain, "cotangent", dtype=torch.complex64)
    found = []
    for iterations in (1, 10):
        step = Consistency(iterations, 0.05)
        image = step(z, operator.H(kspace), operator)
        gradients = torch.autograd.grad(image, [z, step.raw_weight], cotangent)
        found.append((image.detach(), *gradients))
    for few, many in zip(*found, strict=True):
        assert_equal(many, few, 2e-3)


def test_many_coils_agree_with_a_dense_solve() -> None:
    scan = synthetic.accelerated(synthetic.scan(1, 1, 3, (10, 8), dtype=torch.complex128), center=2)
    operator = encoding(scan)
    n = 80
    basis = torch.eye(n, dtype=torch.complex128)
    columns = [operator.normal(each.reshape(1, 1, 10, 8)).flatten() for each in basis]
    matrix = torch.stack(columns, 1) + 0.3 * basis
    z = laws.random_array((1, 1, 10, 8), "z")
    adjoint = operator.H(scan.kspace)
    expected = torch.linalg.solve(matrix, (adjoint + 0.3 * z).flatten()).reshape(1, 1, 10, 8)
    assert_equal(Consistency(60, 0.3).double()(z, adjoint, operator), expected, 1e-7)


def test_gradients_of_many_coils_are_exact() -> None:
    kspace, operator = problem(3, frames=1, dtype=torch.complex128)
    adjoint = operator.H(kspace)
    step = Consistency(3, 0.2).double()
    direction = laws.random_array(operator.domain, "direction")

    def energy(t: Tensor) -> Tensor:
        image = torch.func.functional_call(
            step, {"raw_weight": step.raw_weight + t}, (t * direction, adjoint, operator)
        )
        total: Tensor = image.abs().square().sum()
        return total

    assert torch.autograd.gradcheck(energy, torch.tensor(0.3, requires_grad=True).double())


@pytest.mark.parametrize(
    ("iterations", "weight"), [(0, 0.1), (3, 0.0), (3, -1.0), (3, float("inf"))]
)
def test_settings_without_a_meaning_are_refused(iterations: int, weight: float) -> None:
    with pytest.raises(UsageError, match="positive weight"):
        Consistency(iterations, weight)
