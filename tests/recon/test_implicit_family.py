"""A field for every lambda: joined from one a knot, as good as a fit of its own, interrupted."""

from dataclasses import replace

import pytest
import torch

import laws
import synthetic
from feathermr.core.seeding import generator
from feathermr.models.implicit import (
    Domain,
    Factors,
    build_field,
    domain_of,
    joined,
    level_knots,
    level_of,
    weight_of,
)
from feathermr.models.implicit.grid import film_of, grid_of
from feathermr.recon.held_out import split
from feathermr.recon.implicit_family import fit_family
from feathermr.recon.implicit_fit import FitConfig, fit
from feathermr.recon.implicit_objective import Weights, variation
from feathermr.recon.problem import pose

FILM = Domain((9, 7), (2.0, 1.5), (0.0, 0.1, 0.25, 0.3))
DOMAINS = {
    "film": FILM,
    "film that ends": replace(FILM, cyclic=False),
    "image": replace(FILM, times=(0.0,)),
}


def members(domain: Domain, rank: int = 2) -> list[Factors]:
    """Random ones, one a knot."""
    made = []
    for index in range(len(level_knots())):
        one = build_field("factors", domain, {"rank": rank, "resolutions": 3}).double()
        assert isinstance(one, Factors)
        for place, parameter in enumerate(one.parameters()):
            source = generator(0, "member", index, place)
            if parameter.requires_grad:
                drawn = torch.randn(parameter.shape, generator=source, dtype=parameter.dtype)
                parameter.data = drawn
        made.append(one.requires_grad_(False))
    return made


@pytest.mark.parametrize("domain", DOMAINS.values(), ids=DOMAINS)
def test_the_joined_field_is_each_member_at_its_knot_and_linear_between(domain: Domain) -> None:
    alone = members(domain)
    whole = joined(alone).requires_grad_(False)
    y, x = domain.rows[:-1] + 0.03, domain.columns[:-1] + 0.01  # between the pixels too
    t = domain.instants + 0.02
    knots = [torch.tensor(knot, dtype=torch.float64) for knot in level_knots()]
    films = [one.on_grid(y, x, t) for one in alone]
    for knot, film in zip(knots, films, strict=True):
        laws.assert_equal(whole.on_grid(y, x, t, knot), film, 1e-9)
    between = whole.on_grid(y, x, t, 0.25 * knots[2] + 0.75 * knots[3])
    laws.assert_equal(between, 0.25 * films[2] + 0.75 * films[3], 1e-9)


def test_of_too_many_images_the_strongest_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = members(FILM)
    monkeypatch.setattr("feathermr.models.implicit.family.RANK", 6)
    whole = joined(alone)
    assert whole.rank == 6
    grid = grid_of(FILM, whole.courses)
    matrix = torch.stack([film_of(one, grid).flatten(1) for one in alone]).flatten(0, 1)
    levels = torch.tensor(level_knots(), dtype=torch.float64)
    found = torch.stack([film_of(whole, grid, level).flatten(1) for level in levels])
    lost = float((found.flatten(0, 1) - matrix).norm())
    least = float(torch.linalg.svdvals(matrix)[6:].norm())
    assert least < lost < 1.5 * least  # of the coefficients, not the frames, it is the least


def test_at_every_lambda_it_is_about_what_a_fit_of_its_own_reaches() -> None:
    scan = synthetic.accelerated(synthetic.scan(1, 6, 3, (32, 24), noise=0.02), center=6)
    samples = split(pose(scan))
    film = domain_of(scan.header, scan.shape, 6, cyclic=True)
    config = FitConfig(60, 0.03, 1e-2, 0.15, optimiser="lbfgs")

    def first() -> Factors:
        field = build_field("factors", film)
        assert isinstance(field, Factors)
        return field

    def objective(one: torch.Tensor, weight: float) -> float:
        misfit, _ = samples.fitted.misfit(one[None])
        return 0.5 * misfit + float(variation(one, film, Weights(weight, 0.15 * weight)))

    with torch.no_grad():
        whole, outcome = fit_family(first(), samples, config)
        grid = grid_of(film, whole.courses)
        assert outcome.steps > 60
        for exponent in (-4, -2, -1.25):
            weight, own = 10.0**exponent, first()
            fit(own, samples, replace(config, steps=100, weight=weight, stop=False))
            level = torch.tensor(level_of(weight))
            found = objective(film_of(whole, grid, level), weight)
            assert found < 1.2 * objective(film_of(own, grid), weight)


@pytest.mark.parametrize("stopped", [3, 60])
def test_an_interrupt_leaves_a_whole_family(stopped: int) -> None:
    scan = synthetic.accelerated(synthetic.scan(1, 6, 2, (16, 12), noise=0.02), center=4)
    field = build_field("factors", domain_of(scan.header, scan.shape, 6, cyclic=True))
    assert isinstance(field, Factors)

    def progress(done: int, total: int) -> None:
        assert done <= total
        if done >= stopped:
            raise KeyboardInterrupt

    with torch.no_grad():
        config = FitConfig(40, 0.03, 1e-2, 0.15, optimiser="lbfgs")
        whole, outcome = fit_family(field, split(pose(scan)), config, progress)
        grid = grid_of(whole.domain, whole.courses)
        films = [film_of(whole, grid, torch.tensor(knot)) for knot in level_knots()]
    assert outcome.interrupted
    assert all(float(film.abs().sum()) > 0 for film in films)
    assert weight_of(level_knots()[0]) == pytest.approx(1e-5)
