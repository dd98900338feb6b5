from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.functional import conv2d, max_pool2d

from feathermr.core.errors import DataError, ShapeError
from feathermr.core.seeding import generator
from feathermr.training.losses import make_loss
from feathermr.training.perceptual import Perceptual
from feathermr.training.vgg import Vgg19Config, Vgg19Features, load_vgg19

SMALL = Vgg19Config((2, 3, 4, 3, 4))
#: the convolutions of the standard file, by their number in ``features``
CONVOLUTIONS = (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34)
BLOCKS = ((0, 2), (5, 7), (10, 12, 14, 16), (19, 21, 23, 25), (28, 30, 32, 34))


def state(config: Vgg19Config = SMALL) -> dict[str, Tensor]:
    random = generator(2, "weights")
    found, previous = {}, 3
    for block, channels in zip(BLOCKS, config.channels, strict=True):
        for number in block:
            shape = (channels, previous, 3, 3)
            scale = (2 / (9 * previous)) ** 0.5
            found[f"features.{number}.weight"] = scale * torch.randn(shape, generator=random)
            found[f"features.{number}.bias"] = 0.1 * torch.randn(channels, generator=random)
            previous = channels
    return found


def by_hand(weights: dict[str, Tensor], images: Tensor) -> list[Tensor]:
    found = []
    for index, block in enumerate(BLOCKS):
        images = max_pool2d(images, 2) if index else images
        for number in block:
            weight, bias = (weights[f"features.{number}.{end}"] for end in ("weight", "bias"))
            images = conv2d(images, weight, bias, padding=1).clamp(min=0)
        found.append(images)
    return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    torch.save(state(), tmp_path / "vgg.pth")
    return tmp_path / "vgg.pth"


def test_keys_and_number_of_parameters_are_those_of_the_standard_file() -> None:
    with torch.device("meta"):
        network = Vgg19Features()
    keys = {f"features.{n}.{end}" for n in CONVOLUTIONS for end in ("weight", "bias")}
    assert set(network.state_dict()) == keys
    assert sum(weight.numel() for weight in network.parameters()) == 20_024_384


def test_features_are_those_after_each_blocks_last_convolution(path: Path) -> None:
    images = torch.randn(2, 3, 37, 21, generator=generator(0, "images"))
    found = load_vgg19(path, SMALL)(images)
    wanted = by_hand(state(), images)
    assert [tuple(f.shape[-2:]) for f in found] == [(37, 21), (18, 10), (9, 5), (4, 2), (2, 1)]
    for f, w in zip(found, wanted, strict=True):
        torch.testing.assert_close(f, w)


def test_safetensors_pytorchs_old_format_and_a_classifier_load_alike(
    path: Path, tmp_path: Path
) -> None:
    whole = {**state(), "classifier.0.weight": torch.ones(2, 2)}
    save_file(whole, tmp_path / "vgg.safetensors")
    torch.save(whole, tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    wanted = load_vgg19(path, SMALL).state_dict()
    for name in ("vgg.safetensors", "old.pth"):
        found = load_vgg19(tmp_path / name, SMALL).state_dict()
        assert set(found) == set(wanted)
        assert all(torch.equal(found[key], wanted[key]) for key in wanted)


def test_loading_leaves_the_global_generator_alone(path: Path) -> None:
    before = torch.get_rng_state()
    load_vgg19(path, SMALL)
    assert torch.equal(before, torch.get_rng_state())


def test_distance_by_hand_with_imagenets_normalisation(path: Path) -> None:
    random = generator(3, "images")
    p, t = (torch.randn(2, 2, 20, 18, dtype=torch.complex64, generator=random) for _ in range(2))
    mean = torch.tensor([0.485, 0.456, 0.406])[:, None, None]
    std = torch.tensor([0.229, 0.224, 0.225])[:, None, None]
    colours = [(z.abs().flatten(0, 1)[:, None].repeat(1, 3, 1, 1) - mean) / std for z in (p, t)]
    features = [by_hand(state(), z) for z in colours]
    wanted = sum(
        weight * float((a - b).abs().mean())
        for weight, a, b in zip((0.1, 0.1, 1, 1, 1), *features, strict=True)
    )
    found = Perceptual(load_vgg19(path, SMALL))
    assert float(found(p, t)) == pytest.approx(wanted, rel=1e-5)
    turned = torch.polar(p.abs(), p.angle() + 1)
    assert float(found(turned, t)) == pytest.approx(wanted, rel=1e-5), "the phase has no say"


def test_features_are_frozen_and_stay_out_of_a_checkpoint(path: Path) -> None:
    class Training(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = nn.Linear(2, 2)
            self.loss = Perceptual(load_vgg19(path, SMALL))

    training = Training()
    assert not any(weight.requires_grad for weight in training.loss.parameters())
    assert set(training.state_dict()) == {"network.weight", "network.bias"}
    training.load_state_dict(training.state_dict())
    with pytest.raises(RuntimeError, match=r"network\.bias"):
        training.load_state_dict({"network.weight": torch.ones(2, 2)})


def test_the_full_network_gives_a_gradient(tmp_path: Path) -> None:
    save_file(state(Vgg19Config()), tmp_path / "vgg19.safetensors")
    loss = make_loss("composite", {"vgg_weights": str(tmp_path / "vgg19.safetensors")})
    assert loss.note == ""
    random = generator(4, "images")
    p, t = (torch.randn(1, 1, 32, 32, dtype=torch.complex64, generator=random) for _ in range(2))
    p.requires_grad_()
    loss(p, t).terms["perceptual"].backward()
    assert p.grad is not None
    assert bool((p.grad.abs() > 0).all())


def test_images_that_cannot_be_halved_four_times_are_refused(path: Path) -> None:
    with pytest.raises(ShapeError, match="16 x 16"):
        load_vgg19(path, SMALL)(torch.zeros(1, 3, 15, 40))


def test_what_are_not_its_weights_is_one_sentence(tmp_path: Path) -> None:
    def refused(stored: object, message: str) -> None:
        torch.save(stored, tmp_path / "wrong.pth")
        with pytest.raises(DataError, match=message) as caught:
            load_vgg19(tmp_path / "wrong.pth", SMALL)
        assert "wrong.pth" in str(caught.value)
        assert "\n" not in str(caught.value)

    good = state()
    lacking = {name: value for name, value in good.items() if "34" not in name}
    refused(lacking, r"2 of 32 weights are missing, the first is 'features\.34\.weight'")
    refused({**good, "features.1.weight": torch.ones(2)}, r"'features\.1\.weight' is no weight")
    refused({**good, "features.0.bias": torch.ones(5)}, r"shape \(5,\) instead of \(2,\)")
    refused({**good, "features.0.bias": torch.full((2,), torch.nan)}, "not finite")
    refused([1, 2], "other objects")
    refused({"features.0.weight": "text"}, "other objects")
    refused(Vgg19Config(), "no file of weights")


@pytest.mark.parametrize("name", ["cut.pth", "cut.safetensors", "absent.pth"])
def test_a_broken_or_absent_file_is_one_sentence(tmp_path: Path, name: str) -> None:
    if name.endswith("safetensors"):
        save_file(state(), tmp_path / name)
    elif name.startswith("cut"):
        torch.save(state(), tmp_path / name)
    if name.startswith("cut"):
        content = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match=name) as caught:
        load_vgg19(tmp_path / name, SMALL)
    assert "\n" not in str(caught.value)
