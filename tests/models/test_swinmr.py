"""SwinMR: its size, how far it sees, and what it refuses."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

import laws
from feathermr.core.errors import ShapeError, UsageError
from feathermr.core.seeding import seeded
from feathermr.models.swinmr import SwinMR, SwinmrConfig
from feathermr.nn.cost import parameter_count
from feathermr.nn.fold import fold
from feathermr.nn.window_attention import WindowAttention

SMALL = SwinmrConfig(embedding=16, blocks=1, depth=2, heads=2, window=4)


def small(config: SwinmrConfig = SMALL) -> SwinMR:
    with seeded(0, "swinmr"):
        return SwinMR(config)


def image(height: int, width: int, batch: int = 1) -> Tensor:
    return laws.random_array((batch, 2, height, width), "image", dtype=torch.float32)


@pytest.mark.parametrize(
    ("embedding", "n", "count"),
    [(120, 1, 5_156_342), (120, 2, 2_628_176), (180, 1, 11.5e6), (180, 2, 5.8e6)],
)
def test_the_size_is_that_of_the_paper(embedding: int, n: int, count: float) -> None:
    with torch.device("meta"):
        network = SwinMR(SwinmrConfig(embedding=embedding, kronecker=n))
    assert parameter_count(network) == pytest.approx(count, rel=0.01)
    if embedding == 120:
        assert parameter_count(network) == count


def test_the_windows_of_every_other_layer_are_shifted_by_half() -> None:
    with torch.device("meta"):
        network = SwinMR(SwinmrConfig())
    layers = [layer for layer in network.modules() if isinstance(layer, WindowAttention)]
    assert [layer.shift for layer in layers] == 18 * [0, 4]
    assert {layer.window for layer in layers} == {8}


@pytest.mark.parametrize("patch", [1, 2, 4])
def test_it_starts_near_the_image_it_gets(patch: int) -> None:
    given = image(32, 48, 2)
    network = small(replace(SMALL, patch=patch))
    change = network(given).detach() - given
    assert change.shape == given.shape
    assert 1e-3 < float(change.square().mean().sqrt()) < 0.3


def test_with_gradients_and_without_the_image_is_the_same() -> None:
    network, given = small(), image(16, 24, 3)
    with torch.no_grad():
        expected = network(given)
    laws.assert_equal(network(given).detach(), expected, 1e-5)
    with torch.inference_mode():
        laws.assert_equal(network(given), expected, 1e-6)


def test_it_sees_across_the_edges_of_windows_but_not_around_the_image() -> None:
    network, given = small().double(), image(48, 48).double().requires_grad_()
    (gradient,) = torch.autograd.grad(network(given)[0, :, 7, 7].sum(), given)
    seen = gradient[0].abs().sum(0) > 0
    # windows of 8 pixels in two layers, and three convolutions
    assert seen[:16, :16].all()
    assert not seen[26:].any()
    assert not seen[:, 26:].any()


def test_a_size_that_windows_do_not_tile_is_refused() -> None:
    with pytest.raises(ShapeError, match="windows of 4 x 4 tokens do not tile 8 x 10"):
        small()(image(16, 20))


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"heads": 7}, "among 7 heads"), ({"patch": 7}, "to 7 x 7 pixels"), ({"patch": 0}, "0 x 0")],
)
def test_settings_that_do_not_fit_are_refused(settings: dict[str, int], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        SwinMR(SwinmrConfig(blocks=1, depth=1, **settings))  # type: ignore[arg-type]


def test_a_folded_network_is_the_dense_one() -> None:
    light, given = small(replace(SMALL, kronecker=2)), image(16, 24)
    dense = small()
    dense.load_state_dict(fold(light).state_dict())
    laws.assert_equal(dense(given).detach(), light(given).detach(), 1e-5)
