"""Sparsity over temporal frequency against closed forms and a long plain FISTA."""

import torch
from torch import Tensor

import laws
import synthetic
from feathermr.acquisition import Acquisition
from feathermr.operators import Encoding, Fourier, encoding
from feathermr.solvers import fista, soft_threshold, temporal_sparsity

DOUBLE = torch.complex128


def complete(slices: int, n_coils: int) -> Acquisition:
    return synthetic.scan(slices, 6, n_coils, (16, 11), noise=0.02, dtype=DOUBLE)


def problem(slices: int = 1, n_coils: int = 3) -> tuple[Encoding, Tensor]:
    scan = synthetic.accelerated(complete(slices, n_coils), keep=0.25, center=4)
    return encoding(scan), encoding(scan).H(scan.kspace)


def spectrum(film: Tensor) -> Tensor:
    return Fourier(tuple(film.shape), (-3,))(film)


def objective(operator: Encoding, adjoint: Tensor, film: Tensor, weight: float) -> float:
    """``0.5 <x, A^H A x> - <x, A^H y> + weight ||F_t x||_1``: the minimised up to a constant."""
    quadratic = (film.conj() * (0.5 * operator.normal(film) - adjoint)).real.sum()
    return float(quadratic + weight * spectrum(film).abs().sum())


def plain(operator: Encoding, adjoint: Tensor, weight: float, iterations: int) -> Tensor:
    transform = Fourier(operator.domain, (-3,))
    return fista(
        lambda film: operator.normal(film) - adjoint,
        lambda film: transform.H(soft_threshold(transform(film), weight)),
        adjoint,
        step=1.0,
        iterations=iterations,
    )


def test_falling_thresholds_take_a_third_of_the_iterations() -> None:
    film = synthetic.scan(1, 16, 1, (32, 22), noise=0.01, dtype=DOUBLE)
    scan = synthetic.accelerated(film, keep=0.1, center=4)
    operator, weight = encoding(scan), 14 * 0.01**2
    adjoint = operator.H(scan.kspace)
    lowest = objective(operator, adjoint, plain(operator, adjoint, weight, 600), weight)
    start = objective(operator, adjoint, adjoint, weight) - lowest
    found = temporal_sparsity(operator, adjoint, weight, iterations=20)
    left = (objective(operator, adjoint, found, weight) - lowest) / start
    fixed = plain(operator, adjoint, weight, 60)
    assert -1e-6 < left < 0.05
    assert left < (objective(operator, adjoint, fixed, weight) - lowest) / start


def test_with_complete_samples_the_film_is_one_threshold_of_its_spectrum() -> None:
    scan = complete(2, 1)
    operator = encoding(scan)
    adjoint = operator.H(scan.kspace)
    transform = Fourier(operator.domain, (-3,))
    expected = transform.H(soft_threshold(transform(adjoint), 0.02))
    assert 0.1 < float((transform(expected).abs() > 1e-9).double().mean()) < 0.9
    laws.assert_equal(temporal_sparsity(operator, adjoint, 0.02, iterations=3), expected)


def test_with_complete_samples_and_no_weight_it_is_least_squares() -> None:
    scan = complete(1, 3)
    assert scan.coil_maps is not None
    weaker = scan.coil_maps * torch.linspace(0.7, 1.0, 11)
    operator = Encoding(scan.mask, weaker, 6)
    adjoint = operator.H(scan.kspace)
    expected = adjoint / weaker.abs().square().sum(2)
    laws.assert_equal(temporal_sparsity(operator, adjoint, 0.0, iterations=150), expected, 1e-6)


def test_each_slice_has_its_weight() -> None:
    operator, adjoint = problem(slices=2)
    weights = torch.tensor([0.002, 0.2], dtype=torch.float64).reshape(-1, 1, 1, 1)
    both = temporal_sparsity(operator, adjoint, weights, iterations=6)
    for index in (0, 1):
        part = slice(index, index + 1)
        alone = temporal_sparsity(
            Encoding(operator.mask[part], operator.coil_maps, 6),
            adjoint[part],
            float(weights[index]),
            iterations=6,
        )
        laws.assert_equal(both[part], alone)


def test_a_weight_above_all_frequencies_leaves_nothing_and_progress_is_told() -> None:
    operator, adjoint = problem()
    told: list[tuple[int, int]] = []
    largest = float(spectrum(adjoint).abs().max())
    film = temporal_sparsity(
        operator,
        adjoint,
        1.01 * largest,
        iterations=2,
        progress=lambda done, total: told.append((done, total)),
    )
    assert not film.any()
    assert told == [(1, 2), (2, 2)]
