"""Films at any time: blending, what is exact, and what bounds the memory."""

import math

import pytest
import torch
from torch import Tensor

import laws
import synthetic
from feathermr.core.errors import ShapeError, UsageError
from feathermr.core.seeding import generator
from feathermr.core.settings import Setting
from feathermr.models import build
from feathermr.models.liif import Liif
from feathermr.nn.cost import parameter_count
from feathermr.nn.film_convolution import FilmConvolution
from feathermr.nn.kronecker import KroneckerLayer
from feathermr.nn.memory import peak_bytes
from feathermr.nn.neighbours import neighbours
from feathermr.nn.residual_dense import ResidualDenseBlock
from feathermr.operators import Encoding, encoding

SMALL: dict[str, Setting] = {
    "features": 4,
    "width": 8,
    "blocks": 2,
    "layers": 2,
    "growth": 4,
    "decoder_width": 8,
    "consistency": 2,
}
NAMES = ("liif-rdn3d", "liif-unet3d", "liif-conv2d")
FRAMES = 4
#: columns are no multiple of a patch
SHAPE = (24, 27)


def problem(n_coils: int = 2, frames: int = FRAMES) -> tuple[Tensor, Encoding]:
    complete = synthetic.scan(2, frames, n_coils, SHAPE, noise=0.01)
    scan = synthetic.accelerated(complete, keep=0.3, center=8)
    return scan.kspace, encoding(scan)


def network(name: str = "liif-rdn3d", **settings: Setting) -> Liif:
    own: dict[str, Setting] = {"frames": FRAMES} if name == "liif-conv2d" else {}
    model = build(name, {**SMALL, **own, **settings}).eval()
    assert isinstance(model, Liif)
    # an answer as large as a trained one's, and what is learned far from zero
    source = generator(0, "last")
    with torch.no_grad():
        model.decoder.last.weight.copy_(
            torch.randn(model.decoder.last.weight.shape, generator=source)
        )
    return model.requires_grad_(False)


@pytest.mark.parametrize("cyclic", [True, False])
def test_neighbours_share_each_time_by_their_distance(cyclic: bool) -> None:
    times = torch.linspace(0, 5 if not cyclic else 5.99, 37)
    near = neighbours(times, 6, cyclic=cyclic)
    assert torch.equal(near.weight.sum(0), torch.ones(37))
    assert (near.weight >= 0).all()
    torch.testing.assert_close(near.weight, 1 - near.offset.abs())
    place = near.frame + near.offset
    place[1] += 6 * (near.frame[1] < near.frame[0])
    inside = near.weight[1] > 0
    torch.testing.assert_close(place[:, inside], times.expand(2, -1)[:, inside])


def test_in_a_cyclic_film_the_first_frame_follows_the_last() -> None:
    near = neighbours(torch.tensor([7.75, -0.25, 15.75]), 8, cyclic=True)
    assert near.frame.tolist() == [[7] * 3, [0] * 3]
    torch.testing.assert_close(near.weight, torch.tensor([[0.25], [0.75]]).expand(2, 3))


@pytest.mark.parametrize("times", [[-0.1], [7.01], [], [math.nan]])
def test_times_outside_of_a_film_are_refused(times: list[float]) -> None:
    with pytest.raises(UsageError, match="times"):
        neighbours(torch.tensor(times), 8, cyclic=False)


@pytest.mark.parametrize("consistency", [0, 2])
@pytest.mark.parametrize("name", NAMES)
def test_at_the_acquired_times_it_is_the_film(name: str, consistency: int) -> None:
    kspace, operator = problem()
    model = network(name, consistency=consistency)
    film = model(kspace, operator)
    laws.assert_equal(model.at(kspace, operator, torch.arange(FRAMES)), film, 1e-5)
    order = torch.tensor([3.0, 0.0, 2.0])
    laws.assert_equal(model.at(kspace, operator, order), film[:, [3, 0, 2]], 1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_it_is_continuous_and_moves_between_frames(name: str) -> None:
    kspace, operator = problem()
    model = network(name)
    around = torch.tensor([1 - 1e-4, 1.0, 1 + 1e-4, 1.5])
    before, here, after, between = model.at(kspace, operator, around).unbind(1)
    laws.assert_equal(before, here, 1e-2)
    laws.assert_equal(after, here, 1e-2)
    film = model(kspace, operator)
    straight = 0.5 * (film[:, 1] + film[:, 2])
    assert (between - straight).norm() > 0.01 * straight.norm()


def test_a_cyclic_film_comes_back_to_its_first_frame() -> None:
    kspace, operator = problem()
    model = network()
    times = torch.tensor([0.0, FRAMES, FRAMES - 0.25, -0.25])
    first, again, near, also = model.at(kspace, operator, times, cyclic=True).unbind(1)
    laws.assert_equal(again, first, 1e-5)
    laws.assert_equal(also, near, 1e-5)
    open_film = model.at(kspace, operator, torch.zeros(1))[:, 0]
    assert (open_film - first).norm() > 1e-4 * first.norm()


def test_a_still_film_with_the_same_samples_in_every_frame_stands_still() -> None:
    kspace, operator = problem()
    still = kspace[:, :1].expand(-1, FRAMES, -1, -1, -1).clone()
    mask = operator.mask[:, :1].expand(-1, FRAMES, -1, -1, -1)
    same = Encoding(mask, operator.coil_maps, FRAMES)
    model = network()
    frames = model.at(still, same, torch.arange(FRAMES), cyclic=True)
    laws.assert_equal(frames[:, 1:], frames[:, :1].expand(-1, 3, -1, -1), 1e-4)
    times = torch.tensor([0.3, 1.3, 2.3, 3.3])
    between = model.at(still, same, times, cyclic=True)
    laws.assert_equal(between[:, 1:], between[:, :1].expand(-1, 3, -1, -1), 1e-4)


def test_before_training_a_still_film_is_constant_at_all_times() -> None:
    kspace, operator = problem(n_coils=1)
    model = network(start="zero-filled", consistency=0)
    for parameter in model.decoder.last.parameters():
        parameter.zero_()
    still = kspace[:, :1].expand(-1, FRAMES, -1, -1, -1).clone()
    same = Encoding(operator.mask[:, :1], operator.coil_maps, FRAMES)
    film = model.at(still, same, torch.linspace(0, 3, 7))
    laws.assert_equal(film, same.H(still)[:, :1].expand(-1, 7, -1, -1), 1e-5)


def test_the_consistency_step_returns_acquired_frames_to_the_samples() -> None:
    kspace, operator = problem(n_coils=1)

    def mismatch(steps: int) -> float:
        model = network(consistency=steps)
        if model.consistency is not None:
            model.consistency.raw_weight.fill_(-9.0)
        return float((operator(model(kspace, operator)) - kspace).norm() / kspace.norm())

    assert mismatch(2) < 1e-3
    assert mismatch(0) > 0.01


@pytest.mark.parametrize("cyclic", [True, False])
def test_times_in_parts_give_what_they_give_together(cyclic: bool) -> None:
    kspace, operator = problem()
    model = network()
    times = torch.linspace(0, 3, 11)
    whole = model.at(kspace, operator, times, cyclic=cyclic, together=11)
    parts = model.at(kspace, operator, times, cyclic=cyclic, together=3)
    laws.assert_equal(parts, whole, 1e-5)


def test_memory_does_not_grow_with_the_number_of_times_but_for_the_film_itself() -> None:
    kspace, operator = problem()
    model = network(decoder_width=64)

    def peak(count: int) -> int:
        times = torch.linspace(0, 3, count)
        return peak_bytes(
            lambda: model.at(kspace, operator, times, together=4), torch.device("cpu")
        )

    image = 8 * 2 * math.prod(SHAPE)
    assert peak(64) - peak(8) < 3 * 56 * image


def test_a_gradient_of_a_time_between_frames_reaches_every_parameter() -> None:
    kspace, operator = problem()
    model = build("liif-rdn3d", SMALL)
    assert isinstance(model, Liif)
    model.at(kspace, operator, torch.tensor([0.4, 1.7])).abs().square().mean().backward()
    for key, parameter in model.named_parameters():
        assert parameter.grad is not None, key
        assert parameter.grad.any(), key


def test_the_convolution_knows_how_a_film_ends() -> None:
    layer = FilmConvolution(1, 1)
    weight = torch.tensor([1.0, 10.0, 100.0]).reshape(1, 1, 3, 1, 1) * CENTER
    layer.layer.load_state_dict({"weight": weight, "bias": torch.zeros(1)})
    with torch.no_grad():
        film = torch.tensor([1.0, 2.0, 3.0]).reshape(1, 1, 3, 1, 1)
        assert layer(film).flatten().tolist() == [211, 321, 332]
        assert layer(film, cyclic=True).flatten().tolist() == [213, 321, 132]


CENTER = torch.zeros(3, 3)
CENTER[1, 1] = 1


def test_the_paper_s_sizes_are_a_matter_of_settings() -> None:
    paper: dict[str, Setting] = {
        "width": 64,
        "features": 64,
        "blocks": 5,
        "layers": 6,
        "growth": 32,
        "patch": 1,
        "start": "zero-filled",
        "decoder_width": 256,
    }
    with torch.device("meta"):
        dense, light = (build("liif-rdn3d", {**paper, "kronecker": n}) for n in (1, 2))
    assert parameter_count(dense) > 3.7e6
    assert parameter_count(light) < 0.6 * parameter_count(dense)
    assert any(isinstance(layer, KroneckerLayer) for layer in light.modules())
    blocks = [each for each in dense.modules() if isinstance(each, ResidualDenseBlock)]
    assert [len(block.layers) for block in blocks] == [6] * 5


def test_two_dimensions_take_films_of_one_length() -> None:
    kspace, operator = problem(frames=3)
    with pytest.raises(ShapeError, match="films of 4 frames, not 3"):
        network("liif-conv2d")(kspace, operator)


@pytest.mark.parametrize("settings", [{"width": 0}, {"consistency": -1}, {"omega": 0.0}])
def test_sizes_that_cannot_be_are_refused(settings: dict[str, Setting]) -> None:
    with pytest.raises(UsageError):
        build("liif-rdn3d", settings)
