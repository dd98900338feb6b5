"""The dual U-Net: what it is made of, and what its cascades keep."""

import pytest
import torch

import laws
import synthetic
from feathermr.core.errors import ShapeError, UsageError
from feathermr.models import build
from feathermr.models.dual_unet import DualRestorer, DualUnet, DualUnetConfig, FrameUnet
from feathermr.nn.channel_spatial_attention import ChannelSpatialAttention
from feathermr.nn.temporal_resnet import TemporalResnet
from feathermr.operators import Encoding, encoding

TINY = DualUnetConfig(frames=3, width=8, levels=2, temporal_width=4, temporal_blocks=1)
SIZES = {"frames": 3, "width": 8, "levels": 2, "temporal_width": 4, "temporal_blocks": 1}


def problem(n_coils: int = 1, shape: tuple[int, int] = (33, 26)) -> tuple[torch.Tensor, Encoding]:
    complete = synthetic.scan(2, 3, n_coils, shape, noise=0.0)
    scan = synthetic.accelerated(complete, keep=0.3, center=8)
    return scan.kspace, encoding(scan)


def network(**settings: object) -> DualUnet:
    model = build("dual-unet", {**SIZES, **settings}).eval()  # type: ignore[dict-item]
    assert isinstance(model, DualUnet)
    return model


def test_a_film_of_another_length_is_one_sentence() -> None:
    kspace, operator = problem()
    model = network(frames=4)
    with pytest.raises(ShapeError, match="takes films of 4 frames, not 3; train one with"):
        model(kspace, operator)


def test_one_cascade_is_restored_alone_and_several_agree_with_the_samples() -> None:
    kspace, operator = problem()
    one, three = network(), network(cascades=3)
    assert len(one.consistencies) == 0
    assert [len(three.restorers), len(three.consistencies)] == [3, 3]
    with torch.no_grad():
        for step in three.consistencies:
            step.raw_weight.fill_(-20.0)  # type: ignore[operator, union-attr]
        images = three.images(kspace, operator)
        away = (operator(one(kspace, operator)) - kspace).norm() / kspace.norm()
    assert len(images) == 3
    assert away > 1e-2
    for image in images:
        assert (operator(image) - kspace).norm() < 1e-4 * kspace.norm()


def test_the_weight_of_consistency_is_positive_whatever_is_learned() -> None:
    model = network(cascades=2)
    for raw in (-50.0, 0.0, 50.0):
        for step in model.consistencies:
            with torch.no_grad():
                step.raw_weight.fill_(raw)  # type: ignore[operator, union-attr]
                assert step.weight > 0  # type: ignore[operator]


def test_the_film_stays_complex_between_cascades() -> None:
    """Restorers that change nothing leave the phase to the samples: a turned scan is turned."""
    kspace, operator = problem(n_coils=2)
    model = network(cascades=2)
    with torch.no_grad():
        for restorer in model.restorers:
            for name, parameter in restorer.named_parameters():
                if name.startswith(("real.last", "imaginary.last", "temporal.last")):
                    parameter.zero_()
        turn = torch.polar(torch.tensor(1.0), torch.tensor(2.0))
        straight, turned = model(kspace, operator), model(turn * kspace, operator)
    assert straight.imag.abs().max() > 0.1 * straight.abs().max()
    laws.assert_equal(turned, turn * straight, 1e-4)


def test_real_and_imaginary_parts_meet_in_the_temporal_network_alone() -> None:
    restorer = DualRestorer(TINY).eval()
    film = laws.random_array((1, 2, 3, 16, 12), "film", dtype=torch.float32)
    other = film.clone()
    other[:, 1] += 1.0
    with torch.no_grad():
        assert torch.equal(restorer.real(film[:, 0]), restorer.real(other[:, 0]))
        assert not torch.equal(restorer(film)[:, 0], restorer(other)[:, 0])
        for parameter in restorer.temporal.last.parameters():
            parameter.zero_()
        assert torch.equal(restorer(film)[:, 0], restorer(other)[:, 0])


def test_every_frame_reaches_every_frame() -> None:
    frames = laws.random_array((1, 3, 16, 12), "frames", dtype=torch.float32)
    jacobian = torch.autograd.functional.jacobian(
        lambda x: FrameUnet(TINY).eval()(x).sum((-2, -1))[0], frames
    )
    assert bool(jacobian.abs().sum((-2, -1)).gt(0).all())


def test_the_temporal_network_sees_as_far_as_its_convolutions_reach() -> None:
    layers = TemporalResnet(2, width=3, blocks=1, slope=0.1)
    film = torch.zeros(1, 2, 9, 5, 5)
    pulse = film.clone()
    pulse[0, 0, 4, 2, 2] = 1.0
    with torch.no_grad():
        touched = (layers(pulse) - layers(film)).abs().amax((0, 1, 3, 4)) > 0
    assert touched.tolist() == [False, *[True] * 7, False]


def test_attention_weighs_channels_and_then_places() -> None:
    layer = ChannelSpatialAttention(6)
    features = laws.random_array((2, 6, 9, 7), "features", dtype=torch.float32)
    with torch.no_grad():
        weights = layer(features) / features
        for parameter in layer.mix.parameters():
            parameter.zero_()
        places = layer(features) / features
        for parameter in layer.places.parameters():
            parameter.zero_()
        laws.assert_equal(layer(features), features / 4, 1e-6)
    assert bool(((weights > 0) & (weights < 1)).all())
    laws.assert_equal(places, places[:, :1].expand_as(places), 1e-4)
    assert places[0, 0].std() > 1e-3
    assert (weights[:, 0] / weights[:, 1]).std((-2, -1)).max() < 1e-3


def test_dropout_acts_while_training_only() -> None:
    kspace, operator = problem()
    model = network(dropout=0.5)
    with torch.no_grad():
        assert torch.equal(model(kspace, operator), model(kspace, operator))
        model.train()
        assert not torch.equal(model(kspace, operator), model(kspace, operator))


def test_attention_is_a_setting() -> None:
    kinds = [
        any(isinstance(layer, ChannelSpatialAttention) for layer in network(attention=on).modules())
        for on in (True, False)
    ]
    assert kinds == [True, False]


@pytest.mark.parametrize("wrong", [{"levels": 0}, {"cascades": 0}, {"dropout": 1.0}])
def test_sizes_that_make_no_network_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="must be"):
        DualUnetConfig(**wrong)  # type: ignore[arg-type]
