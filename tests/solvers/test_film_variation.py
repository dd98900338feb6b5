"""Total variation of films: the limit of many iterations, and its start."""

import torch
from torch import Tensor

import laws
import synthetic
from feathermr.operators import Differences, Encoding, encoding
from feathermr.solvers import film_variation
from feathermr.solvers.film_variation import IN_SPACE

DOUBLE = torch.complex128


def problem(slices: int = 1) -> tuple[Encoding, Tensor]:
    film = synthetic.scan(slices, 5, 3, (14, 11), noise=0.02, dtype=DOUBLE)
    scan = synthetic.accelerated(film, keep=0.25, center=4)
    return encoding(scan), encoding(scan).H(scan.kspace)


def objective(operator: Encoding, adjoint: Tensor, film: Tensor, weight: float) -> float:
    """``0.5 <x, A^H A x> - <x, A^H y>`` and the total variation, up to a constant."""
    time, *space = Differences(tuple(film.shape), (-3, -2, -1))(film)
    edges = torch.stack(space).abs().square().sum(0).sqrt().sum()
    quadratic = (film.conj() * (0.5 * operator.normal(film) - adjoint)).real.sum()
    return float(quadratic + weight * (time.abs().sum() + IN_SPACE * edges))


def test_the_limit_is_the_minimum_wherever_it_starts() -> None:
    operator, adjoint = problem()
    weight = 0.02
    zero = torch.zeros_like(adjoint)
    first, second = (
        film_variation(operator, adjoint, weight, start, iterations=300)
        for start in (adjoint, zero)
    )
    laws.assert_equal(first, second, 1e-3)
    lowest = objective(operator, adjoint, first, weight)
    assert lowest < objective(operator, adjoint, adjoint, weight)
    for number in range(6):
        step = laws.random_array(operator.domain, "step", number)
        for size in (1e-2, 1e-3):
            moved = first + size * step * first.norm() / step.norm()
            assert objective(operator, adjoint, moved, weight) > lowest


def test_a_few_iterations_bring_a_start_most_of_the_way() -> None:
    operator, adjoint = problem()
    weight = 0.02
    limit = film_variation(operator, adjoint, weight, adjoint, iterations=300)
    lowest = objective(operator, adjoint, limit, weight)
    few = film_variation(operator, adjoint, weight, adjoint)
    left = objective(operator, adjoint, few, weight) - lowest
    assert -1e-6 < left < 0.2 * (objective(operator, adjoint, adjoint, weight) - lowest)


def test_each_slice_has_its_weight() -> None:
    operator, adjoint = problem(slices=2)
    weights = torch.tensor([0.005, 0.1], dtype=torch.float64).reshape(-1, 1, 1, 1)
    both = film_variation(operator, adjoint, weights, adjoint)
    for index in (0, 1):
        part = slice(index, index + 1)
        alone = film_variation(
            Encoding(operator.mask[part], operator.coil_maps, 5),
            adjoint[part],
            float(weights[index]),
            adjoint[part],
        )
        laws.assert_equal(both[part], alone, 1e-8)
