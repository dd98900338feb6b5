"""What every network promises, run on every network there is."""

from dataclasses import fields
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import laws
import synthetic
from feathermr.core.errors import UsageError
from feathermr.core.seeding import seeded
from feathermr.models import MODELS, OneShot, build, configure
from feathermr.models.cascade import Cascade
from feathermr.models.dual_unet import DualUnet
from feathermr.models.film_cascade import FilmCascade
from feathermr.models.liif import Liif
from feathermr.nn.cost import parameter_count
from feathermr.nn.fold import fold
from feathermr.nn.kronecker import KroneckerLayer
from feathermr.operators import Encoding, encoding
from tiny_networks import TINY as CASES

LIIFS = ("liif-rdn3d", "liif-unet3d", "liif-conv2d")
#: networks that see a whole film, and the number of frames that those of ``CASES`` take
FILMS = {"dual-unet": 3, "kronecker-cine": 3} | dict.fromkeys(LIIFS, 3)
#: parameters that a network of default settings may have
BUDGETS = {
    "kronecker-unet": 2.63e6,
    "kronecker-swinmr": 2.63e6,
    "kronecker-modl": 0.5e6,
    "kronecker-cascade": 0.6e6,
    "kronecker-cine": 0.5e6,
    **dict.fromkeys(LIIFS, 0.75e6),
    "dual-unet": 63e6,
    "chpnet": 0.75e6,
    "chpnet-tiny": 0.06e6,
}
#: networks that know how bright tissue is: twice the k-space is not twice the image
ABSOLUTE = {
    "modl",
    "kronecker-modl",
    "kronecker-cascade",
    "kronecker-cine",
    "chpnet",
    "chpnet-tiny",
    *LIIFS,
}
KNOWN = [name for name in MODELS if name in CASES]
SHAPE = (33, 26)
DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture(params=KNOWN)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def problem(
    n_coils: int = 3,
    slices: int = 2,
    frames: int = 1,
    dtype: torch.dtype = torch.complex64,
) -> tuple[Tensor, Encoding]:
    complete = synthetic.scan(slices, frames, n_coils, SHAPE, noise=0.01, dtype=dtype)
    scan = synthetic.accelerated(complete, keep=0.3, center=8)
    return scan.kspace, encoding(scan)


def tiny(name: str) -> nn.Module:
    return build(name, CASES[name]).eval()


@torch.no_grad()
def run(model: nn.Module, kspace: Tensor, operator: Encoding) -> Tensor:
    image: Tensor = model(kspace, operator)
    return image


def test_every_network_has_a_case() -> None:
    assert set(MODELS) == set(CASES)
    assert set(BUDGETS) <= set(MODELS)


@pytest.mark.parametrize(("n_coils", "frames"), [(1, 1), (3, 1), (2, 3)])
def test_the_image_has_the_axes_and_the_precision_of_the_scan(
    name: str, n_coils: int, frames: int
) -> None:
    frames = FILMS.get(name, frames)
    kspace, operator = problem(n_coils, frames=frames)
    image = run(tiny(name), kspace, operator)
    assert image.shape == (2, frames, *SHAPE)
    assert image.dtype == torch.complex64
    assert torch.isfinite(torch.view_as_real(image)).all()
    assert image.any()


def test_every_parameter_gets_a_gradient(name: str) -> None:
    kspace, operator = problem(frames=FILMS.get(name, 1))
    model = build(name, CASES[name]).train()
    with seeded(0, "dropout"):  # by chance a gate of few channels is dead
        image = model(kspace, operator)
    target = laws.random_array(tuple(image.shape), "target", dtype=torch.complex64)
    (image - target).abs().square().mean().backward()
    for key, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        assert parameter.grad is not None, key
        assert torch.isfinite(parameter.grad).all(), key
        assert parameter.grad.any(), key


def test_a_batch_is_a_loop(name: str) -> None:
    frames = FILMS.get(name, 2)
    kspace, operator = problem(slices=3, frames=frames)
    model = tiny(name)
    together = run(model, kspace, operator)
    for index in range(3):
        part = slice(index, index + 1)
        mask = operator.mask if operator.mask.shape[0] == 1 else operator.mask[part]
        alone = run(model, kspace[part], Encoding(mask, operator.coil_maps[:1], frames))
        laws.assert_equal(alone, together[part], 1e-4)


def test_frames_see_each_other_in_networks_for_films_alone(name: str) -> None:
    kspace, operator = problem(slices=1, frames=3)
    model = tiny(name)
    order = [2, 0, 1]
    turned = Encoding(operator.mask[:, order], operator.coil_maps, 3)
    alone, together = run(model, kspace[:, order], turned), run(model, kspace, operator)[:, order]
    if name in FILMS:
        assert (alone - together).norm() > 5e-3 * together.norm()
    else:
        laws.assert_equal(alone, together, 1e-3)


def test_the_same_input_gives_the_same_bits_and_is_left_alone(name: str) -> None:
    kspace, operator = problem(frames=FILMS.get(name, 1))
    model = tiny(name)
    before = kspace.clone()
    assert torch.equal(run(model, kspace, operator), run(model, kspace, operator))
    assert torch.equal(kspace, before)


def test_a_brighter_scan_gives_a_brighter_image(name: str) -> None:
    if name in ABSOLUTE:
        return
    kspace, operator = problem(frames=FILMS.get(name, 1))
    model = tiny(name)
    image = run(model, kspace, operator)
    laws.assert_equal(run(model, 8 * kspace, operator), 8 * image, 1e-3)


def test_it_works_in_double_precision(name: str) -> None:
    single, operator = problem(frames=FILMS.get(name, 1))
    kspace, precise = problem(frames=FILMS.get(name, 1), dtype=torch.complex128)
    image = run(tiny(name).double(), kspace, precise)
    assert image.dtype == torch.complex128
    laws.assert_equal(run(tiny(name), single, operator).to(image.dtype), image, 1e-3)


def test_same_seed_same_network_and_torch_s_state_is_left_alone(name: str) -> None:
    state = torch.get_rng_state()
    first, again = (build(name, CASES[name], seed=3).state_dict() for _ in range(2))
    other = build(name, CASES[name], seed=4).state_dict()
    assert torch.equal(state, torch.get_rng_state())
    assert all(torch.equal(value, again[key]) for key, value in first.items())
    assert any(not torch.equal(value, other[key]) for key, value in first.items())


def test_a_state_dict_carries_the_network(name: str) -> None:
    kspace, operator = problem(frames=FILMS.get(name, 1))
    first, other = build(name, CASES[name]).eval(), build(name, CASES[name], seed=1).eval()
    image = run(first, kspace, operator)
    assert not torch.equal(run(other, kspace, operator), image)
    other.load_state_dict(first.state_dict())
    assert torch.equal(run(other, kspace, operator), image)


def test_the_default_keeps_to_its_budget(name: str) -> None:
    config = configure(name)
    with torch.device("meta"):
        count = parameter_count(MODELS[name].network(config))
    assert 0 < count <= BUDGETS.get(name, 13e6)


def test_dense_and_kronecker_layers_are_one_setting_apart(name: str) -> None:
    if "kronecker" not in {field.name for field in fields(configure(name))}:
        return
    kspace, operator = problem(frames=FILMS.get(name, 1))
    dense, light = (build(name, {**CASES[name], "kronecker": n}).eval() for n in (1, 2))
    assert parameter_count(light) < 0.75 * parameter_count(dense)
    assert run(light, kspace, operator).shape == run(dense, kspace, operator).shape


def image_network(model: nn.Module) -> tuple[nn.Module, tuple[object, ...]]:
    """What a network does to images alone, and what it takes, for export."""
    channels = laws.random_array((1, 2, 32, 32), "channels", dtype=torch.float32)
    if isinstance(model, DualUnet):
        return model.restorers[0], (channels[:, :, None].repeat(1, 1, model.frames, 1, 1),)
    if isinstance(model, Liif):
        inputs = 4 if model.start == "zero-filled" else 6
        return model.encoder, (
            channels.repeat(1, 2 * inputs, 1, 1)[:, :, None].repeat(1, 1, 3, 1, 1),
        )
    if isinstance(model, OneShot):
        return model.network, (channels,)
    if isinstance(model, Cascade):
        image = torch.complex(channels[:, 0], channels[:, 1])
        unit, noise = channels[:, 0].abs() + 0.1, torch.ones(1)
        return model.refiners[0], (image, torch.stack([image, image.flip(-1)], 1), unit, noise)
    if isinstance(model, FilmCascade):
        film = channels.repeat(3, 1, 1, 1)
        return model.denoiser, (film, torch.ones(3), 3, film.flip(0))
    return model.denoiser, (channels,)  # type: ignore[return-value]


def test_the_part_that_works_on_images_can_be_exported(name: str) -> None:
    network, inputs = image_network(tiny(name))
    exported = torch.export.export(network, inputs).module()
    with torch.no_grad():
        expected, found = network(*inputs), exported(*inputs)
    for a, b in zip(as_tuple(found), as_tuple(expected), strict=True):
        laws.assert_equal(a, b, 1e-5)


def as_tuple(result: Tensor | tuple[Tensor | None, ...]) -> tuple[Tensor, ...]:
    several = result if isinstance(result, tuple) else (result,)
    return tuple(each for each in several if each is not None)


def test_it_folds_to_plain_layers_of_the_same_function(name: str) -> None:
    kspace, operator = problem(frames=FILMS.get(name, 1), dtype=torch.complex128)
    model = tiny(name).double()
    folded = fold(model)
    assert not any(isinstance(layer, KroneckerLayer) for layer in folded.modules())
    if name.startswith("kronecker"):
        assert any(isinstance(layer, KroneckerLayer) for layer in model.modules())
    laws.assert_equal(run(folded, kspace, operator), run(model, kspace, operator), 1e-10)


def test_the_card_says_what_it_is(name: str) -> None:
    card = MODELS[name].card
    assert all((card.summary, card.source, card.licence, card.intended_use, card.trained_on))
    assert "doi:" in card.source or "arXiv:" in card.source
    assert "\n" not in card.summary


def test_the_documentation_lists_it(name: str) -> None:
    assert f"| `{name}` |" in (DOCS / "models.md").read_text()


def test_an_unknown_setting_is_refused_with_the_nearest_name(name: str) -> None:
    real = fields(MODELS[name].config)[0].name
    with pytest.raises(UsageError, match=rf"'{real}s' of|'{real}s'; did you mean '{real}'\?"):
        build(name, {real + "s": 1})


def test_text_settings_mean_the_same_as_numbers(name: str) -> None:
    spelled = {key: str(value) for key, value in CASES[name].items()}
    assert configure(name, spelled) == configure(name, CASES[name])


def test_an_unknown_network_is_refused() -> None:
    with pytest.raises(UsageError, match="no network is called 'unett'; did you mean 'unet'"):
        build("unett")
