"""The fastMRI U-Net: the published layout of names and shapes, values, foreign files."""

from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional

import laws
import synthetic
from feathermr.core.errors import DataError, ShapeError, UsageError
from feathermr.models.fastmri_weights import load_fastmri_unet
from feathermr.models.unet import Unet, UnetConfig
from feathermr.operators import encoding


def published_layout(channels: int, width: int, depth: int) -> dict[str, tuple[int, ...]]:
    """Names and shapes as the published implementation writes them."""
    shapes: dict[str, tuple[int, ...]] = {}

    def block(prefix: str, before: int, after: int) -> None:
        shapes[f"{prefix}.layers.0.weight"] = (after, before, 3, 3)
        shapes[f"{prefix}.layers.4.weight"] = (after, after, 3, 3)

    block("down_sample_layers.0", channels, width)
    for level in range(1, depth):
        block(f"down_sample_layers.{level}", width * 2 ** (level - 1), width * 2**level)
    block("conv", width * 2 ** (depth - 1), width * 2**depth)
    for step in range(depth):
        after = width * 2 ** (depth - 1 - step)
        shapes[f"up_transpose_conv.{step}.layers.0.weight"] = (2 * after, after, 2, 2)
        last = step == depth - 1
        block(f"up_conv.{step}.0" if last else f"up_conv.{step}", 2 * after, after)
    shapes[f"up_conv.{depth - 1}.1.weight"] = (channels, width, 1, 1)
    shapes[f"up_conv.{depth - 1}.1.bias"] = (channels,)
    return shapes


def drawn(shapes: dict[str, tuple[int, ...]]) -> dict[str, Tensor]:
    return {
        name: laws.random_array(shape, name, dtype=torch.float32) / max(1, shape[0]) ** 0.5
        for name, shape in shapes.items()
    }


def by_hand(weights: dict[str, Tensor], image: Tensor, depth: int) -> Tensor:
    """The network written again from its weights, with plain functions."""

    def normal(x: Tensor) -> Tensor:
        mean = x.mean((-2, -1), keepdim=True)
        variance = (x - mean).square().mean((-2, -1), keepdim=True)
        return functional.leaky_relu((x - mean) / (variance + 1e-5).sqrt(), 0.2)

    def block(prefix: str, x: Tensor) -> Tensor:
        for index in (0, 4):
            x = normal(functional.conv2d(x, weights[f"{prefix}.layers.{index}.weight"], padding=1))
        return x

    skipped = []
    for level in range(depth):
        image = block(f"down_sample_layers.{level}", image)
        skipped.append(image)
        height, width = (size // 2 * 2 for size in image.shape[-2:])
        image = image[..., :height, :width].unflatten(-2, (-1, 2)).unflatten(-1, (-1, 2))
        image = image.mean((-3, -1))
    image = block("conv", image)
    for step in range(depth):
        weight = weights[f"up_transpose_conv.{step}.layers.0.weight"]
        image = normal(functional.conv_transpose2d(image, weight, stride=2))
        beside = skipped.pop()
        if image.shape[-2] < beside.shape[-2]:
            image = torch.cat([image, image[..., -2:-1, :]], -2)
        if image.shape[-1] < beside.shape[-1]:
            image = torch.cat([image, image[..., -2:-1]], -1)
        last = step == depth - 1
        image = block(
            f"up_conv.{step}.0" if last else f"up_conv.{step}", torch.cat([image, beside], 1)
        )
    last_weight, bias = (weights[f"up_conv.{depth - 1}.1.{name}"] for name in ("weight", "bias"))
    return torch.einsum("oi,biyx->boyx", last_weight[:, :, 0, 0], image) + bias[:, None, None]


def test_the_layout_written_out_for_the_published_size() -> None:
    shapes = published_layout(1, 32, 4)
    assert shapes["down_sample_layers.0.layers.0.weight"] == (32, 1, 3, 3)
    assert shapes["down_sample_layers.3.layers.4.weight"] == (256, 256, 3, 3)
    assert shapes["conv.layers.0.weight"] == (512, 256, 3, 3)
    assert shapes["up_transpose_conv.0.layers.0.weight"] == (512, 256, 2, 2)
    assert shapes["up_conv.0.layers.0.weight"] == (256, 512, 3, 3)
    assert shapes["up_conv.3.0.layers.0.weight"] == (32, 64, 3, 3)
    with torch.device("meta"):
        state = Unet(UnetConfig(channels=1)).state_dict()
    assert {name: tuple(value.shape) for name, value in state.items()} == shapes
    assert sum(value.numel() for value in state.values()) == 7_756_097


@pytest.mark.parametrize("size", [(16, 24), (17, 27), (21, 16)])
@pytest.mark.parametrize("channels", [1, 2])
def test_it_computes_what_the_weights_say_at_every_size(
    size: tuple[int, int], channels: int
) -> None:
    weights = drawn(published_layout(channels, 4, 2))
    network = Unet(UnetConfig(channels, 4, 2))
    network.load_state_dict(weights)
    image = laws.random_array((2, channels, *size), "image", dtype=torch.float32)
    laws.assert_equal(network(image).detach(), by_hand(weights, image, 2), 1e-5)


def test_dropout_acts_in_training_alone() -> None:
    network = Unet(UnetConfig(width=4, depth=1, dropout=0.5))
    image = torch.randn(1, 2, 16, 16)
    first = network(image)
    assert any(not torch.equal(network(image), first) for _ in range(20))
    network.eval()
    assert torch.equal(network(image), network(image))


def test_an_image_too_small_is_refused() -> None:
    with pytest.raises(ShapeError, match="at least 16 x 32, not 16 x 16"):
        Unet(UnetConfig(width=2))(torch.zeros(1, 2, 16, 16))


@pytest.mark.parametrize("settings", [{"depth": 0}, {"width": 0}])
def test_settings_without_a_meaning_are_refused(settings: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="at least 1"):
        Unet(UnetConfig(**settings))


@pytest.mark.parametrize("form", ["state dict", "checkpoint"])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_foreign_file_is_loaded(tmp_path: Path, form: str, channels: int) -> None:
    weights = drawn(published_layout(channels, 4, 3))
    content: object = weights
    if form == "checkpoint":
        inner = {f"unet.{name}": value for name, value in weights.items()}
        content = {"epoch": 3, "state_dict": {**inner, "loss.total": torch.zeros(1)}}
    torch.save(content, tmp_path / "unet.pt")
    model = load_fastmri_unet(tmp_path / "unet.pt")
    assert model.magnitude == (channels == 1)
    assert {name: tuple(value.shape) for name, value in model.network.state_dict().items()} == {
        name: tuple(value.shape) for name, value in weights.items()
    }
    scan = synthetic.accelerated(synthetic.scan(1, 1, 1, (33, 26)))
    operator = encoding(scan)
    image = model(scan.kspace, operator)
    assert image.shape == (1, 1, 33, 26)
    if channels == 1:
        zero_filled = operator.H(scan.kspace)
        magnitude = zero_filled.abs()
        mean, deviation = magnitude.mean(), magnitude.std()
        expected = by_hand(weights, (magnitude - mean) / deviation, 3) * deviation + mean
        laws.assert_equal(image.detach(), expected * torch.exp(1j * zero_filled.angle()), 1e-5)


def test_a_file_that_is_something_else_is_refused_in_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "unet.pt"
    weights = drawn(published_layout(1, 4, 2))
    bad: dict[str, object] = {
        "there is no 'down_sample_layers.0": {"weight": torch.zeros(3)},
        "holds a list": [1, 2],
        "one channel, the magnitude": drawn(published_layout(3, 4, 2)),
        r"'conv.layers.0.weight' should be \(16, 8, 3, 3\) but is absent": {
            name: value for name, value in weights.items() if name != "conv.layers.0.weight"
        },
        r"'more' should be absent but is \(1,\)": {**weights, "more": torch.zeros(1)},
        "more than tensors": {"hyper_parameters": Path("."), "state_dict": weights},
    }
    for message, content in bad.items():
        torch.save(content, path)
        with pytest.raises(DataError, match=message):
            load_fastmri_unet(path)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(DataError, match="it is broken"):
        load_fastmri_unet(path)
    with pytest.raises(FileNotFoundError):
        load_fastmri_unet(tmp_path / "absent.pt")
