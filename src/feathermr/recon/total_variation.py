"""Total variation in space."""

from dataclasses import dataclass

from torch import Tensor

from feathermr.acquisition import Acquisition
from feathermr.calibration import Calibration
from feathermr.core.progress import Progress, silent
from feathermr.recon.phase import Phase
from feathermr.recon.problem import Problem
from feathermr.recon.reconstruction import Reconstruction
from feathermr.recon.runner import as_slices, run
from feathermr.solvers import total_variation


@dataclass(frozen=True)
class TotalVariation:
    """Sparse gradients in space: ``min_x 0.5 ||A x - y||^2 + lambda sum |grad x|_2``.

    Isotropic; ``lambda`` is ``weight`` times the noise (`Problem.weight`). By ADMM.
    Block, Uecker and Frahm 2007, doi:10.1002/mrm.21236.

    Attributes:
        weight: of the total variation in units of the noise variance, for images of about 1.
        iterations: of ADMM.
        calibration: ``espirit`` or ``walsh``.
        phase: ``auto``: the smooth phase that held-out samples of a still scan ask for is taken
            into the operator; ``none``: it never is.
    """

    weight: float = 8.0
    iterations: int = 20
    calibration: Calibration = "espirit"
    phase: Phase = "auto"

    def __call__(self, acquisition: Acquisition, *, progress: Progress = silent) -> Reconstruction:
        """Reconstruct one scan."""
        return run(
            "tv",
            self,
            acquisition,
            self.solve,
            calibration=self.calibration,
            phase=self.phase,
            progress=progress,
        )

    def solve(self, problem: Problem, progress: Progress = silent) -> Tensor:
        """The image (1, frame, y, x) of a problem of one slice."""
        frames = as_slices(problem)
        operator = frames.encoding
        image = total_variation(
            operator,
            operator.H(frames.acquisition.kspace),
            problem.weight(self.weight),
            iterations=self.iterations,
            progress=progress,
        )
        return image.transpose(0, 1)
