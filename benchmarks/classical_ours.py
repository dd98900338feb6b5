"""FeatherMR in the benchmark, called as a user calls it."""

import time
from dataclasses import replace

import numpy as np
import torch
from classical_cases import Case
from classical_tool import DEFAULT, ESPIRIT_CROP, ESPIRIT_KERNEL, ESPIRIT_THRESHOLD, TIKHONOV, Job

from feathermr import METHODS, __version__
from feathermr.calibration import calibration_data, espirit_maps


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
        result = self._maps(job) if job.task == "espirit" else self._image(job)
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
        weight = TIKHONOV if job.task == "cg-sense" else job.weight
        method = replace(METHODS[job.task](), weight=weight, iterations=job.iterations)
        return method(job.case.scan).image[0]
