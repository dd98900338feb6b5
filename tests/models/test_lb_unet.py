"""LB-UNet: group shuffle attention, its boundaries, and their targets."""

import pytest
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy, interpolate

import laws
from feathermr.core.errors import UsageError
from feathermr.core.seeding import seeded
from feathermr.models.lb_unet import LbUnet, LbUnetConfig, boundary_target
from feathermr.nn.cost import parameter_count
from feathermr.nn.group_shuffle import GroupShuffleAttention


def network(width: int = 4) -> LbUnet:
    with seeded(0, "lb-unet"):
        return LbUnet(LbUnetConfig(width=width))


def image(height: int = 64, width: int = 96, batch: int = 2) -> Tensor:
    return laws.random_array((batch, 2, height, width), "image", dtype=torch.float32)


def test_the_size_is_that_of_the_paper() -> None:
    with torch.device("meta"):
        assert parameter_count(LbUnet(LbUnetConfig())) == pytest.approx(1.025e6, rel=0.01)


def test_group_shuffle_attention_is_four_attentions_side_by_side() -> None:
    with seeded(0, "shuffle"):
        layer = GroupShuffleAttention(8, 6)
        for parameter in layer.parameters():
            torch.nn.init.normal_(parameter)
    features = laws.random_array((2, 8, 10, 12), "features", dtype=torch.float32)
    deep, _, point = layer.map_convolutions
    normed = torch.nn.functional.layer_norm(
        features.permute(0, 2, 3, 1), (8,), layer.norm.weight, layer.norm.bias
    ).permute(0, 3, 1, 2)
    weighted = []
    for group in range(4):
        part = slice(2 * group, 2 * group + 2)
        grown = interpolate(layer.maps[:, part], (10, 12), mode="bilinear", align_corners=True)
        grown = torch.nn.functional.conv2d(
            grown, deep.weight[part], deep.bias[part], padding=1, groups=2
        )
        grown = torch.nn.functional.gelu(grown)
        grown = torch.nn.functional.conv2d(grown, point.weight[part], point.bias[part])
        weighted.append(normed[:, part] * grown)
    shuffled = torch.cat([weighted[1], weighted[3], weighted[0], weighted[2]], 1)
    again = layer.shuffled_norm(shuffled.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
    laws.assert_equal(layer(features).detach(), layer.mix(again).detach(), 1e-5)


def test_it_starts_near_the_image_it_gets() -> None:
    given = image()
    change = network()(given).detach() - given
    assert change.shape == given.shape
    assert 1e-3 < float(change.square().mean().sqrt()) < 0.5


def test_boundaries_are_probabilities_at_three_strides() -> None:
    boundaries = network().boundaries(image())
    assert [tuple(each.shape) for each in boundaries] == [
        (2, 1, 32, 48),
        (2, 1, 16, 24),
        (2, 1, 8, 12),
    ]
    assert all(each.min() > 0 and each.max() < 1 for each in boundaries)


def test_the_image_depends_on_the_boundaries() -> None:
    light, given = network(), image()
    expected = light(given).detach()
    with torch.no_grad():
        light.boundary_heads[0].bias += 3.0
    assert not torch.allclose(light(given), expected, atol=1e-4)


def test_boundaries_can_be_trained() -> None:
    light = network()
    given = torch.zeros(1, 2, 64, 64)
    given[:, 0, 16:48, 20:44] = 1.0
    targets = [boundary_target(given[:, :1], stride) for stride in (2, 4, 8)]
    optimiser = torch.optim.Adam(light.parameters(), 1e-2)
    losses = []
    for _ in range(30):
        found = light.boundaries(given)
        loss = sum(binary_cross_entropy(a, b) for a, b in zip(found, targets, strict=True))
        assert isinstance(loss, Tensor)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.5 * losses[0]


def test_the_target_is_where_the_image_is_steep() -> None:
    magnitude = torch.zeros(2, 1, 8, 12)
    magnitude[0, 0, :, 6:] = 2.0
    target = boundary_target(magnitude, 4)
    assert target[0, 0].tolist() == [[0, 1, 0], [0, 1, 0]]
    assert not target[1].any()


def test_the_target_of_a_corner_is_the_length_of_the_gradient() -> None:
    magnitude = torch.zeros(1, 1, 4, 4)
    magnitude[..., 1, 1] = 3.0
    magnitude[..., 0, 1] = -1.0
    # the steepest is at (1, 1), down and right by 3; at (0, 1) the step is 4 down and 1 right
    expected = torch.tensor([[0, 17**0.5, 0, 0], [3, 18**0.5, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]])
    expected[0, 0] = 1.0
    laws.assert_equal(boundary_target(magnitude, 1)[0, 0], expected / 18**0.5, 1e-6)


def test_a_width_that_groups_do_not_divide_is_refused() -> None:
    with pytest.raises(UsageError, match="a multiple of 4, not 6"):
        LbUnet(LbUnetConfig(width=6))
