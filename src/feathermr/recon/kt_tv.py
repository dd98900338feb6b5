"""Few changes in time and few edges in space."""

from dataclasses import dataclass

from torch import Tensor

from feathermr.acquisition import Acquisition
from feathermr.calibration import Calibration
from feathermr.core.progress import Progress, silent
from feathermr.recon.kt_l1 import KtL1
from feathermr.recon.problem import Problem
from feathermr.recon.reconstruction import Reconstruction
from feathermr.recon.runner import need_frames, run
from feathermr.solvers import film_variation, temporal_sparsity


@dataclass(frozen=True)
class KtTotalVariation:
    """A film of few changes and edges: total variation in time and space, less than convex.

    ``min_x 0.5 ||A x - y||^2 + lambda (sum p(D_t x) + 0.25 sum p(|grad x|_2))`` by ADMM from the
    film of ``kt-l1``; see `film_variation`. ``lambda`` is ``weight`` times the noise
    (`Problem.weight`). Few iterations, because the penalty is not convex and what no frame sampled
    is best left near the start. It is where ``kronecker-cine`` begins.
    Feng et al. 2014, doi:10.1002/mrm.24980; Chartrand 2009, doi:10.1109/ISBI.2009.5193034.

    Attributes:
        weight: of the changes in units of the noise variance, for images of about 1.
        iterations: of ADMM.
        calibration: ``espirit`` or ``walsh``.
    """

    weight: float = 20.0
    iterations: int = 8
    calibration: Calibration = "espirit"

    def __call__(self, acquisition: Acquisition, *, progress: Progress = silent) -> Reconstruction:
        """Reconstruct one scan of several frames."""
        need_frames(acquisition, "kt-tv")
        return run(
            "kt-tv",
            self,
            acquisition,
            self.solve,
            calibration=self.calibration,
            progress=progress,
        )

    def solve(self, problem: Problem, progress: Progress = silent) -> Tensor:
        """The image (1, frame, y, x) of a problem of one slice."""
        operator = problem.encoding
        adjoint = operator.H(problem.acquisition.kspace)
        start = temporal_sparsity(operator, adjoint, problem.weight(KtL1.weight))
        return film_variation(
            operator,
            adjoint,
            problem.weight(self.weight),
            start,
            iterations=self.iterations,
            progress=progress,
        )
