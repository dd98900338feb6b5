"""What the benchmark asks of every tool."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from classical_cases import Case

#: of every library; the benchmark starts itself with this set
THREADS = int(os.environ.get("OMP_NUM_THREADS", "2"))
#: iterations that stand for a tool's own defaults of ESPIRiT
DEFAULT = 0
#: iterations of a peer's sparse reconstructions: SigPy's default
PEER_ITERATIONS = 100
#: where the sweep of a peer's weight begins; it goes on until its best is not at an end
PEER_WEIGHT = 0.01
CG_ITERATIONS = 30
#: Tikhonov weight of CG-SENSE, the same for all
TIKHONOV = 0.01
#: ESPIRiT with the same settings for all: size of the center, of the kernel, threshold of the
#: singular values, threshold of the eigenvalue, and power iterations where they can be chosen
ESPIRIT_CENTER, ESPIRIT_KERNEL, ESPIRIT_THRESHOLD, ESPIRIT_CROP = 24, 6, 0.02, 0.8


@dataclass(frozen=True)
class Job:
    """One thing to compute.

    Attributes:
        task: ``espirit``, ``cg-sense``, ``l1-wavelet``, ``tv`` or ``temporal-tv``.
        case: the scan.
        iterations: of the tool's solver; for ESPIRiT `DEFAULT` for all of its own settings.
        weight: of the sparsity in the tool's own convention; used by the last three tasks.
    """

    task: str
    case: Case
    iterations: int
    weight: float = 0.0


class Tool(Protocol):
    """A library that can do the jobs.

    Attributes:
        name: in tables.
        version: of the library.
        own_weights: whether it is scored at its default weights; else at the best of the sweep.
    """

    name: str
    version: str
    own_weights: bool

    def iterations(self, task: str) -> int:
        """How many are enough: the tool's default for the task."""
        ...

    def middle_weight(self, task: str) -> float:
        """Where the sweep of the weight begins: its middle."""
        ...

    def prepare(self, case: Case) -> None:
        """Put the scan into the library's own form, outside every timing."""
        ...

    def run(self, job: Job) -> tuple[np.ndarray, float]:
        """The image (frame, y, x), or maps (coil, y, x), and the seconds it took."""
        ...

    def overhead(self, job: Job) -> float:
        """Seconds of a call that starts, reads and writes the same but computes nothing."""
        ...
