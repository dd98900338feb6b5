"""Iterative SENSE."""

from dataclasses import dataclass, replace

from torch import Tensor

from feathermr.acquisition import Acquisition
from feathermr.calibration import Calibration
from feathermr.core.progress import Progress, silent
from feathermr.recon.problem import Problem
from feathermr.recon.reconstruction import Reconstruction
from feathermr.recon.runner import as_slices, run
from feathermr.solvers import cg


@dataclass(frozen=True)
class CgSense:
    """Least squares with coil maps: ``min_x ||A x - y||^2 + lambda ||x||^2`` by CG.

    ``lambda`` is ``weight`` times the variance of the noise.
    Pruessmann et al. 2001, doi:10.1002/mrm.1241.

    Attributes:
        weight: Tikhonov weight in units of the noise variance, for images of about 1.
        iterations: of CG.
        calibration: ``espirit`` or ``walsh``.
    """

    weight: float = 45.0
    iterations: int = 30
    calibration: Calibration = "espirit"

    def __call__(self, acquisition: Acquisition, *, progress: Progress = silent) -> Reconstruction:
        """Reconstruct one scan."""
        return run(
            "cg-sense",
            self,
            acquisition,
            self.solve,
            calibration=self.calibration,
            progress=progress,
        )

    def solve(self, problem: Problem, progress: Progress = silent) -> Tensor:
        """The image (1, frame, y, x) of a problem of one slice."""
        frames = as_slices(problem)
        operator = frames.encoding
        # map errors do not count: shrinking every pixel is no cure for them
        weight = replace(problem, map_error=0.0).weight(self.weight)
        image = cg(
            lambda x: operator.normal(x) + weight * x,
            operator.H(frames.acquisition.kspace),
            iterations=self.iterations,
            tolerance=1e-6,
        )
        return image.transpose(0, 1)
