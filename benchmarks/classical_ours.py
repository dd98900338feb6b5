"""FeatherMR in the benchmark, called as a user calls it."""

import time
from dataclasses import replace

import numpy as np
import torch
from classical_cases import Case
from classical_tool import DEFAULT, ESPIRIT_CROP, ESPIRIT_KERNEL, ESPIRIT_THRESHOLD, TIKHONOV, Job

from feathermr import METHODS, __version__
from feathermr.calibration import calibration_data, espirit_maps
from feathermr.operators import encoding
from feathermr.solvers import cg


class FeatherMR:
    """Scored at the default weights of the methods; the sweep is only shown."""

    name = "FeatherMR"
    version = __version__
    own_weights = True

    def iterations(self, task: str) -> int:
        """The default of the method."""
        return METHODS[task]().iterations

    def middle_weight(self, task: str) -> float:
        """The default of the method."""
        return METHODS[task]().weight

    def prepare(self, case: Case) -> None:
        """Nothing: the case is a record of this package."""

    def run(self, job: Job) -> tuple[np.ndarray, float]:
        """Image or maps, and seconds from the record to them."""
        start = time.perf_counter()
        compute = {"espirit": self._maps, "cg-sense": self._least_squares}
        result = compute.get(job.task, self._image)(job)
        return result.numpy(), time.perf_counter() - start

    def overhead(self, job: Job) -> float:
        """None: everything happens in this process."""
        return 0.0

    def _maps(self, job: Job) -> torch.Tensor:
        with torch.no_grad():
            samples, _ = calibration_data(job.case.scan)
            chosen = {}
            if job.iterations != DEFAULT:
                chosen = {
                    "kernel": ESPIRIT_KERNEL,
                    "threshold": ESPIRIT_THRESHOLD,
                    "crop": ESPIRIT_CROP,
                    "iterations": job.iterations,
                }
            return espirit_maps(samples, job.case.scan.shape, **chosen)[0, 0]

    def _image(self, job: Job) -> torch.Tensor:
        method = replace(METHODS[job.task](), weight=job.weight, iterations=job.iterations)
        return method(job.case.scan).image[0]

    def _least_squares(self, job: Job) -> torch.Tensor:
        """The operator and the solver themselves: a method's weight is in units of the noise."""
        with torch.no_grad():
            operator = encoding(job.case.scan)
            return cg(
                lambda image: operator.normal(image) + TIKHONOV * image,
                operator.H(job.case.scan.kspace),
                iterations=job.iterations,
            )[0]
