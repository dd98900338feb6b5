"""Fields: what each promises, and where pixels and frames lie."""

import math

import pytest
import torch
from torch import Tensor, nn

import laws
from feathermr.acquisition import Header
from feathermr.core.errors import ShapeError, UsageError
from feathermr.core.seeding import generator, seeded
from feathermr.models.implicit import FIELDS, Domain, build_field, domain_of, level_of, weight_of
from feathermr.models.implicit.splines import cubic
from feathermr.nn.sine import Sine

SMALL: dict[str, dict[str, int]] = {
    "factors": {"rank": 3, "resolutions": 2},
    "hash": {"resolutions": 3, "table": 7, "width": 8},
    "fourier": {"features": 8, "width": 8},
    "siren": {"layers": 3, "width": 16},
    "siren-wide": {"layers": 2, "width": 24},
}
TIMES = (0.1, 0.2, 0.3, 0.45, 0.6)
DOMAINS = {
    "image": Domain((7, 10), (2.0, 1.0)),
    "film": Domain((7, 10), (2.0, 1.0), TIMES),
    "film that ends": Domain((7, 10), (2.0, 1.0), TIMES, cyclic=False),
    "family": Domain((7, 10), (2.0, 1.0), TIMES, family=True),
    "family of images": Domain((7, 10), family=True),
}


def made(name: str, domain: Domain) -> nn.Module:
    field = build_field(name, domain, SMALL[name]).double()
    for index, parameter in enumerate(field.parameters()):
        source = generator(0, "field", index)
        drawn = torch.randn(parameter.shape, generator=source, dtype=parameter.dtype)
        parameter.data += 0.1 * drawn  # factors start at zero
    return field


def level(domain: Domain) -> Tensor | None:
    return torch.tensor(0.3, dtype=torch.float64) if domain.family else None


def film(field: nn.Module, domain: Domain) -> Tensor:
    values = field.on_grid(domain.rows, domain.columns, domain.instants, level(domain))  # type: ignore[operator]
    assert isinstance(values, Tensor)
    return values


def test_every_field_has_a_case() -> None:
    assert set(SMALL) == set(FIELDS)


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("domain", DOMAINS.values(), ids=DOMAINS)
def test_a_grid_is_the_field_at_its_points(name: str, domain: Domain) -> None:
    field = made(name, domain)
    values = film(field, domain)
    assert values.shape == (len(domain.times), 7, 10)
    assert values.dtype == torch.complex128
    y, x, t = domain.rows[5], domain.columns[2], domain.instants[-1]
    point = [x, y] + [t] * domain.timed
    one = field(torch.stack([level(domain)] * domain.family + point)[None])
    laws.assert_equal(one[0].detach(), values[-1, 5, 2].detach(), 1e-10)


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("domain", DOMAINS.values(), ids=DOMAINS)
def test_every_parameter_gets_a_gradient(name: str, domain: Domain) -> None:
    field = made(name, domain)
    film(field, domain).abs().square().sum().backward()
    for key, parameter in field.named_parameters():
        if not parameter.requires_grad:
            assert (name, key, domain.timed) == ("factors", "courses", False)
            continue
        assert parameter.grad is not None, key
        assert bool(parameter.grad.any()), key


@pytest.mark.parametrize("name", FIELDS)
def test_the_same_seed_gives_the_same_parameters(name: str) -> None:
    one, same, other = (
        nn.utils.parameters_to_vector(
            build_field(name, DOMAINS["film"], SMALL[name], seed).parameters()
        )
        for seed in (1, 1, 2)
    )
    assert torch.equal(one, same)
    assert name == "factors" or not torch.equal(one, other)


@pytest.mark.parametrize("name", FIELDS)
def test_points_of_other_axes_are_refused(name: str) -> None:
    with pytest.raises(ShapeError, match="3 values a point"):
        made(name, DOMAINS["film"])(torch.zeros(4, 2, dtype=torch.float64))


def test_sizes_are_those_of_the_paper() -> None:
    domain = Domain((8, 8), times=TIMES)
    for name, layers, width in (("siren", 12, 256), ("siren-wide", 8, 512)):
        count = sum(each.numel() for each in build_field(name, domain).parameters())
        hidden = (layers - 1) * (width * width + width)
        assert count == 3 * width + width + hidden + 2 * width + 2


def test_sines_keep_their_spread_through_many_layers() -> None:
    with seeded(3):
        layers = [Sine(2, 256, first=True), *(Sine(256, 256) for _ in range(9))]
        values = torch.rand(2000, 2) * 2 - 1
    for layer in layers:
        values = layer(values)
    # the arcsine distribution of a sine of a wide argument
    assert float(values.detach().std()) == pytest.approx(math.sqrt(0.5), abs=0.03)


def test_one_factor_serves_both_axes_of_an_image() -> None:
    domain = Domain((6, 9), (0.004, 0.002))
    assert domain.half_width == pytest.approx(0.012)
    assert domain.rows.tolist() == pytest.approx([-1, -2 / 3, -1 / 3, 0, 1 / 3, 2 / 3])
    assert domain.columns[4] == 0
    assert float(domain.columns[5]) == pytest.approx(1 / 6)
    assert domain.metres(domain.rows)[1] == pytest.approx(-0.008)
    laws.assert_equal(domain.pixels(domain.rows, 0), torch.arange(6).double(), 1e-12)


def test_time_is_that_of_the_header_and_of_one_period_if_cyclic() -> None:
    header = Header(frame_times=(0.0, 0.1, 0.3))
    ended = domain_of(header, (8, 8), 3, cyclic=False)
    assert ended.instants.tolist() == pytest.approx([-1, -1 / 3, 1])
    assert ended.steps.tolist() == pytest.approx([2 / 3, 4 / 3])
    assert ended.equal_times(4) == pytest.approx((0, 0.1, 0.2, 0.3))
    round_and_round = domain_of(header, (8, 8), 3, cyclic=True)
    assert round_and_round.duration == pytest.approx(0.45)
    assert round_and_round.equal_times(3) == pytest.approx((0, 0.15, 0.3))
    there = round_and_round.instants
    assert round_and_round.seconds(there).tolist() == pytest.approx(header.frame_times)


def test_unknown_times_and_pixels_are_equal_steps() -> None:
    falling = Header(frame_times=(0.3, 0.2))
    domain = domain_of(falling, (8, 8), 2, cyclic=True)
    assert domain.timed_header(falling, (0.0, 0.5)).frame_times == ()
    assert domain.times == (0.0, 1.0)
    assert domain.pixel == (1.0, 1.0)


def test_a_weight_is_a_coordinate_in_its_logarithm() -> None:
    assert level_of(10**-2.5) == pytest.approx(0)
    assert level_of(1e-5) == -1
    assert level_of(3.0) == 1  # the end of the family
    assert weight_of(level_of(2e-4)) == pytest.approx(2e-4)
    with pytest.raises(UsageError, match="positive"):
        level_of(0)


@pytest.mark.parametrize("cyclic", [True, False])
def test_splines_hold_a_constant_and_are_smooth(cyclic: bool) -> None:
    t = torch.linspace(-1, 1, 4001, dtype=torch.float64)
    basis = cubic(t, 6, cyclic)
    laws.assert_equal(basis.sum(1), torch.ones_like(t), 1e-12)
    second = basis.diff(dim=0).diff(dim=0) / (t[1] - t[0]) ** 2
    assert float(second.diff(dim=0).abs().max()) < 0.2  # no jump: 9 intervals squared would be
    if cyclic:
        laws.assert_equal(basis[0], basis[-1], 1e-12)


def test_factors_hold_what_a_film_of_their_rank_is() -> None:
    # pixels are nodes of the finest grid, so that the values there are the parameters
    domain = DOMAINS["film"]
    field = build_field("factors", domain, {"rank": 1, "resolutions": 1}).double()
    parameters = dict(field.named_parameters())
    image = torch.arange(70, dtype=torch.float64).reshape(7, 10)
    parameters["images.0"].data[0, 0] = image
    with torch.no_grad():
        laws.assert_equal(film(field, domain)[2].real, image, 1e-10)
