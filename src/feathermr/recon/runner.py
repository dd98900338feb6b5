"""What all methods share: pose the problem, solve it slice by slice, crop, and keep the record."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar, Protocol

import torch
from torch import Tensor

from feathermr import __version__
from feathermr.acquisition import Acquisition
from feathermr.core.crop import center_crop
from feathermr.core.errors import DataError, UsageError
from feathermr.core.progress import Progress, silent, tell
from feathermr.core.settings import Record
from feathermr.recon.phase import PHASES, Phase, with_smooth_phase
from feathermr.recon.problem import Problem, pose
from feathermr.recon.reconstruction import Cost, Provenance, Reconstruction


class Method(Protocol):
    """A frozen dataclass of settings that reconstructs when called."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    def __call__(self, acquisition: Acquisition, *, progress: Progress = silent) -> Reconstruction:
        """Reconstruct one scan."""
        ...


def run(
    name: str,
    method: Record,
    acquisition: Acquisition,
    solve: Callable[[Problem, Progress], Tensor],
    *,
    calibration: str = "espirit",
    phase: Phase = "none",
    progress: Progress = silent,
) -> Reconstruction:
    """Reconstruct every slice by ``solve`` and say how it went.

    Args:
        name: of the method.
        method: its settings.
        acquisition: the scan.
        solve: the image (1, frame, y, x) of a problem of one slice; tells its progress.
        calibration: how coil maps are estimated when the scan has none.
        phase: ``auto`` for methods whose image depends on its phase, see `with_smooth_phase`.
        progress: told after each step of each slice.

    Raises:
        UsageError: the phase is neither ``auto`` nor ``none``.
    """
    if phase not in PHASES:
        raise UsageError(f"phase must be one of {', '.join(PHASES)}, not '{phase}'")
    start = time.perf_counter()
    with torch.no_grad():
        problem = pose(acquisition, calibration)
        if phase == "auto":
            problem = with_smooth_phase(problem)
        images = []
        for index in range(acquisition.n_slices):
            part = within(progress, index, acquisition.n_slices)
            images.append(solve(problem.slice(index), part))
            part(1, 1)
        image = torch.cat(images) * problem.scale / problem.shading
    return finish(name, method, acquisition, image, start, problem)


def within(progress: Progress, index: int, slices: int) -> Progress:
    """Progress of one slice as a part of the scan's, in per cent of a slice."""
    return _Part(progress, index, slices)


@dataclass(frozen=True)
class _Part:
    whole: Progress
    index: int
    slices: int

    def __call__(self, done: int, total: int) -> None:
        self.whole(100 * self.index + 100 * done // total, 100 * self.slices)

    def tell(self, words: str) -> None:
        tell(self.whole, words)


def finish(
    name: str,
    method: Record,
    acquisition: Acquisition,
    image: Tensor,
    start: float,
    problem: Problem,
) -> Reconstruction:
    """Crop the image to what a viewer should show, and write its record."""
    shape = acquisition.header.image_shape
    notes = problem.notes
    if shape is not None and shape != tuple(image.shape[-2:]):
        notes = (*notes, "image cropped from {} x {} to {} x {}".format(*image.shape[-2:], *shape))
        image = center_crop(image, shape)
    return Reconstruction(
        image=image,
        scale=problem.scale,
        seconds=time.perf_counter() - start,
        cost=Cost(),
        provenance=Provenance(name, __version__, asdict(method), notes=notes),
        header=acquisition.header,
    )


def need_frames(acquisition: Acquisition, name: str) -> None:
    """Refuse a static scan.

    Raises:
        DataError: the scan has one frame.
    """
    if acquisition.n_frames < 2:
        raise DataError(
            f"{name} needs a time series, but the scan has one frame; use tv or l1-wavelet"
        )


def as_slices(problem: Problem) -> Problem:
    """The frames of a one-slice problem as slices: static methods solve each by itself."""
    scan = problem.acquisition
    maps = scan.coil_maps
    frames = scan.n_frames
    return replace(
        problem,
        acquisition=Acquisition(
            kspace=scan.kspace.transpose(0, 1),
            mask=scan.mask.transpose(0, 1),
            header=scan.header,
            coil_maps=None if maps is None else maps.expand(frames, *maps.shape[1:]),
        ),
    )
