"""Total variation in time."""

from dataclasses import dataclass

from torch import Tensor

from feathermr.acquisition import Acquisition
from feathermr.calibration import Calibration
from feathermr.core.progress import Progress, silent
from feathermr.operators import Differences
from feathermr.recon.problem import Problem
from feathermr.recon.reconstruction import Reconstruction
from feathermr.recon.runner import need_frames, run
from feathermr.solvers import Split, admm, soft_threshold

#: threshold of the split, in units of bright tissue; sets the speed, not the solution
THRESHOLD = 0.04
#: iterations of CG in each of ADMM: fewer lose the directions already found too often
INNER_ITERATIONS = 4


@dataclass(frozen=True)
class TemporalTotalVariation:
    """Sparse changes in time: ``min_x 0.5 ||A x - y||^2 + lambda sum |D_t x|``.

    ``lambda`` is ``weight`` times the noise (`Problem.weight`). By ADMM; for time series.
    Feng et al. 2014, doi:10.1002/mrm.24980.

    Attributes:
        weight: of the total variation in units of the noise variance, for images of about 1.
        iterations: of ADMM.
        cyclic: whether the first frame follows the last, as in a gated heart beat; false for
            real-time films and contrast uptake.
        calibration: ``espirit`` or ``walsh``.
    """

    weight: float = 25.0
    iterations: int = 25
    cyclic: bool = True
    calibration: Calibration = "espirit"

    def __call__(self, acquisition: Acquisition, *, progress: Progress = silent) -> Reconstruction:
        """Reconstruct one scan of several frames."""
        need_frames(acquisition, "temporal-tv")
        return run(
            "temporal-tv",
            self,
            acquisition,
            self.solve,
            calibration=self.calibration,
            progress=progress,
        )

    def solve(self, problem: Problem, progress: Progress = silent) -> Tensor:
        """The image (1, frame, y, x) of a problem of one slice."""
        operator = problem.encoding
        return admm(
            operator.normal,
            operator.H(problem.acquisition.kspace),
            Split(
                Differences(operator.domain, (-3,), self.cyclic),
                lambda split: soft_threshold(split, THRESHOLD),
                problem.weight(self.weight) / THRESHOLD,
            ),
            iterations=(self.iterations, INNER_ITERATIONS),
            progress=progress,
        )
