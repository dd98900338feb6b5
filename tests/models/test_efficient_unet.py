"""The Efficient U-Net: its size, its blocks, and that it learns."""

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

import laws
from feathermr.core.seeding import seeded
from feathermr.models.efficient_unet import EfficientUnet, EfficientUnetConfig
from feathermr.nn.cost import parameter_count
from feathermr.nn.mbconv import MBConv, SqueezeExcitation


def image(height: int = 64, width: int = 96, batch: int = 2) -> Tensor:
    return laws.random_array((batch, 2, height, width), "image", dtype=torch.float32)


def network(width: float = 0.25) -> EfficientUnet:
    with seeded(0, "efficient-unet"):
        return EfficientUnet(EfficientUnetConfig(width=width))


def test_size_and_work_are_those_of_the_paper() -> None:
    with torch.device("meta"):
        full = EfficientUnet(EfficientUnetConfig())
        assert parameter_count(full) == pytest.approx(3.896e6, rel=0.01)
        with FlopCounterMode(display=False) as counter:
            full(torch.zeros(1, 2, 320, 320))
    assert counter.get_total_flops() / 2 == pytest.approx(1.039e9, rel=0.02)


def test_the_encoder_is_efficientnet_b0() -> None:
    with torch.device("meta"):
        stages = EfficientUnet(EfficientUnetConfig()).stages
    stem, head, classifier = 928, 320 * 1280 + 2 * 1280, 1281 * 1000
    assert parameter_count(stages) == 5_288_548 - stem - head - classifier


def test_squeeze_and_excitation_weights_channels_by_their_means() -> None:
    with seeded(0, "squeeze"):
        layer = SqueezeExcitation(8, 2)
    features = laws.random_array((2, 8, 5, 7), "features", dtype=torch.float32)
    first, _, second = layer.layers
    means = features.mean((2, 3))
    hidden = nn.functional.silu(means @ first.weight[..., 0, 0].T + first.bias)
    factors = (hidden @ second.weight[..., 0, 0].T + second.bias).sigmoid()
    laws.assert_equal(
        layer(features).detach(), (features * factors[..., None, None]).detach(), 1e-5
    )


@pytest.mark.parametrize(
    ("channels", "stride", "residual"), [(8, 1, True), (8, 2, False), (16, 1, False)]
)
def test_a_block_keeps_its_input_where_it_can(channels: int, stride: int, residual: bool) -> None:
    with seeded(0, "block"):
        block = MBConv(8, channels, 6, 5, stride)
    features = laws.random_array((1, 8, 12, 16), "features", dtype=torch.float32)
    for parameter in block.layers[-1].parameters():
        nn.init.zeros_(parameter)
    answer = block(features)
    assert answer.shape == (1, channels, 12 // stride, 16 // stride)
    assert torch.equal(answer, features if residual else torch.zeros_like(answer))


def test_it_starts_near_the_image_it_gets() -> None:
    given = image()
    change = network()(given).detach() - given
    assert change.shape == given.shape
    assert 1e-3 < float(change.square().mean().sqrt()) < 0.3


def test_it_learns_to_remove_noise_within_a_few_steps() -> None:
    light = network()
    clean = laws.random_array((4, 2, 4, 4), "clean", dtype=torch.float32)
    clean = clean.repeat_interleave(8, -1).repeat_interleave(8, -2)
    noisy = clean + 0.5 * laws.random_array(clean.shape, "noise", dtype=torch.float32)
    optimiser = torch.optim.Adam(light.parameters(), 1e-2)
    for _ in range(60):
        loss = (light(noisy) - clean).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert float(loss.detach()) < 0.5 * 0.25
