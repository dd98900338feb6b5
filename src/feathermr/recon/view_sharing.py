"""View sharing: what a frame lacks is taken from the frames nearest in time."""

from dataclasses import dataclass

import torch
from torch import Tensor

from feathermr.acquisition import Acquisition
from feathermr.calibration import Calibration
from feathermr.core.progress import Progress, silent
from feathermr.operators import Coils, Fourier
from feathermr.recon.problem import Problem
from feathermr.recon.reconstruction import Reconstruction
from feathermr.recon.runner import need_frames, run


@dataclass(frozen=True)
class ViewSharing:
    """Sliding window: each position of k-space from the nearest frame that sampled it.

    ``x = C^H F^H w`` with ``w(f, k)`` the sample of frame ``f`` at ``k`` where there is one, else
    that of the nearest frame in time, or the mean of two equally near. What no frame sampled stays
    zero. For time series.
    Riederer et al. 1988, doi:10.1002/mrm.1910080101.

    Attributes:
        farthest: largest distance in frames that a sample is taken from; 0 for no limit.
        cyclic: whether the first frame follows the last, as in a gated heart beat; false for
            real-time films and contrast uptake.
        calibration: ``espirit`` or ``walsh``.
    """

    farthest: int = 0
    cyclic: bool = True
    calibration: Calibration = "espirit"

    def __call__(self, acquisition: Acquisition, *, progress: Progress = silent) -> Reconstruction:
        """Reconstruct one scan of several frames."""
        need_frames(acquisition, "view-sharing")
        return run(
            "view-sharing",
            self,
            acquisition,
            self.solve,
            calibration=self.calibration,
            progress=progress,
        )

    def solve(self, problem: Problem, progress: Progress = silent) -> Tensor:
        """The image (1, frame, y, x) of a problem of one slice."""
        scan, operator = problem.acquisition, problem.encoding
        shared = share_views(scan.kspace, scan.mask, farthest=self.farthest, cyclic=self.cyclic)
        coils = Coils(operator.coil_maps, operator.domain)
        return coils.H(Fourier(coils.codomain).H(shared))


def share_views(kspace: Tensor, mask: Tensor, *, farthest: int = 0, cyclic: bool = True) -> Tensor:
    """K-space whose gaps are filled from the nearest frames.

    Args:
        kspace: (slice, frame, coil, y, x), zero where it was not sampled.
        mask: boolean, broadcasts to ``kspace``.
        farthest: largest distance in frames; 0 for no limit.
        cyclic: whether the first frame follows the last.

    Example:
        >>> kspace = torch.tensor([3.0, 0.0, 5.0, 0.0]).reshape(1, 4, 1, 1, 1)
        >>> share_views(kspace, kspace != 0).flatten().tolist()
        [3.0, 4.0, 5.0, 4.0]
    """
    frames = kspace.shape[1]
    known = mask.expand(mask.shape[0], frames, *mask.shape[2:])
    shared, filled = kspace, known
    largest = frames // 2 if cyclic else frames - 1
    for distance in range(1, min(largest, farthest or largest) + 1):
        if bool(filled.all()):
            break
        earlier, later = (_moved(kspace, step, cyclic) for step in (distance, -distance))
        counts = _moved(known, distance, cyclic).int() + _moved(known, -distance, cyclic).int()
        found = (counts > 0) & ~filled
        shared = torch.where(found, (earlier + later) / counts.clamp_min(1), shared)
        filled = filled | found
    return shared


def _moved(array: Tensor, step: int, cyclic: bool) -> Tensor:
    """The array ``step`` frames later; zeros come in where the frames do not wrap around."""
    moved = array.roll(step, 1)
    if not cyclic:
        moved[:, slice(0, step) if step > 0 else slice(step, None)] = 0
    return moved
