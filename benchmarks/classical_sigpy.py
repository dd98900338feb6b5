"""SigPy in the benchmark: its own MRI applications, in this process."""

import time
import warnings

import numba
import numpy as np
import sigpy
import sigpy.mri.app
from classical_cases import Case
from classical_tool import (
    DEFAULT,
    ESPIRIT_CENTER,
    ESPIRIT_CROP,
    ESPIRIT_KERNEL,
    ESPIRIT_THRESHOLD,
    PEER_ITERATIONS,
    PEER_WEIGHT,
    THREADS,
    TIKHONOV,
    Job,
)


class SigPy:
    """Scored at the best weight of the sweep on the very scan."""

    name = "SigPy"
    version = str(sigpy.__version__)
    own_weights = False

    def __init__(self) -> None:
        numba.set_num_threads(min(THREADS, numba.config.NUMBA_NUM_THREADS))
        self.arrays: dict[str, tuple[np.ndarray, np.ndarray]] = {}

    def iterations(self, task: str) -> int:
        """As many as SigPy's default, for both peers."""
        return PEER_ITERATIONS

    def middle_weight(self, task: str) -> float:
        """The data are scaled alike for all tools."""
        return PEER_WEIGHT

    def prepare(self, case: Case) -> None:
        """Keep plain arrays."""
        self.arrays[case.name] = case.kspace, case.maps

    def run(self, job: Job) -> tuple[np.ndarray, float]:
        """Image or maps, and seconds from arrays to them, making the application included."""
        kspace, maps = self.arrays[job.case.name]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            start = time.perf_counter()
            result = self._application(job, kspace, maps).run()
            seconds = time.perf_counter() - start
        return (result if result.ndim == 3 else result[None]), seconds

    def overhead(self, job: Job) -> float:
        """None: everything happens in this process."""
        return 0.0

    def _application(self, job: Job, kspace: np.ndarray, maps: np.ndarray) -> sigpy.app.App:
        if job.task == "espirit":
            if job.iterations == DEFAULT:
                return sigpy.mri.app.EspiritCalib(kspace[0], show_pbar=False)
            return sigpy.mri.app.EspiritCalib(
                kspace[0],
                calib_width=ESPIRIT_CENTER,
                thresh=ESPIRIT_THRESHOLD,
                kernel_width=ESPIRIT_KERNEL,
                crop=ESPIRIT_CROP,
                max_iter=job.iterations,
                show_pbar=False,
            )
        if job.task == "temporal-tv":
            return _temporal(kspace, maps, job)
        kind = {
            "cg-sense": sigpy.mri.app.SenseRecon,
            "l1-wavelet": sigpy.mri.app.L1WaveletRecon,
            "tv": sigpy.mri.app.TotalVariationRecon,
        }[job.task]
        weight = TIKHONOV if job.task == "cg-sense" else job.weight
        return kind(kspace[0], maps, weight, max_iter=job.iterations, show_pbar=False)


def _temporal(kspace: np.ndarray, maps: np.ndarray, job: Job) -> sigpy.app.App:
    """What TotalVariationRecon is, with differences along time only and one coil."""
    mask = (np.abs(kspace[:, 0]) > 0).astype(kspace.dtype)
    coil = sigpy.linop.Multiply(mask.shape, maps)
    operator = (
        sigpy.linop.Multiply(mask.shape, mask) * sigpy.linop.FFT(mask.shape, axes=(-2, -1)) * coil
    )
    differences = sigpy.linop.FiniteDifference(mask.shape, axes=(0,))
    return sigpy.app.LinearLeastSquares(
        operator,
        np.ascontiguousarray(kspace[:, 0]),
        proxg=sigpy.prox.L1Reg(differences.oshape, job.weight),
        G=differences,
        max_iter=job.iterations,
        show_pbar=False,
    )
