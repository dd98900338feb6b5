"""Films at any time by a trained network."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor, nn

from feathermr.acquisition import Acquisition
from feathermr.calibration import Calibration
from feathermr.core.errors import DataError
from feathermr.core.progress import Progress, silent
from feathermr.models.implicit.coordinates import domain_of
from feathermr.models.unrolled import Continuous, frames_of
from feathermr.models.weights import Trained, shipped
from feathermr.recon.network_answer import Given, check_finite, mismatch, noted, ready
from feathermr.recon.problem import Problem
from feathermr.recon.reconstruction import Reconstruction
from feathermr.recon.runner import Method, need_frames, run


class Timed(Method, Protocol):
    """A method whose film can be asked for at other times; the fields are those of `LiifRdn3d`."""

    @property
    def times(self) -> int:
        """Frames to give."""
        ...

    @property
    def cyclic(self) -> bool:
        """Whether the first frame follows the last."""
        ...


@dataclass(frozen=True)
class LiifRdn3d:
    """Trained: a film at any time between its frames, by a light network of space and time.

    One coil or many, about 4 to 8 frames of a heart beat, 3 to 6 times undersampled, best with
    lines that change from frame to frame. Trained on simulated films alone; its card says how.

    Attributes:
        calibration: how coil maps are estimated when the scan has none.
        times: frames to give, equally spaced over the film; 0 for those of the scan.
        cyclic: whether the first frame follows the last, as in a gated heart beat; false for
            real-time films.
    """

    calibration: Calibration = "espirit"
    times: int = 0
    cyclic: bool = True

    def __call__(self, acquisition: Acquisition, *, progress: Progress = silent) -> Reconstruction:
        """Reconstruct one scan of several frames."""
        trained = self.trained()
        return self.by(ready(trained, acquisition), trained, acquisition, progress=progress)

    def trained(self) -> Trained:
        """The network and its parameters."""
        return shipped("liif-rdn3d")

    def by(
        self,
        network: nn.Module,
        trained: Trained,
        acquisition: Acquisition,
        *,
        progress: Progress = silent,
    ) -> Reconstruction:
        """Reconstruct one scan by a network that does the same; see `Learned`."""
        need_frames(acquisition, "liif-rdn3d")
        given = Given(network, trained, acquisition, self.calibration)
        return at_times("liif-rdn3d", self, given, progress)


def at_times(name: str, method: Timed, given: Given, progress: Progress = silent) -> Reconstruction:
    """Every slice by a network that gives the film at any time.

    Args:
        name: of the method.
        method: its settings.
        given: the network and the scan.
        progress: told after each step.

    Raises:
        DataError: the network takes films of another length.
    """
    network, acquisition = given.network, given.acquisition
    kspace = acquisition.kspace
    assert isinstance(network, Continuous)
    header, frames = acquisition.header, acquisition.n_frames
    if frames_of(network) not in (0, frames):
        raise DataError(
            f"this network takes films of {frames_of(network)} frames, but the scan has {frames}; "
            "use another method, e.g. -m kronecker-cine"
        )
    shape = (kspace.shape[-2], kspace.shape[-1])
    domain = domain_of(header, shape, frames, cyclic=method.cyclic)
    seconds = domain.equal_times(method.times) if method.times else domain.times
    own = torch.arange(frames, dtype=torch.float64)
    times = torch.cat([domain.frames(torch.tensor(seconds, dtype=torch.float64)), own])
    mismatches: list[float] = []

    def solve(problem: Problem, progress: Progress) -> Tensor:
        scan = problem.acquisition
        film = network.at(
            scan.kspace, problem.encoding, times.to(scan.kspace.device), cyclic=method.cyclic
        )
        check_finite(film)
        mismatches.append(mismatch(problem, film[:, len(seconds) :]))
        return film[:, : len(seconds)]

    done = run(name, method, acquisition, solve, calibration=given.calibration, progress=progress)
    if method.times and header.frame_times:
        done = replace(done, header=replace(done.header, frame_times=seconds))
    return noted(done, given.trained, mismatches)
