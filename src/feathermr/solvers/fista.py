"""Accelerated proximal gradients."""

from collections.abc import Callable

from torch import Tensor

from feathermr.core.progress import Progress, silent


def fista(
    gradient: Callable[[Tensor], Tensor],
    prox: Callable[[Tensor], Tensor],
    initial: Tensor,
    *,
    step: float,
    iterations: int,
    progress: Progress = silent,
) -> Tensor:
    """Minimise ``f(x) + g(x)`` by ``x <- prox(z - step grad f(z))`` with Nesterov's momentum.

    Args:
        gradient: of the smooth ``f``.
        prox: of ``step * g``.
        initial: start.
        step: at most one over the Lipschitz constant of the gradient.
        iterations: one gradient and one prox each.
        progress: told after each iteration.

    Beck and Teboulle 2009, doi:10.1137/080716542.
    """
    solution = moved = initial
    momentum = 1.0
    for iteration in range(iterations):
        previous = solution
        solution = prox(moved - step * gradient(moved))
        following = (1 + (1 + 4 * momentum**2) ** 0.5) / 2
        moved = solution + ((momentum - 1) / following) * (solution - previous)
        momentum = following
        progress(iteration + 1, iterations)
    return solution
