"""Low rank plus sparse."""

from dataclasses import dataclass

import torch
from torch import Tensor

from feathermr.acquisition import Acquisition
from feathermr.calibration import Calibration
from feathermr.core.progress import Progress, silent
from feathermr.operators import Fourier
from feathermr.recon.problem import Problem
from feathermr.recon.reconstruction import Reconstruction
from feathermr.recon.runner import need_frames, run
from feathermr.solvers import fista, singular_value_threshold, soft_threshold


@dataclass(frozen=True)
class LowRankSparse:
    """A still, low-rank background plus what is sparse over temporal frequency (L+S).

    ``min_{L,S} 0.5 ||A (L + S) - y||^2 + rank_weight s ||L||_* + lambda ||F_t S||_1`` with ``s``
    the largest singular value of the zero-filled series and ``lambda`` of ``sparse_weight`` times
    the variance of the noise; by FISTA over the pair. Otazo,
    Candes and Sodickson 2015, doi:10.1002/mrm.25240.

    Attributes:
        rank_weight: of the nuclear norm, as a share of the largest singular value.
        sparse_weight: of the sparsity in units of the noise variance, for images of about 1.
        iterations: of FISTA.
        calibration: ``espirit`` or ``walsh``.
    """

    rank_weight: float = 0.03
    sparse_weight: float = 14.0
    iterations: int = 60
    calibration: Calibration = "espirit"

    def __call__(self, acquisition: Acquisition, *, progress: Progress = silent) -> Reconstruction:
        """Reconstruct one scan of several frames."""
        need_frames(acquisition, "low-rank-sparse")
        return run(
            "low-rank-sparse",
            self,
            acquisition,
            self.solve,
            calibration=self.calibration,
            progress=progress,
        )

    def solve(self, problem: Problem, progress: Progress = silent) -> Tensor:
        """The image (1, frame, y, x) of a problem of one slice."""
        operator = problem.encoding
        right_side = operator.H(problem.acquisition.kspace)
        spectrum = Fourier(operator.domain, (-3,))
        largest = torch.linalg.matrix_norm(right_side.flatten(2), ord=2)
        # the gradient of the pair (L, S) is the same for both: its Lipschitz constant is 2 ||A||^2
        step = 0.5
        sparse_weight = problem.weight(self.sparse_weight)

        def gradient(pair: Tensor) -> Tensor:
            one = operator.normal(pair.sum(0)) - right_side
            return torch.stack([one, one])

        def prox(pair: Tensor) -> Tensor:
            low_rank = singular_value_threshold(
                pair[0].flatten(2), step * self.rank_weight * largest[..., None]
            )
            sparse = soft_threshold(spectrum(pair[1]), step * sparse_weight)
            return torch.stack([low_rank.reshape(pair[0].shape), spectrum.H(sparse)])

        start = torch.stack([right_side, torch.zeros_like(right_side)])
        return fista(
            gradient, prox, start, step=step, iterations=self.iterations, progress=progress
        ).sum(0)
