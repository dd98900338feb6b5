"""A quick total-variation image, for a network to start from."""

import torch
from torch import Tensor

from feathermr.operators import Differences, Encoding
from feathermr.solvers import admm, joint_threshold

#: of the total variation in units of the noise variance, for images of about 1
WEIGHT = 8.0
#: threshold of the split, which sets the speed
THRESHOLD = 0.2
#: half a decibel from the limit in the worst case, a third of the time
ITERATIONS, INNER_ITERATIONS = 10, 5


@torch.no_grad()
def total_variation_image(adjoint: Tensor, encoding: Encoding, noise: Tensor) -> Tensor:
    """``min_x 0.5 ||A x - y||^2 + WEIGHT noise^2 sum |grad x|_2``, a few iterations of ADMM.

    No gradient passes. Block, Uecker and Frahm 2007, doi:10.1002/mrm.21236.

    Args:
        adjoint: ``A^H y`` (slice, frame, y, x), in units of bright tissue.
        encoding: ``A``.
        noise: standard deviation of each slice's samples (slice,).
    """
    return admm(
        encoding.normal,
        adjoint,
        Differences(encoding.domain, (-2, -1)),
        lambda split: joint_threshold(split, THRESHOLD),
        penalty=(WEIGHT / THRESHOLD * noise.square()).reshape(-1, 1, 1, 1),
        iterations=ITERATIONS,
        inner_iterations=INNER_ITERATIONS,
    )
