"""The alternating direction method of multipliers for least squares with a sparse transform."""

from collections.abc import Callable

import torch
from torch import Tensor

from feathermr.core.progress import Progress, silent
from feathermr.operators import LinearOperator
from feathermr.solvers.conjugate_gradient import cg

#: over-relaxation: the middle of the range recommended by Boyd et al. (section 3.4.3)
RELAXATION = 1.6


def admm(
    normal: Callable[[Tensor], Tensor],
    right_side: Tensor,
    transform: LinearOperator,
    prox: Callable[[Tensor], Tensor],
    *,
    penalty: float | Tensor,
    iterations: tuple[int, int],
    initial: Tensor | None = None,
    precondition: Callable[[Tensor], Tensor] | None = None,
    progress: Progress = silent,
) -> Tensor:
    """Minimise ``0.5 ||A x - y||^2 + g(T x)`` for each item of the first axis of the image.

    With ``z = T x`` split off and a scaled multiplier ``u``::

        x <- (A^H A + penalty T^H T)^-1 (A^H y + penalty T^H (z - u))     by CG, warm started
        z <- prox(T x + u),   u <- u + T x - z                            over-relaxed

    Args:
        normal: ``A^H A``.
        right_side: ``A^H y``.
        transform: ``T``.
        prox: of ``g / penalty``.
        penalty: weight of the split, one or one an item; it changes the speed, not the solution.
        iterations: of the three steps, and of CG in each.
        initial: image to start from; ``A^H y`` by default.
        precondition: an approximate inverse of ``A^H A + penalty T^H T``, for CG.
        progress: told after each iteration.

    Boyd et al. 2011, doi:10.1561/2200000016.
    """

    def system(image: Tensor) -> Tensor:
        return normal(image) + penalty * transform.normal(image)

    steps, inner_iterations = iterations
    solution = right_side if initial is None else initial
    split = prox(transform(solution))
    multiplier = torch.zeros_like(split)
    for iteration in range(steps):
        target = right_side + penalty * transform.H(split - multiplier)
        solution = cg(
            system,
            target,
            iterations=inner_iterations,
            initial=solution,
            precondition=precondition,
        )
        relaxed = RELAXATION * transform(solution) + (1 - RELAXATION) * split
        split = prox(relaxed + multiplier)
        multiplier = multiplier + relaxed - split
        progress(iteration + 1, steps)
    return solution
