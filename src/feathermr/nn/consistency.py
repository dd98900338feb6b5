"""The step that returns an image to what was measured."""

import math
from typing import final

import torch
from torch import Tensor, nn

from feathermr.core.errors import UsageError
from feathermr.operators import LinearOperator
from feathermr.solvers import cg


@final
class Consistency(nn.Module):
    """``x = argmin_x ||A x - y||^2 + lambda ||x - z||^2``, by conjugate gradients from ``z``.

    The weight ``lambda`` is learned and kept positive by a softplus. Many coils and one coil go
    the same way; with one coil the first iteration is exact::

        (F x)_k = (y_k + lambda (F z)_k) / (1 + lambda) where sampled, (F z)_k elsewhere

    so that ``lambda`` near 0 puts the samples back as they are. Gradients pass through the
    iterations to ``z``, ``A^H y`` and ``lambda``.

    Aggarwal et al. 2019, doi:10.1109/TMI.2018.2865356.

    Args:
        iterations: of CG; one application of ``A^H A`` each, and one to start.
        initial_weight: ``lambda`` before training, for images of about 1.

    Raises:
        UsageError: no iteration, or a weight that is not positive.
    """

    def __init__(self, iterations: int = 6, initial_weight: float = 0.05) -> None:
        super().__init__()
        if iterations < 1 or not 0 < initial_weight < math.inf:
            raise UsageError(
                f"consistency takes at least one iteration and a positive weight, not "
                f"{iterations} and {initial_weight}"
            )
        self.iterations = iterations
        self.raw_weight = nn.Parameter(torch.tensor(_inverse_softplus(initial_weight)))

    @property
    def weight(self) -> Tensor:
        """``lambda``."""
        return nn.functional.softplus(self.raw_weight)

    def forward(self, image: Tensor, adjoint: Tensor, encoding: LinearOperator) -> Tensor:
        """The image nearest to ``image`` that agrees with the samples.

        Args:
            image: ``z`` (slice, frame, y, x).
            adjoint: ``A^H y``, of the same shape.
            encoding: ``A``.
        """
        weight = self.weight
        return cg(
            lambda x: encoding.normal(x) + weight * x,
            adjoint + weight * image,
            iterations=self.iterations,
            initial=image,
        )


def _inverse_softplus(value: float) -> float:
    return value + math.log(-math.expm1(-value))
