"""Costs against numbers found by hand."""

import math

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from feathermr.core.fft import fft
from feathermr.models import build
from feathermr.nn import KroneckerConv2d
from feathermr.nn.cost import (
    cost,
    cost_problem,
    inference_memory,
    latency,
    multiply_adds,
    parameter_count,
    training_memory,
)
from feathermr.nn.fold import fold
from feathermr.nn.memory import peak_bytes
from feathermr.operators import Encoding

CPU = torch.device("cpu")
FLOAT = 4
COMPLEX = 8


class Transform(nn.Module):
    def __init__(self, axes: tuple[int, ...]) -> None:
        super().__init__()
        self.axes = axes

    def forward(self, image: Tensor) -> Tensor:
        return fft(image, self.axes)


class Attention(nn.Module):
    def forward(self, tokens: Tensor) -> Tensor:
        return scaled_dot_product_attention(tokens, tokens, tokens)


class Scaled(nn.Module):
    """A model of one parameter: ``s A^H y``."""

    def __init__(self) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.ones(()))

    def forward(self, kspace: Tensor, encoding: Encoding) -> Tensor:
        return self.factor * encoding.H(kspace)


@pytest.mark.parametrize(
    ("layer", "shape", "expected"),
    [
        (nn.Linear(5, 7), (2, 3, 5), 2 * 3 * 5 * 7),
        (nn.Conv2d(4, 6, 3, padding=1), (2, 4, 8, 9), 2 * 8 * 9 * 6 * 4 * 9),
        (nn.Conv2d(4, 6, 3, groups=2, stride=2), (1, 4, 9, 9), 4 * 4 * 6 * 2 * 9),
        (nn.ConvTranspose2d(4, 6, 2, stride=2), (1, 4, 5, 7), 5 * 7 * 4 * 6 * 4),
        (Attention(), (1, 2, 10, 8), 2 * 2 * 10 * 10 * 8),
        (nn.ReLU(), (1, 2, 10, 8), 0),
    ],
    ids=["linear", "convolution", "grouped", "transposed", "attention", "activation"],
)
def test_multiply_adds_of_a_layer(layer: nn.Module, shape: tuple[int, ...], expected: int) -> None:
    assert multiply_adds(layer, torch.ones(shape)) == expected


def test_a_fourier_transform_is_counted_as_five_n_log_n_operations() -> None:
    image = torch.ones(3, 2, 16, 20, dtype=torch.complex64)
    plane = 2.5 * 16 * 20 * math.log2(16 * 20)
    assert multiply_adds(Transform((-2, -1)), image) == pytest.approx(6 * plane)
    line = 2.5 * 20 * math.log2(20)
    assert multiply_adds(Transform((-1,)), image) == pytest.approx(6 * 16 * line)


def test_a_real_transform_is_half_of_it() -> None:
    class Real(nn.Module):
        def forward(self, line: Tensor) -> Tensor:
            return torch.fft.irfft(torch.fft.rfft(line), n=64)  # noqa: TID251

    expected = 2 * 0.5 * 2.5 * 64 * 6
    assert multiply_adds(Real(), torch.ones(1, 64)) == pytest.approx(expected)


def test_parameters_that_layers_share_count_once() -> None:
    layer = nn.Linear(3, 4)
    assert parameter_count(nn.Sequential(layer, nn.ReLU(), layer)) == 16


def test_memory_is_what_is_alive_at_one_time() -> None:
    values = torch.ones(1000)

    def three() -> Tensor:
        return ((values + 1) * 2) * 3  # the first is freed before the third is made

    def views() -> Tensor:
        return values[10:].reshape(11, 90).mT

    def in_place() -> Tensor:
        return (values + 1).mul_(2).add_(3)

    assert peak_bytes(three, CPU) == 2 * 1000 * FLOAT
    assert peak_bytes(views, CPU) == 0
    assert peak_bytes(in_place, CPU) == 1000 * FLOAT
    assert peak_bytes(lambda: [values + k for k in range(5)], CPU) == 5 * 1000 * FLOAT


def test_memory_of_what_the_gradient_needs_is_seen() -> None:
    values = torch.ones(1000, requires_grad=True)

    def chain(depth: int) -> None:
        y = values
        for _ in range(depth):
            y = y.sigmoid()
        y.sum().backward()  # type: ignore[no-untyped-call]
        values.grad = None

    growth = peak_bytes(lambda: chain(9), CPU) - peak_bytes(lambda: chain(5), CPU)
    assert growth == 4 * 1000 * FLOAT


def test_what_was_there_before_may_be_freed_inside() -> None:
    box = [torch.ones(1000)]
    assert peak_bytes(lambda: (box[0].add_(1), box.clear(), torch.ones(10)), CPU) == 10 * FLOAT


def test_the_cost_of_a_model_of_one_parameter() -> None:
    kspace, operator = cost_problem(16, coils=3)
    plane = 2.5 * 256 * math.log2(256)
    found = cost(Scaled(), kspace, operator, repeats=2)
    assert found.parameters == 1
    assert found.multiply_adds == pytest.approx(3 * plane)
    assert found.inference_memory >= 2 * 3 * 256 * COMPLEX
    assert found.training_memory > found.inference_memory
    assert found.seconds > 0


def test_kronecker_layers_cost_their_dense_twin_and_the_building_of_the_weight() -> None:
    layer = KroneckerConv2d(8, 12, 3, padding=1, n=2)
    features = torch.ones(1, 8, 10, 14)
    dense = 10 * 14 * 8 * 12 * 9
    building = 2 * 2 * 2 * (8 * 12 * 9) / 4  # (n * n, terms) times (terms, weight / n^2)
    assert multiply_adds(layer, features) == dense + building
    assert multiply_adds(fold(layer), features) == dense


def test_a_reconstruction_is_measured_folded() -> None:
    model = build("unet", {"width": 16, "depth": 2, "kronecker": 2})
    problem = cost_problem(16)
    found = cost(model, *problem, repeats=1)
    assert found.parameters == parameter_count(model)
    assert found.inference_memory == inference_memory(fold(model), *problem)
    assert found.training_memory == training_memory(model, *problem)


def test_a_series_costs_as_much_an_image() -> None:
    kspace, operator = cost_problem(16)
    series = Encoding(operator.mask, operator.coil_maps, 3)
    one = cost(Scaled(), kspace, operator, repeats=1)
    three = cost(Scaled(), kspace.expand(1, 3, 1, 16, 16), series, repeats=1)
    assert three.multiply_adds == one.multiply_adds


def test_a_model_and_the_random_state_are_left_alone() -> None:
    model = build("unet", {"width": 2, "depth": 1, "dropout": 0.5})
    model.train()
    inner = next(iter(model.children()))
    inner.eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    state = torch.get_rng_state()
    cost(model, *cost_problem(16), repeats=1)
    assert model.training
    assert not inner.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert torch.equal(state, torch.get_rng_state())


def test_memory_is_the_same_at_every_run_and_grows_with_the_image() -> None:
    model = build("unet", {"width": 4, "depth": 2})
    small, large = cost_problem(16), cost_problem(32)
    for measure in (inference_memory, training_memory):
        assert measure(model, *small) == measure(model, *small) < measure(model, *large)


@pytest.mark.gpu
def test_a_gpu_is_measured_by_its_own_allocator() -> None:
    model = build("unet", {"width": 8, "depth": 2}).to("cuda")
    found = cost(model, *cost_problem(64, coils=2, device="cuda"))
    assert 0 < found.inference_memory < found.training_memory
    assert latency(model, *cost_problem(64, device="cuda")) > 0
