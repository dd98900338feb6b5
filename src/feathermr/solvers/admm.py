"""The alternating direction method of multipliers for least squares with a sparse transform."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from feathermr.core.progress import Progress, silent
from feathermr.operators import LinearOperator
from feathermr.solvers.conjugate_gradient import cg

#: over-relaxation: the middle of the range recommended by Boyd et al. (section 3.4.3)
RELAXATION = 1.6


@dataclass(frozen=True)
class Split:
    """What is split off: ``g(T x)``.

    Attributes:
        transform: ``T``.
        prox: of ``g / penalty``.
        penalty: weight of the split, one or one an item; it changes the speed, not the solution.
    """

    transform: LinearOperator
    prox: Callable[[Tensor], Tensor]
    penalty: float | Tensor


def admm(
    normal: Callable[[Tensor], Tensor],
    right_side: Tensor,
    split: Split,
    *,
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
        split: ``g`` and ``T``.
        iterations: of the three steps, and of CG in each.
        initial: image to start from; ``A^H y`` by default.
        precondition: an approximate inverse of ``A^H A + penalty T^H T``, for CG.
        progress: told after each iteration.

    Boyd et al. 2011, doi:10.1561/2200000016.
    """
    transform, prox, penalty = split.transform, split.prox, split.penalty

    def system(image: Tensor) -> Tensor:
        return normal(image) + penalty * transform.normal(image)

    steps, inner_iterations = iterations
    solution = right_side if initial is None else initial
    sparse = prox(transform(solution))
    multiplier = torch.zeros_like(sparse)
    for iteration in range(steps):
        target = right_side + penalty * transform.H(sparse - multiplier)
        solution = cg(
            system,
            target,
            iterations=inner_iterations,
            initial=solution,
            precondition=precondition,
        )
        relaxed = RELAXATION * transform(solution) + (1 - RELAXATION) * sparse
        sparse = prox(relaxed + multiplier)
        multiplier = multiplier + relaxed - sparse
        progress(iteration + 1, steps)
    return solution
