"""Reconstruction by a trained network: one that ships, or one of the user's own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from feathermr.acquisition import Acquisition
from feathermr.calibration import Calibration
from feathermr.core.errors import DataError, UsageError
from feathermr.core.progress import Progress, silent
from feathermr.models.weights import Trained, load_weights, shipped
from feathermr.nn import fold
from feathermr.nn.cost import parameter_count
from feathermr.recon.problem import Problem
from feathermr.recon.reconstruction import Cost, Reconstruction
from feathermr.recon.runner import Method, as_slices, run

#: frames of a series that go through a network together
FRAMES = 4


@dataclass(frozen=True)
class KroneckerCascade:
    """Trained, the default of static scans: total variation refined by a light Kronecker U-Net.

    One coil or many, lines or points, 2 to 8 times undersampled. Trained on simulated scans alone;
    its card says how. Frames of a series are reconstructed each by itself.

    Attributes:
        calibration: how coil maps are estimated when the scan has none.
    """

    calibration: Calibration = "espirit"

    def __call__(self, acquisition: Acquisition, *, progress: Progress = silent) -> Reconstruction:
        """Reconstruct one scan."""
        name = "kronecker-cascade"
        return _reconstruct(name, self, shipped(name), acquisition, self.calibration, progress)


@dataclass(frozen=True)
class KroneckerUnet:
    """Trained: a light Kronecker U-Net on the zero-filled image.

    Weaker than ``kronecker-cascade``, because it sees the samples only once; trained on simulated
    scans alone. Frames of a series are reconstructed each by itself.

    Attributes:
        calibration: how coil maps are estimated when the scan has none.
    """

    calibration: Calibration = "espirit"

    def __call__(self, acquisition: Acquisition, *, progress: Progress = silent) -> Reconstruction:
        """Reconstruct one scan."""
        name = "kronecker-unet"
        return _reconstruct(name, self, shipped(name), acquisition, self.calibration, progress)


@dataclass(frozen=True)
class Network:
    """Trained by yourself: a network that ``feathermr train`` made; ``-m RUN`` is short for it.

    Frames of a series are reconstructed each by itself.

    Attributes:
        weights: its safetensors file, or the folder of its training run.
        calibration: how coil maps are estimated when the scan has none.
    """

    weights: str = ""
    calibration: Calibration = "espirit"

    def __call__(self, acquisition: Acquisition, *, progress: Progress = silent) -> Reconstruction:
        """Reconstruct one scan."""
        if not self.weights:
            raise UsageError(
                "the method 'network' needs weights: a safetensors file or the folder of a "
                "training run, e.g. --set weights=runs/kronecker-unet"
            )
        trained = load_weights(Path(self.weights))
        return _reconstruct("network", self, trained, acquisition, self.calibration, progress)


def _reconstruct(
    name: str,
    method: Method,
    trained: Trained,
    acquisition: Acquisition,
    calibration: str,
    progress: Progress,
) -> Reconstruction:
    """Every frame of every slice by the network, folded to plain layers."""
    kspace = acquisition.kspace
    network = fold(trained.network).to(kspace.device, kspace.real.dtype).eval()
    mismatches: list[float] = []

    def solve(problem: Problem, progress: Progress) -> Tensor:
        image = _frames(network, as_slices(problem), progress)
        mismatches.append(_mismatch(problem, image))
        return image

    done = run(name, method, acquisition, solve, calibration=calibration, progress=progress)
    share = sum(mismatches) / len(mismatches)
    notes = (
        f"network: {trained.name}, trained on {trained.card.get('trained_on', 'unknown data')}",
        f"the image differs from the measured samples by {share:.2%} of their norm",
    )
    provenance = replace(
        done.provenance, weights=trained.sha256, notes=(*done.provenance.notes, *notes)
    )
    cost = Cost(parameters=parameter_count(trained.network))
    return replace(done, provenance=provenance, cost=cost)


def _frames(network: nn.Module, problem: Problem, progress: Progress) -> Tensor:
    """The image (1, frame, y, x) of a problem whose slices are frames."""
    frames = problem.acquisition.n_slices
    images = []
    for start in range(0, frames, FRAMES):
        scan = problem.acquisition.slices(start, min(frames, start + FRAMES))
        some = replace(problem, acquisition=scan)
        images.append(network(scan.kspace, some.encoding))
        progress(min(frames, start + FRAMES), frames)
    image = torch.cat(images).transpose(0, 1)
    if not bool(torch.isfinite(torch.view_as_real(image)).all()):
        raise DataError(
            "the network gave values that are not finite; use another method, e.g. -m tv"
        )
    return image


def _mismatch(problem: Problem, image: Tensor) -> float:
    """``||A x - y|| / ||y||``."""
    kspace = problem.acquisition.kspace
    return float((problem.encoding(image) - kspace).norm() / kspace.norm())
