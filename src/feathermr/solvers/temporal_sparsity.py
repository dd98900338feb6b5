"""Least squares with few temporal frequencies."""

from torch import Tensor

from feathermr.core.fft import plain_fft, plain_ifft
from feathermr.core.progress import Progress, silent
from feathermr.operators import LinearOperator
from feathermr.solvers.fista import fista
from feathermr.solvers.proximal import soft_threshold

#: the first threshold over the last: large ones find the strong frequencies soon
FIRST = 30.0


def temporal_sparsity(
    encoding: LinearOperator,
    adjoint: Tensor,
    weight: float | Tensor,
    *,
    iterations: int = 20,
    progress: Progress = silent,
) -> Tensor:
    """``min_x 0.5 ||A x - y||^2 + weight ||F_t x||_1`` by FISTA.

    The threshold falls from iteration to iteration to ``weight``, so that few iterations do.
    Lustig et al. 2006 (k-t SPARSE, ISMRM, page 2420); Jung et al. 2009,
    doi:10.1002/mrm.21757; falling thresholds: Hale, Yin and Zhang 2008, doi:10.1137/070698920.

    Args:
        encoding: ``A`` of a film (slice, frame, y, x), with ``||A|| <= 1``.
        adjoint: ``A^H y``, for images of about 1.
        weight: positive; one, or one a slice (slice, 1, 1, 1).
        iterations: of FISTA.
        progress: told after each iteration.
    """
    left = iter(range(iterations - 1, -1, -1))

    def prox(film: Tensor) -> Tensor:
        share = next(left) / max(1, iterations - 1)
        threshold = weight * (1 + (FIRST - 1) * share**2)
        # centring would only turn the phases of the frequencies, which a threshold does not see
        return plain_ifft(soft_threshold(plain_fft(film, (-3,)), threshold), (-3,))

    return fista(
        lambda film: encoding.normal(film) - adjoint,
        prox,
        adjoint,
        step=1.0,
        iterations=iterations,
        progress=progress,
    )
