"""Sparsity over temporal frequency."""

from dataclasses import dataclass

from torch import Tensor

from feathermr.acquisition import Acquisition
from feathermr.calibration import Calibration
from feathermr.core.progress import Progress, silent
from feathermr.recon.problem import Problem
from feathermr.recon.reconstruction import Reconstruction
from feathermr.recon.runner import need_frames, run
from feathermr.solvers import temporal_sparsity


@dataclass(frozen=True)
class KtL1:
    """Few pixels over temporal frequency: ``min_x 0.5 ||A x - y||^2 + lambda ||F_t x||_1``.

    ``lambda`` is ``weight`` times the noise (`Problem.weight`). The mean over the frames, frequency
    zero, is weighed like the others: free, it would leave what no frame sampled at zero. By FISTA
    from the zero-filled series with a falling threshold; for time series, best for one heart beat,
    which is periodic.
    Lustig et al. 2006 (k-t SPARSE, ISMRM, page 2420); Jung et al. 2009, doi:10.1002/mrm.21757.

    Attributes:
        weight: of the sparsity in units of the noise variance, for images of about 1.
        iterations: of FISTA.
        calibration: ``espirit`` or ``walsh``.
    """

    weight: float = 14.0
    iterations: int = 20
    calibration: Calibration = "espirit"

    def __call__(self, acquisition: Acquisition, *, progress: Progress = silent) -> Reconstruction:
        """Reconstruct one scan of several frames."""
        need_frames(acquisition, "kt-l1")
        return run(
            "kt-l1",
            self,
            acquisition,
            self.solve,
            calibration=self.calibration,
            progress=progress,
        )

    def solve(self, problem: Problem, progress: Progress = silent) -> Tensor:
        """The image (1, frame, y, x) of a problem of one slice."""
        operator = problem.encoding
        return temporal_sparsity(
            operator,
            operator.H(problem.acquisition.kspace),
            problem.weight(self.weight),
            iterations=self.iterations,
            progress=progress,
        )
