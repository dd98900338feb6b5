"""Fits of fields: the gradient, the penalties, the samples kept apart, how a fit ends."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

import laws
import synthetic
from feathermr.core.seeding import generator
from feathermr.models.implicit import Domain, build_field, domain_of, weight_of
from feathermr.models.implicit.grid import film_of, grid_of
from feathermr.recon.held_out import held_out, split
from feathermr.recon.implicit_fit import FitConfig, Optimiser, fit, objective_gradient
from feathermr.recon.implicit_objective import (
    CORNER,
    Derivative,
    Weights,
    field_variation,
    variation,
)
from feathermr.recon.problem import Problem, pose

SHAPE, FRAMES = (14, 11), 5
TINY: dict[str, dict[str, int]] = {
    "factors": {"rank": 3, "resolutions": 2},
    "hash": {"resolutions": 2, "table": 6, "width": 8},
    "fourier": {"features": 6, "width": 8},
    "siren": {"layers": 2, "width": 12},
}
PENALISED = Weights(0.03, 0.02)


def posed(shape: tuple[int, int] = SHAPE, frames: int = FRAMES, coils: int = 2) -> Problem:
    complete = synthetic.scan(1, frames, coils, shape, noise=0.01, dtype=torch.complex128)
    return pose(synthetic.accelerated(complete, keep=0.4, center=5))


def field_for(name: str, domain: Domain) -> nn.Module:
    field = build_field(name, domain, TINY.get(name)).double()
    for parameter in field.parameters():  # factors start at zero
        parameter.data += 0.1 * torch.linspace(-1, 1, parameter.numel()).reshape(parameter.shape)
    return field


def gradients(field: nn.Module) -> Tensor:
    return torch.cat([one.grad.flatten() for one in field.parameters() if one.grad is not None])


def whole_film(field: nn.Module, level: Tensor | None) -> Tensor:
    grid = grid_of(field.domain, next(field.parameters()))  # type: ignore[arg-type]
    film = field.on_grid(grid.y, grid.x, grid.t, level)  # type: ignore[operator]
    assert isinstance(film, Tensor)
    return film


@pytest.mark.parametrize("name", TINY)
@pytest.mark.parametrize("family", [False, True])
@pytest.mark.parametrize("cyclic", [False, True])
def test_the_gradient_in_two_passes_is_that_of_the_objective(
    name: str, family: bool, cyclic: bool
) -> None:
    problem = posed()
    times = replace(problem.acquisition.header, frame_times=(0.0, 0.1, 0.25, 0.3, 0.4))
    domain = domain_of(times, SHAPE, FRAMES, cyclic=cyclic, family=family)
    field, samples = field_for(name, domain), split(problem)
    level = torch.tensor(0.2, dtype=torch.float64) if family else None
    film = whole_film(field, level)
    assert samples.held_out is not None
    scan, encoding = problem.acquisition, samples.fitted.encoding
    fitted = scan.kspace * encoding.mask
    misfit = (encoding(film[None]) - fitted).abs().square().sum()
    (0.5 * misfit + variation(film, domain, PENALISED)).backward()
    wanted = gradients(field).clone()
    field.zero_grad()
    # a few points at a time: parts of one frame, and of some of its rows
    config = FitConfig(1, 0.1, 0.0, 0.0, largest=40 * field.floats_per_point)  # type: ignore[operator]
    found = objective_gradient(
        field,  # type: ignore[arg-type]
        grid_of(domain, film.real),
        samples,
        PENALISED,
        config,
        level,
    )
    assert found[0] == pytest.approx(float(misfit.detach()), rel=1e-10)
    assert found[1] == pytest.approx(float(variation(film.detach(), domain, PENALISED)))
    laws.assert_equal(gradients(field), wanted, 1e-10)


@pytest.mark.parametrize("name", TINY)
def test_derivatives_of_the_field_are_the_limit_of_differences(name: str) -> None:
    domain = Domain((6, 5), (2.0, 1.5), (0.0, 0.1, 0.25, 0.4), cyclic=False)
    field = field_for(name, domain)
    grid = grid_of(domain, next(field.parameters()))
    # off the nodes of interpolated fields, where they have no derivative
    y, x, t = grid.y + 0.013, grid.x + 0.007, grid.t[:-1] + 0.011
    small, on = 1e-6, field.on_grid
    with torch.no_grad():
        in_time = (on(y, x, t + small) - on(y, x, t - small)) / (2 * small)  # type: ignore[operator]
        down = (on(y + small, x, t) - on(y - small, x, t)) / (2 * small)  # type: ignore[operator]
        along = (on(y, x + small, t) - on(y, x - small, t)) / (2 * small)  # type: ignore[operator]
    pixel = 3**0.5 / 6  # metres over those that are 1
    frame = 2 / 3  # three intervals over a length of two
    for weights, squares in (
        (Weights(1.0, 0.0), (frame * in_time).abs().square()),
        (Weights(0.0, 1.0), (pixel * down).abs().square() + (pixel * along).abs().square()),
    ):
        wanted = float(((squares + CORNER**2).sqrt() - CORNER).sum())
        found = field_variation(field, (y, x, t), None, weights)  # type: ignore[arg-type]
        assert float(found.detach()) == pytest.approx(wanted, rel=1e-4)
        assert wanted > 0.01


def test_the_gradient_holds_derivatives_of_the_field() -> None:
    problem, domain = posed(), Domain(SHAPE, times=(0.0, 1.0, 2.0, 3.0, 4.0))
    field, samples = field_for("siren", domain), split(problem)
    film = whole_film(field, None)
    fitted = problem.acquisition.kspace * samples.fitted.encoding.mask
    misfit = (samples.fitted.encoding(film[None]) - fitted).abs().square().sum()
    grid = grid_of(domain, film.real)
    penalty = field_variation(field, (grid.y, grid.x, grid.t), None, PENALISED)  # type: ignore[arg-type]
    (0.5 * misfit + penalty).backward()
    wanted = gradients(field).clone()
    field.zero_grad()
    config = FitConfig(1, 0.1, 0.0, 0.0, "autograd", largest=40 * field.floats_per_point)  # type: ignore[operator]
    objective_gradient(field, grid, samples, PENALISED, config)  # type: ignore[arg-type]
    laws.assert_equal(gradients(field), wanted, 1e-10)


def test_a_steady_change_counts_once_an_interval_and_pixel() -> None:
    domain = Domain((4, 6), (2.0, 0.5), (0.0, 0.1, 0.3), cyclic=False)
    t = torch.tensor(domain.times, dtype=torch.float64)[:, None, None]
    growing = (3 * t / 0.15).expand(3, 4, 6).to(torch.complex128)  # by 3 an interval of 0.15 s
    found = variation(growing, domain, Weights(0.5, 0.0))
    assert float(found) == pytest.approx(0.5 * 3 * 2 * 24, rel=1e-3)
    x = torch.arange(6, dtype=torch.float64).expand(3, 4, 6) * 0.5  # by 1 a metre, pixels of 1
    found = variation(x.to(torch.complex128), domain, Weights(0.0, 1.0))
    assert float(found) == pytest.approx(3 * 4 * 5, rel=1e-2)


@pytest.mark.parametrize("along", [-2, -1])
def test_lines_held_out_are_sampled_ones_outside_of_the_center(along: int) -> None:
    lines = synthetic.line_mask(48, 6, keep=0.4, center=8)
    mask = lines if along == -2 else lines.mT
    shape = (48, 30) if along == -2 else (30, 48)
    apart = held_out(mask, 6, shape, 0.1)
    assert bool((apart <= mask).all())
    outside = mask.sum() - 6 * 8
    assert int(apart.sum()) == pytest.approx(0.1 * int(outside), abs=2)
    center = apart.movedim(along, -1)[..., 20:28]
    assert not bool(center.any())
    assert torch.equal(apart, held_out(mask, 6, shape, 0.1))
    assert not torch.equal(apart, held_out(mask, 6, shape, 0.1, seed=1))


def test_points_are_held_out_one_by_one_and_of_a_complete_scan_none() -> None:
    points = torch.rand(1, 1, 1, 40, 30, generator=generator(0, "points")) < 0.3
    points[..., 14:26, 9:21] = True
    apart = held_out(points, 3, (40, 30), 0.05)
    assert apart.shape == (1, 3, 1, 40, 30)
    assert int(apart.sum()) == pytest.approx(0.05 * 3 * (int(points.sum()) - 144), abs=8)
    assert not bool(apart[..., 14:26, 9:21].any())
    complete = torch.ones(1, 1, 1, 1, 1, dtype=torch.bool)
    assert not bool(held_out(complete, 3, (40, 30)).any())


def test_samples_held_out_are_never_fitted() -> None:
    problem = posed()
    apart = split(problem).held_out
    assert apart is not None
    scan = problem.acquisition
    other = replace(scan, kspace=scan.kspace + 5 * apart.encoding.mask)
    films = []
    for given in (scan, other):
        domain = domain_of(given.header, SHAPE, FRAMES, cyclic=True)
        field, samples = field_for("factors", domain), split(replace(problem, acquisition=given))
        with torch.no_grad():  # too few looks to stop early
            fit(field, samples, FitConfig(3, 0.05, 0.01, 0.3))  # type: ignore[arg-type]
        films.append(film_of(field, grid_of(domain, next(field.parameters()))))  # type: ignore[arg-type]
    assert torch.equal(*films)


FITS: dict[str, FitConfig] = {
    "factors": FitConfig(80, 0.03, 0.002, 0.3, optimiser="lbfgs"),
    "hash": FitConfig(80, 0.02, 0.002, 0.3),
    "fourier": FitConfig(150, 5e-3, 0.002, 0.3),
    "siren": FitConfig(200, 1e-3, 0.002, 0.3),
}


@pytest.mark.parametrize("name", FITS)
def test_a_film_is_recovered_better_than_by_zero_filling(name: str) -> None:
    scan = synthetic.accelerated(synthetic.scan(1, 6, 3, (32, 24), noise=0.005), center=6)
    assert scan.reference is not None
    problem = pose(scan)
    domain = domain_of(scan.header, scan.shape, scan.n_frames, cyclic=True)
    settings = {"siren": {"layers": 3, "width": 64}}
    field = build_field(name, domain, settings.get(name))
    with torch.no_grad():
        outcome = fit(field, split(problem), FITS[name])  # type: ignore[arg-type]
        film = film_of(field, grid_of(domain, next(field.parameters())))  # type: ignore[arg-type]
    zero_filled = problem.encoding.H(problem.acquisition.kspace)
    truth = scan.reference / problem.scale
    assert synthetic.nmse(film[None], truth) < 0.5 * synthetic.nmse(zero_filled, truth)
    assert outcome.held_out is not None
    assert outcome.held_out < 1
    assert not outcome.interrupted


@pytest.mark.parametrize("optimiser", ["adam", "lbfgs"])
def test_an_interrupt_keeps_the_best_so_far(optimiser: Optimiser) -> None:
    problem = posed()
    domain = domain_of(problem.acquisition.header, SHAPE, FRAMES, cyclic=True)
    field, samples = field_for("factors", domain), split(problem)

    def progress(done: int, total: int) -> None:
        if done == 35:
            raise KeyboardInterrupt

    with torch.no_grad():
        outcome = fit(
            field, samples, FitConfig(50, 0.03, 0.002, 0.3, optimiser=optimiser), progress
        )  # type: ignore[arg-type]
    assert outcome.interrupted
    assert outcome.steps in (25, 30, 35)
    film = film_of(field, grid_of(domain, next(field.parameters())))  # type: ignore[arg-type]
    assert samples.held_out is not None
    assert samples.held_out.error(film[None]) == pytest.approx(outcome.held_out, rel=1e-9)


def test_a_fit_stops_when_the_held_out_samples_are_described_no_better() -> None:
    problem = posed()
    domain = domain_of(problem.acquisition.header, SHAPE, FRAMES, cyclic=True)
    field, samples = field_for("factors", domain), split(problem)
    told: list[int] = []
    with torch.no_grad():  # without penalties the noise is fitted soon
        outcome = fit(
            field,  # type: ignore[arg-type]
            samples,
            FitConfig(2000, 0.05, 0.0, 0.0),
            lambda done, total: told.append(done),
        )
    assert outcome.steps < told[-1] < 2000


def test_one_fit_of_a_family_is_smoother_in_time_the_larger_lambda_is() -> None:
    scan = synthetic.accelerated(synthetic.scan(1, 6, 3, (32, 24), noise=0.02), center=6)
    problem = pose(scan)
    domain = domain_of(scan.header, scan.shape, 6, cyclic=True, family=True)
    field = build_field("hash", domain, {"width": 16})
    with torch.no_grad():
        fit(field, split(problem), FitConfig(150, 0.03, 0.0, 0.0, stop=False))  # type: ignore[arg-type]
        grid = grid_of(domain, next(field.parameters()))
        films = [
            film_of(field, grid, torch.tensor(level))  # type: ignore[arg-type]
            for level in (-1.0, 0.2, 1.0)
        ]
    changes = [float(film.diff(dim=0).abs().sum() / film.abs().sum()) for film in films]
    assert weight_of(-1.0) == pytest.approx(1e-5)
    assert changes[0] > 1.1 * changes[1] > 1.5 * changes[2]


DERIVATIVES: tuple[Derivative, ...] = ("difference", "autograd")


@pytest.mark.parametrize("derivative", DERIVATIVES)
def test_a_penalty_makes_a_film_smoother(derivative: Derivative) -> None:
    problem = posed()
    domain = domain_of(problem.acquisition.header, SHAPE, FRAMES, cyclic=True)
    changes = []
    for weight in (0.0, 0.3):
        field = field_for("siren", domain)
        with torch.no_grad():
            fit(field, split(problem), FitConfig(60, 3e-3, weight, 0.0, derivative))  # type: ignore[arg-type]
        film = film_of(field, grid_of(domain, next(field.parameters())))  # type: ignore[arg-type]
        changes.append(float(film.diff(dim=0).abs().sum()))
    assert changes[1] < 0.7 * changes[0]
