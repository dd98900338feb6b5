"""BART in the benchmark: its command line, with files on a RAM disk where there is one."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import numpy as np
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

TIME_AXIS = 10


class Bart:
    """Scored at the best weight of the sweep on the very scan."""

    name = "BART"
    own_weights = False

    def __init__(self, scratch: Path) -> None:
        program = shutil.which("bart")
        if program is None:
            raise FileNotFoundError("bart")
        self.program = program
        self.scratch = scratch
        self.environment = {**os.environ, "OMP_NUM_THREADS": str(THREADS)}
        self.version = self._call("version").removeprefix("v").strip()

    def iterations(self, task: str) -> int:
        """As many as SigPy's default, for both peers."""
        return PEER_ITERATIONS

    def middle_weight(self, task: str) -> float:
        """The data are scaled alike for all tools."""
        return PEER_WEIGHT

    def prepare(self, case: Case) -> None:
        """Write k-space and maps; x is READ, so that nothing is transposed."""
        frames, coils, height, width = case.kspace.shape
        sizes = (width, height, 1, coils)
        time_sizes = (*sizes, *(1,) * (TIME_AXIS - 4), frames) if frames > 1 else sizes
        _write(self._file(case, "kspace"), case.kspace, time_sizes)
        _write(self._file(case, "maps"), case.maps, sizes)

    def run(self, job: Job) -> tuple[np.ndarray, float]:
        """Image or maps, and wall time of the process with its input and output."""
        words = self.command(job)
        start = time.perf_counter()
        self._call(*words)
        seconds = time.perf_counter() - start
        frames, coils, height, width = job.case.kspace.shape
        first = coils if job.task == "espirit" else frames
        result = np.fromfile(f"{words[-1]}.cfl", dtype=np.complex64)
        return result.reshape(first, height, width), seconds

    def overhead(self, job: Job) -> float:
        """Wall time of a process that reads and writes files of the same sizes."""
        start = time.perf_counter()
        self._call(*self.empty_command(job))
        return time.perf_counter() - start

    def command(self, job: Job) -> list[str]:
        """The words after ``bart``; the last one is the output."""
        inputs = [str(self._file(job.case, name)) for name in ("kspace", "maps")]
        output = str(self.scratch / "output")
        if job.task == "espirit":
            words = ["ecalib", "-m1"]
            if job.iterations != DEFAULT:
                words += [f"-r{ESPIRIT_CENTER}", f"-k{ESPIRIT_KERNEL}"]
                words += [f"-t{ESPIRIT_THRESHOLD**2:g}", f"-c{ESPIRIT_CROP}"]  # of squared values
            return [*words, inputs[0], output]
        words = ["pics", "-S", "-d0", f"-i{job.iterations}"]
        regularisation = {
            "cg-sense": ["-l2", "-r", str(TIKHONOV)],
            "l1-wavelet": ["-R", f"W:3:0:{job.weight:g}"],
            "tv": ["-R", f"T:3:0:{job.weight:g}"],
            "temporal-tv": ["-R", f"T:{1 << TIME_AXIS}:0:{job.weight:g}"],
        }[job.task]
        return [*words, *regularisation, *inputs, output]

    def empty_command(self, job: Job) -> list[str]:
        """Copy k-space to maps, or sum the product of k-space and maps over coils."""
        inputs = [str(self._file(job.case, name)) for name in ("kspace", "maps")]
        output = str(self.scratch / "empty")
        if job.task == "espirit":
            return ["copy", inputs[0], output]
        return ["fmac", "-s8", *inputs, output]

    def _file(self, case: Case, name: str) -> Path:
        return self.scratch / f"{case.name.replace(' ', '-')}-{name}"

    def _call(self, *words: str) -> str:
        command = [self.program, *words]
        finished = subprocess.run(command, env=self.environment, capture_output=True, text=True)
        if finished.returncode:
            raise RuntimeError(f"bart {' '.join(words)}: {finished.stderr.strip()}")
        return finished.stdout


def _write(path: Path, array: np.ndarray, sizes: tuple[int, ...]) -> None:
    sizes = (*sizes, *(1,) * (16 - len(sizes)))
    path.with_name(path.name + ".hdr").write_text(f"# Dimensions\n{' '.join(map(str, sizes))}\n")
    array.astype(np.complex64).tofile(path.with_name(path.name + ".cfl"))
