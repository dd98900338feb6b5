"""Networks that magnify: from images of low resolution and down-sampling to images."""

import pytest
import torch
from torch import Tensor, nn

import laws
from feathermr.core.errors import UsageError
from feathermr.models import build
from feathermr.operators import Downsampling, Kernel

NETWORKS = {
    "chpnet": {"width": 4, "depth": 1, "steps": 2},
    "swinir-teacher": {"embedding": 12, "blocks": 1, "depth": 2, "heads": 2, "window": 4},
}


def network(name: str, scale: int) -> nn.Module:
    return build(name, {**NETWORKS[name], "scale": scale}).eval()


def low(slices: int = 2) -> Tensor:
    drawn = laws.random_array((slices, 2, 11, 14), "low", dtype=torch.float64)
    return torch.complex(drawn, torch.zeros_like(drawn)).to(torch.complex64)


def operator(scale: int, slices: int = 2, kernel: Kernel = "truncation") -> Downsampling:
    return Downsampling((slices, 2, 11 * scale, 14 * scale), scale, kernel)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("scale", [2, 3, 4])
@torch.no_grad()
def test_images_of_any_size_are_magnified_each_by_itself(name: str, scale: int) -> None:
    model, given = network(name, scale), low()
    image = model(given, operator(scale))
    assert image.shape == (2, 2, 11 * scale, 14 * scale)
    assert image.dtype == torch.complex64
    assert not image.imag.any()
    second = model(given[1:, :1], Downsampling((1, 1, 11 * scale, 14 * scale), scale))
    laws.assert_equal(image[1:, :1], second, 1e-5)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_parameter_gets_a_gradient_when_magnifying(name: str) -> None:
    model = build(name, {**NETWORKS[name], "scale": 2}).train()
    image = model(low(), operator(2))
    (image - 1).abs().square().mean().backward()
    for key, parameter in model.named_parameters():
        assert parameter.grad is not None, key
        assert parameter.grad.any(), key


@pytest.mark.parametrize("kernel", ["truncation", "bicubic"])
@torch.no_grad()
def test_steps_before_training_lead_back_to_what_was_measured(kernel: Kernel) -> None:
    """With the denoiser at rest, gradient steps with the learned transpose fit the pixels."""
    model = build("chpnet", {"scale": 2, "steps": 8, "width": 4, "first": (0.7, 1e-6)})
    decimate, given = operator(2, kernel=kernel), low()
    images = model.images(given, decimate)  # type: ignore[operator]
    errors = [float((decimate(image).real - given.real).norm()) for image in images]
    assert errors[-1] < 0.9 * errors[0]


@pytest.mark.parametrize("name", NETWORKS)
def test_another_operator_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=r"magnifies magnitude images 2 times.*a scale of 3"):
        network(name, 2)(low(), operator(3))
    with pytest.raises(UsageError, match="scale must be from 1 to 4"):
        build(name, {**NETWORKS[name], "scale": 5})
