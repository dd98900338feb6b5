"""Compressed sensing with wavelets."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from feathermr.acquisition import Acquisition
from feathermr.calibration import Calibration
from feathermr.core.progress import Progress, silent
from feathermr.core.seeding import generator
from feathermr.operators import Wavelet
from feathermr.recon.phase import Phase
from feathermr.recon.problem import Problem
from feathermr.recon.reconstruction import Reconstruction
from feathermr.recon.runner import as_slices, run
from feathermr.solvers import fista, soft_threshold


@dataclass(frozen=True)
class L1Wavelet:
    """Sparse wavelet coefficients: ``min_x 0.5 ||A x - y||^2 + lambda ||W x||_1``.

    ``lambda`` is ``weight`` times the noise (`Problem.weight`). By FISTA from the
    zero-filled image. The wavelet grid is shifted at random in every iteration, which takes the
    blocks out of the image: cycle spinning, Coifman and Donoho 1995,
    doi:10.1007/978-1-4612-2544-7_9. Lustig, Donoho and Pauly 2007, doi:10.1002/mrm.21391.

    Attributes:
        weight: of the sparsity in units of the noise variance, for images of about 1.
        iterations: of FISTA; more sharpen less and less, and let noise in.
        wavelet: ``haar``, ``db2``, ``db3`` or ``db4``.
        levels: of the transform; the approximation is thresholded too, so few levels pull the
            whole image down where the mask leaves it free.
        calibration: ``espirit`` or ``walsh``.
        phase: ``auto``: the smooth phase that held-out samples of a still scan ask for is taken
            into the operator; ``none``: it never is.
    """

    weight: float = 12.0
    iterations: int = 80
    wavelet: Literal["haar", "db2", "db3", "db4"] = "db4"
    levels: int = 5
    calibration: Calibration = "espirit"
    phase: Phase = "auto"

    def __call__(self, acquisition: Acquisition, *, progress: Progress = silent) -> Reconstruction:
        """Reconstruct one scan."""
        return run(
            "l1-wavelet",
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
        transform = Wavelet(operator.domain, self.wavelet, self.levels)
        threshold = problem.weight(self.weight)
        right_side = operator.H(frames.acquisition.kspace)
        shifts = generator(0, "l1-wavelet")

        def prox(image: Tensor) -> Tensor:
            shift = torch.randint(0, 16, (2,), generator=shifts).tolist()
            moved = image.roll(shift, dims=(-2, -1))
            sparse = transform.H(soft_threshold(transform(moved), threshold))
            return sparse.roll([-s for s in shift], dims=(-2, -1))

        # the coil maps' root-sum-of-squares is at most 1, so A^H A is too and the step may be 1
        image = fista(
            lambda z: operator.normal(z) - right_side,
            prox,
            right_side,
            step=1.0,
            iterations=self.iterations,
            progress=progress,
        )
        return image.transpose(0, 1)
