"""Super-resolution by a trained network: one that ships, or one of the user's own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from feathermr.acquisition import Acquisition
from feathermr.core.errors import DataError, UsageError
from feathermr.core.progress import Progress, silent
from feathermr.models.weights import SHIPPED, Trained, load_weights
from feathermr.nn.cost import parameter_count
from feathermr.operators import Downsampling, Kernel
from feathermr.recon.learned import FRAMES, scale_of
from feathermr.recon.magnify import magnify, need_no_gaps
from feathermr.recon.network_answer import ready
from feathermr.recon.reconstruction import Cost, Reconstruction
from feathermr.recon.runner import Method


@dataclass(frozen=True)
class Chpnet:
    """Trained: gradient steps and a light denoiser of sub-pixel convolutions.

    Its card says what it was trained on. Weights ship for some scales only.

    Attributes:
        scale: how many times finer: 2, 3 or 4.
        kernel: by which detail was lost: ``truncation`` of k-space, or ``bicubic``.
    """

    scale: int = 2
    kernel: Kernel = "truncation"

    def __call__(self, acquisition: Acquisition, *, progress: Progress = silent) -> Reconstruction:
        """Make one scan finer."""
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
        """Make one scan finer by a network that does the same; see `Learned`."""
        return _magnify("chpnet", self, (network, trained), acquisition, self._grid, progress)

    def file(self) -> Path:
        """File of the weights.

        Raises:
            UsageError: none ship for the scale.
        """
        return shipped_weights(self.scale)

    @property
    def _grid(self) -> tuple[int, Kernel]:
        return self.scale, self.kernel


@dataclass(frozen=True)
class SuperResolutionNetwork:
    """Trained by yourself: a network that ``feathermr train`` made; ``-m RUN`` is short for it.

    Attributes:
        weights: its safetensors file, or the folder of its training run.
        scale: how many times finer; that of the network.
        kernel: by which detail was lost: ``truncation`` of k-space, or ``bicubic``.
    """

    weights: str = ""
    scale: int = 2
    kernel: Kernel = "truncation"

    def __call__(self, acquisition: Acquisition, *, progress: Progress = silent) -> Reconstruction:
        """Make one scan finer."""
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
        """Make one scan finer by a network that does the same; see `Learned`."""
        return _magnify("network", self, (network, trained), acquisition, self._grid, progress)

    def file(self) -> Path:
        """File or folder of the weights, which must be those of a network for the scale.

        Raises:
            UsageError: none is given, or it is one for another scale or for reconstruction.
            DataError: there is none.
        """
        if not self.weights:
            raise UsageError(
                "the method 'network' needs weights: a safetensors file or the folder of a "
                "training run, e.g. --set weights=runs/chpnet-x2"
            )
        path = Path(self.weights)
        check_scale(path, self.scale)
        return path

    @property
    def _grid(self) -> tuple[int, Kernel]:
        return self.scale, self.kernel


def shipped_weights(scale: int) -> Path:
    """The file of the CHPNet that ships for a scale.

    Raises:
        UsageError: there is none; the sentence says which there are.
    """
    name = f"chpnet-x{scale}"
    if name in SHIPPED:
        return SHIPPED[name]
    known = ", ".join(sorted(one for one in SHIPPED if one.startswith("chpnet-x")))
    have = f"there is {known}" if known else "there is none for any scale"
    raise UsageError(
        f"no trained chpnet ships for a scale of {scale}, {have}; use tv-super-resolution, or "
        "train one and give its folder"
    )


def _magnify(
    name: str,
    method: Method,
    given: tuple[nn.Module, Trained],
    acquisition: Acquisition,
    grid: tuple[int, Kernel],
    progress: Progress,
) -> Reconstruction:
    """Every frame of every slice by the network."""
    need_no_gaps(acquisition, name)
    network, trained = given
    mismatches: list[float] = []

    def solve(low: Tensor, operator: Downsampling, progress: Progress) -> Tensor:
        images = []
        for start in range(0, len(low), FRAMES):
            some = low[start : start + FRAMES]
            shape = (len(some), *operator.domain[1:])
            images.append(network(some, Downsampling(shape, operator.scale, operator.kernel)))
            progress(start + len(some), len(low))
        image = torch.cat(images)
        if not bool(torch.isfinite(torch.view_as_real(image)).all()):
            raise DataError(
                "the network gave values that are not finite; use another method, e.g. "
                "-m tv-super-resolution"
            )
        mismatches.append(float((operator(image) - low).norm() / low.norm().clamp_min(1e-30)))
        return image

    done = magnify(name, method, acquisition, solve, grid, progress=progress)
    share = sum(mismatches) / len(mismatches)
    notes = (
        f"network: {trained.name}, trained on {trained.card.get('trained_on', 'unknown data')}",
        f"made coarser again, the image differs from the input by {share:.2%} of its norm",
    )
    provenance = replace(
        done.provenance, weights=trained.sha256, notes=(*done.provenance.notes, *notes)
    )
    return replace(done, provenance=provenance, cost=Cost(parameter_count(trained.network)))


def check_scale(file: Path, scale: int) -> None:
    """Refuse a network that does not magnify ``scale`` times.

    Raises:
        UsageError: it is for another scale, or for reconstruction.
        DataError: no trained network is there.
    """
    found = scale_of(file)
    if found == 1:
        raise UsageError(
            f"the network in {file} reconstructs from k-space and makes nothing finer; give one "
            "that was trained for super-resolution"
        )
    if found != scale:
        raise UsageError(
            f"the network in {file} was trained for a scale of {found}, not {scale}; give "
            f"--scale {found} or another network"
        )
