"""Least squares with few edges: total variation in space."""

from collections.abc import Callable

import torch
from torch import Tensor

from feathermr.core.fft import frequencies, plain_fft, plain_ifft
from feathermr.core.kept import kept
from feathermr.core.progress import Progress, silent
from feathermr.operators import Differences, Encoding, LinearOperator
from feathermr.solvers.admm import Split, admm
from feathermr.solvers.proximal import joint_threshold

#: threshold of the split for images of about 1; it sets the speed, not the solution
THRESHOLD = 0.1
#: added to the spectrum of the system, which may be zero
FLOOR = 1e-4


def total_variation(
    encoding: LinearOperator,
    adjoint: Tensor,
    weight: float | Tensor,
    *,
    iterations: int = 20,
    inner_iterations: int = 5,
    progress: Progress = silent,
) -> Tensor:
    """``min_x 0.5 ||A x - y||^2 + weight sum |grad x|_2``, isotropic, by ADMM.

    The linear system of each iteration is solved by conjugate gradients that are preconditioned by
    the circulant matrix nearest to it, ``F^H (p + penalty |d|^2)^-1 F`` with the spectrum ``p`` of
    ``A^H A`` (`Encoding.spectrum`; of other operators it is not known, and they go without) and
    ``|d|^2`` of the Laplacian.

    Block, Uecker and Frahm 2007, doi:10.1002/mrm.21236; Koolstra et al. 2019,
    doi:10.1002/mrm.27371.

    Args:
        encoding: ``A`` of an image (slice, frame, y, x).
        adjoint: ``A^H y``, for images of about 1.
        weight: positive; one, or one a slice (slice, 1, 1, 1).
        iterations: of ADMM.
        inner_iterations: of CG in each; fewer lose the directions already found too often.
        progress: told after each iteration.
    """
    penalty = weight / THRESHOLD
    return admm(
        encoding.normal,
        adjoint,
        Split(
            Differences(encoding.domain, (-2, -1)),
            lambda split: joint_threshold(split, THRESHOLD),
            penalty,
        ),
        iterations=(iterations, inner_iterations),
        precondition=_circulant(encoding, penalty) if isinstance(encoding, Encoding) else None,
        progress=progress,
    )


def _circulant(encoding: Encoding, penalty: float | Tensor) -> Callable[[Tensor], Tensor]:
    """The inverse of the circulant matrix nearest to ``A^H A + penalty D^H D``.

    But for a phase that all coils share, which is put aside: it moves frequencies.
    """
    maps = encoding.coil_maps
    shape = (maps.shape[-2], maps.shape[-1])
    laplacian = laplacian_spectrum(shape, maps.real.dtype, maps.device)
    phase = encoding.common_phase()
    inverse = 1 / (encoding.spectrum(phase) + penalty * laplacian + FLOOR)
    return lambda residual: phase.conj() * plain_ifft(inverse * plain_fft(phase * residual))


@kept
def laplacian_spectrum(shape: tuple[int, int], dtype: torch.dtype, device: torch.device) -> Tensor:
    """``4 sin^2(pi k_y) + 4 sin^2(pi k_x)`` (y, x) of frequencies in cycles a pixel, zero first."""
    y, x = (4 * (torch.pi * frequencies(size)).sin().square() for size in shape)
    return (y[:, None] + x[None, :]).to(device, dtype)
