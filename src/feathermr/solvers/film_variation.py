"""Least squares with few changes in time and few edges in space."""

import torch
from torch import Tensor

from feathermr.core.progress import Progress, silent
from feathermr.operators import Differences, LinearOperator
from feathermr.solvers.admm import Split, admm
from feathermr.solvers.proximal import joint_threshold, soft_threshold

#: threshold of the split for images of about 1; it sets the speed, not the solution
THRESHOLD = 0.06
#: power of the penalty: less than 1 keeps strong edges and fast changes as they are
POWER = 0.6
#: weight of the edges in space over that of the changes in time
IN_SPACE = 0.25


def film_variation(
    encoding: LinearOperator,
    adjoint: Tensor,
    weight: float | Tensor,
    initial: Tensor,
    *,
    iterations: int = 8,
    inner_iterations: int = 2,
    progress: Progress = silent,
) -> Tensor:
    """``min_x 0.5 ||A x - y||^2 + weight (sum p(D_t x) + 0.25 sum p(|grad x|_2))`` by ADMM.

    Total variation in time and in space together (Feng et al. 2014, doi:10.1002/mrm.24980; Block,
    Uecker and Frahm 2007, doi:10.1002/mrm.21236), with a penalty ``p`` that grows more slowly than
    the magnitude, so that it is not convex and depends on the start: Chartrand 2009,
    doi:10.1109/ISBI.2009.5193034.

    Args:
        encoding: ``A`` of a film (slice, frame, y, x).
        adjoint: ``A^H y``, for images of about 1.
        weight: positive; one, or one a slice (slice, 1, 1, 1).
        initial: film to start from; with few iterations it shows in the result.
        iterations: of ADMM.
        inner_iterations: of CG in each.
        progress: told after each iteration.
    """

    def prox(split: Tensor) -> Tensor:
        in_time = soft_threshold(split[:1], THRESHOLD, POWER)
        return torch.cat([in_time, joint_threshold(split[1:], IN_SPACE * THRESHOLD, power=POWER)])

    return admm(
        encoding.normal,
        adjoint,
        Split(Differences(encoding.domain, (-3, -2, -1)), prox, weight / THRESHOLD),
        iterations=(iterations, inner_iterations),
        initial=initial,
        progress=progress,
    )
