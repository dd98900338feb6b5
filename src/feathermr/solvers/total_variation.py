"""Least squares with few edges: total variation in space."""

from torch import Tensor

from feathermr.core.progress import Progress, silent
from feathermr.operators import Differences, LinearOperator
from feathermr.solvers.admm import admm
from feathermr.solvers.proximal import joint_threshold

#: threshold of the split for images of about 1; it sets the speed, not the solution
THRESHOLD = 0.2


def total_variation(
    encoding: LinearOperator,
    adjoint: Tensor,
    weight: float | Tensor,
    *,
    iterations: int = 20,
    inner_iterations: int = 8,
    progress: Progress = silent,
) -> Tensor:
    """``min_x 0.5 ||A x - y||^2 + weight sum |grad x|_2``, isotropic, by ADMM.

    Block, Uecker and Frahm 2007, doi:10.1002/mrm.21236.

    Args:
        encoding: ``A`` of an image (slice, frame, y, x).
        adjoint: ``A^H y``, for images of about 1.
        weight: positive; one, or one a slice (slice, 1, 1, 1).
        iterations: of ADMM.
        inner_iterations: of CG in each; fewer lose the directions already found too often.
        progress: told after each iteration.
    """
    return admm(
        encoding.normal,
        adjoint,
        Differences(encoding.domain, (-2, -1)),
        lambda split: joint_threshold(split, THRESHOLD),
        penalty=weight / THRESHOLD,
        iterations=(iterations, inner_iterations),
        progress=progress,
    )
