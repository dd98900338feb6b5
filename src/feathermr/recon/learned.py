"""Reconstruction by a trained network: one that ships, or one of the user's own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from feathermr.acquisition import Acquisition
from feathermr.calibration import Calibration
from feathermr.core.errors import DataError, UsageError
from feathermr.core.progress import Progress, silent
from feathermr.models.unrolled import Continuous, Started, frames_of
from feathermr.models.weights import Trained, load_weights, read_card, shipped
from feathermr.recon.liif import at_times
from feathermr.recon.mixing import BY_SCAN, Mixer, Pair, Solve, fixed_share
from feathermr.recon.network_answer import Given, check_finite, mismatch, noted, ready
from feathermr.recon.phase import Phase
from feathermr.recon.problem import Problem
from feathermr.recon.reconstruction import Reconstruction
from feathermr.recon.runner import Method, as_slices, need_frames, run, within
from feathermr.recon.total_variation import TotalVariation
from feathermr.recon.windows import in_windows

#: what the default network begins from, and what is used where a scan does not support it
SAFE = TotalVariation()
#: frames of a series that go through a network of single images together
FRAMES = 4
#: frames of a film that go through a network of films together, and those that windows share
WINDOW, OVERLAP = 50, 8


@runtime_checkable
class Learned(Protocol):
    """A method by a trained network, which may run elsewhere than in torch."""

    def trained(self) -> Trained:
        """The network and its parameters."""
        ...

    def by(
        self,
        network: nn.Module,
        trained: Trained,
        acquisition: Acquisition,
        *,
        progress: Progress = silent,
    ) -> Reconstruction:
        """Reconstruct one scan.

        Args:
            network: that works; of the same function as the trained one, ready on the scan's
                device.
            trained: what the record says of it.
            acquisition: the scan.
            progress: told after each step.
        """
        ...


@dataclass(frozen=True)
class KroneckerCascade:
    """Trained, the default of static scans: total variation refined by a light Kronecker U-Net.

    One coil or many, lines or points, 2 to 9 times undersampled. Trained on simulated scans of
    phantoms and of real images; its card says how. Frames of a series are reconstructed each by
    itself. How much of the network's image is used, beside that of ``tv``, is decided by samples
    that both had to predict; see `supports`.

    Attributes:
        share: of the network's image; ``scan`` lets the scan decide, 1 is the network alone, 0
            total variation alone.
        calibration: how coil maps are estimated when the scan has none.
        phase: ``auto``: the smooth phase that held-out samples of a still scan ask for is taken
            into the operator; ``none``: it never is.
    """

    share: str = BY_SCAN
    calibration: Calibration = "espirit"
    phase: Phase = "auto"

    def __post_init__(self) -> None:
        fixed_share(self.share)

    def __call__(self, acquisition: Acquisition, *, progress: Progress = silent) -> Reconstruction:
        """Reconstruct one scan."""
        trained = self.trained()
        return self.by(ready(trained, acquisition), trained, acquisition, progress=progress)

    def trained(self) -> Trained:
        """The network and its parameters."""
        return shipped("kronecker-cascade")

    def by(
        self,
        network: nn.Module,
        trained: Trained,
        acquisition: Acquisition,
        *,
        progress: Progress = silent,
    ) -> Reconstruction:
        """Reconstruct one scan by a network that does the same; see `Learned`."""
        name = "kronecker-cascade"
        given = Given(network, trained, acquisition, self.calibration, self.phase)
        pair = Pair(("tv", name), SAFE.solve, lambda *asked: _refined(network, *asked))
        return _reconstruct(name, self, given, Mixer(pair, self.share), progress)

    def solver(self, network: nn.Module) -> Solve:
        """What gives the image of a problem of one slice by the network alone."""
        return lambda problem, told: _refined(network, problem, None, told)


@dataclass(frozen=True)
class KroneckerCine:
    """Trained, the default of films: sparse over temporal frequency, refined by a light network.

    One coil or many, 8 frames or more, 4 to 12 times undersampled, best with lines that change from
    frame to frame. Trained on simulated films alone; its card says how. Long films are
    reconstructed in windows that overlap.

    Attributes:
        calibration: how coil maps are estimated when the scan has none.
        window: largest number of frames that are reconstructed together.
    """

    calibration: Calibration = "espirit"
    window: int = WINDOW

    def __call__(self, acquisition: Acquisition, *, progress: Progress = silent) -> Reconstruction:
        """Reconstruct one scan of several frames."""
        trained = self.trained()
        return self.by(ready(trained, acquisition), trained, acquisition, progress=progress)

    def trained(self) -> Trained:
        """The network and its parameters."""
        return shipped("kronecker-cine")

    def by(
        self,
        network: nn.Module,
        trained: Trained,
        acquisition: Acquisition,
        *,
        progress: Progress = silent,
    ) -> Reconstruction:
        """Reconstruct one scan by a network that does the same; see `Learned`."""
        name = "kronecker-cine"
        need_frames(acquisition, name)
        given = Given(network, trained, acquisition, self.calibration)
        return _reconstruct(name, self, given, self.solver(network), progress)

    def solver(self, network: nn.Module) -> Solve:
        """What gives the film of a problem of one slice by the network."""
        if self.window <= OVERLAP:
            raise UsageError(f"a window needs more than {OVERLAP} frames, not {self.window}")
        return _by(network, self.window)


@dataclass(frozen=True)
class KroneckerUnet:
    """Trained: a light Kronecker U-Net on the zero-filled image.

    Weaker than ``kronecker-cascade``, because it sees the samples only once; trained on simulated
    scans alone. Frames of a series are reconstructed each by itself.

    Attributes:
        calibration: how coil maps are estimated when the scan has none.
        phase: ``auto``: the smooth phase that held-out samples of a still scan ask for is taken
            into the operator; ``none``: it never is.
    """

    calibration: Calibration = "espirit"
    phase: Phase = "auto"

    def __call__(self, acquisition: Acquisition, *, progress: Progress = silent) -> Reconstruction:
        """Reconstruct one scan."""
        trained = self.trained()
        return self.by(ready(trained, acquisition), trained, acquisition, progress=progress)

    def trained(self) -> Trained:
        """The network and its parameters."""
        return shipped("kronecker-unet")

    def by(
        self,
        network: nn.Module,
        trained: Trained,
        acquisition: Acquisition,
        *,
        progress: Progress = silent,
    ) -> Reconstruction:
        """Reconstruct one scan by a network that does the same; see `Learned`."""
        given = Given(network, trained, acquisition, self.calibration, self.phase)
        return _reconstruct("kronecker-unet", self, given, self.solver(network), progress)

    def solver(self, network: nn.Module) -> Solve:
        """What gives the image of a problem of one slice by the network."""
        return _by(network)


@dataclass(frozen=True)
class Network:
    """Trained by yourself: a network that ``feathermr train`` made; ``-m RUN`` is short for it.

    Frames of a series are reconstructed each by itself, unless the network is one of films.

    Attributes:
        weights: its safetensors file, or the folder of its training run.
        calibration: how coil maps are estimated when the scan has none.
        phase: ``auto``: the smooth phase that held-out samples of a still scan ask for is taken
            into the operator; ``none``: it never is.
        times: frames to give, equally spaced over the film, by a network that gives any time
            (``liif``); 0 for those of the scan.
        cyclic: for such a network: whether the first frame follows the last, as in a gated heart
            beat.
    """

    weights: str = ""
    calibration: Calibration = "espirit"
    phase: Phase = "auto"
    times: int = 0
    cyclic: bool = True

    def __call__(self, acquisition: Acquisition, *, progress: Progress = silent) -> Reconstruction:
        """Reconstruct one scan."""
        trained = self.trained()
        return self.by(ready(trained, acquisition), trained, acquisition, progress=progress)

    def trained(self) -> Trained:
        """The network and its parameters."""
        return load_weights(self.file())

    def by(
        self,
        network: nn.Module,
        trained: Trained,
        acquisition: Acquisition,
        *,
        progress: Progress = silent,
    ) -> Reconstruction:
        """Reconstruct one scan by a network that does the same; see `Learned`."""
        given = Given(network, trained, acquisition, self.calibration, self.phase)
        if isinstance(network, Continuous) and acquisition.n_frames > 1:
            return at_times("network", self, given, progress)
        if self.times:
            raise UsageError(
                "times asks for frames between those of a film, which only a network such as "
                "liif-rdn3d gives; leave it 0"
            )
        return _reconstruct("network", self, given, self.solver(network), progress)

    def solver(self, network: nn.Module) -> Solve:
        """What gives the image of a problem of one slice by the network."""
        return _by(network)

    def file(self) -> Path:
        """File or folder of the weights, which must be those of a network for reconstruction.

        Raises:
            UsageError: none is given, or it is one for super-resolution.
            DataError: there is none.
        """
        if not self.weights:
            raise UsageError(
                "the method 'network' needs weights: a safetensors file or the folder of a "
                "training run, e.g. --set weights=runs/kronecker-unet"
            )
        path = Path(self.weights)
        scale = scale_of(path)
        if scale > 1:
            raise UsageError(
                f"the network in {path} was trained for super-resolution; give --task "
                f"super-resolution --scale {scale}"
            )
        return path


def scale_of(path: Path) -> int:
    """How many times finer a trained network makes an image; 1 if it reconstructs from k-space.

    Args:
        path: of a file of weights, or of the folder of a training run.

    Raises:
        DataError: there is none.
    """
    settings = read_card(path / "model.safetensors" if path.is_dir() else path)["settings"]
    scale = settings.get("scale", 1) if isinstance(settings, dict) else 1
    return scale if isinstance(scale, int) else 1


def _reconstruct(
    name: str, method: Method, given: Given, solve: Solve, progress: Progress
) -> Reconstruction:
    """Every frame of every slice by the network, or by a mixture with it."""
    mismatches: list[float] = []

    def checked(problem: Problem, progress: Progress) -> Tensor:
        image = solve(problem, progress)
        mismatches.append(mismatch(problem, image))
        return image

    done = run(
        name,
        method,
        given.acquisition,
        checked,
        calibration=given.calibration,
        phase=given.phase,
        progress=progress,
    )
    notes = (solve.note,) if isinstance(solve, Mixer) else ()
    return noted(done, given.trained, mismatches, notes)


def _by(network: nn.Module, window: int = WINDOW) -> Solve:
    """The image (1, frame, y, x) of a problem of one slice by the network."""

    def solve(problem: Problem, progress: Progress) -> Tensor:
        if frames_of(network) == 1:
            image = _frames(network, as_slices(problem), progress)
        else:
            image = _film(network, problem, window, progress)
        check_finite(image)
        return image

    return solve


def _refined(
    network: nn.Module, problem: Problem, first: Tensor | None, progress: Progress
) -> Tensor:
    """The image (1, frame, y, x) by a network that begins from that of total variation.

    Args:
        network: that begins from it, or any other.
        problem: of one slice.
        first: the image of total variation, if it is there already.
        progress: told after each step.
    """
    if isinstance(network, Started):
        first = SAFE.solve(problem, within(progress, 0, 2)) if first is None else first
        image = _frames(network, as_slices(problem), within(progress, 1, 2), first.transpose(0, 1))
    else:
        image = _frames(network, as_slices(problem), progress)
    check_finite(image)
    return image


def _frames(
    network: nn.Module, problem: Problem, progress: Progress, first: Tensor | None = None
) -> Tensor:
    """The image (1, frame, y, x) of a problem whose slices are frames.

    Args:
        network: of single images.
        problem: to solve.
        progress: told after some frames.
        first: the image of each (frame, 1, y, x) that the network begins from, if it is known.
    """
    frames = problem.acquisition.n_slices
    images = []
    for start in range(0, frames, FRAMES):
        some = slice(start, min(frames, start + FRAMES))
        scan = problem.acquisition.slices(some.start, some.stop)
        operator = replace(problem, acquisition=scan).encoding
        if first is not None and isinstance(network, Started):
            starts = network.starts(scan.kspace, operator, first[some])
            images.append(network.images(scan.kspace, operator, starts)[-1])
        else:
            images.append(network(scan.kspace, operator))
        progress(some.stop, frames)
    return torch.cat(images).transpose(0, 1)


def _film(network: nn.Module, problem: Problem, window: int, progress: Progress) -> Tensor:
    """The film (1, frame, y, x) of a problem, by a network that takes frames together."""
    fixed, given = frames_of(network), problem.acquisition.n_frames
    if given < fixed:
        raise DataError(
            f"this network takes films of {fixed} frames, but the scan has {given}; use another "
            "method, e.g. -m kronecker-cine"
        )

    def solve(part: Problem) -> Tensor:
        image: Tensor = network(part.acquisition.kspace, part.encoding)
        return image

    size = fixed or window
    return in_windows(problem, solve, size, min(OVERLAP, size - 1), progress)
