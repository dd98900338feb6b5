"""Simulated scans of the kind that a network takes: to watch it, to calibrate and to judge it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from feathermr.acquisition import Acquisition
from feathermr.metrics import psnr
from feathermr.models.unrolled import Continuous, frames_of
from feathermr.operators import Downsampling, LinearOperator
from feathermr.phantom import simulate
from feathermr.recon.coarsen import coarsened
from feathermr.recon.problem import pose, robust_scale
from feathermr.recon.zero_filled import ZeroFilled
from feathermr.sampling import Undersampling

#: drawn in turns
ANATOMIES = ("brain", "knee", "abdomen", "heart", "texture")
COILS = (1, 4, 1, 8)
SNR = (30.0, 15.0, 60.0)
STILL, FILM = (4.0, 3.0, 5.0), (5.0, 8.0, 6.0)


@dataclass(frozen=True)
class Example:
    """What a network takes, and what it should give.

    Attributes:
        measured: k-space, or images of low resolution.
        operator: by which they were measured.
        truth: magnitude (slice, frame, y, x) in the same units.
    """

    measured: Tensor
    operator: LinearOperator
    truth: Tensor

    def loss(self, image: Tensor, other: Tensor) -> float:
        """By how many dB the PSNR of ``other`` is below that of ``image``."""
        return self.psnr(image) - self.psnr(other)

    def psnr(self, image: Tensor) -> float:
        """Mean over slices and frames, in dB."""
        found = psnr(image.abs().float(), self.truth, data_range=float(self.truth.max()))
        return float(found.mean())


@dataclass(frozen=True)
class Kind:
    """What a network is for.

    Attributes:
        scale: how many times finer it makes images; 1 reconstructs from k-space.
        frames: of a film: 1 for none, 0 for any number, else the only number that it takes.
    """

    scale: int
    frames: int

    def example(
        self, index: int, shape: tuple[int, int], frames: int = 10, slices: int = 1
    ) -> Example:
        """The example of some index; the same each time.

        Args:
            index: of the anatomy, the coils, the noise and everything random.
            shape: (y, x), of the fine image where the network magnifies.
            frames: of a film, where the network takes any number.
            slices: that go together.
        """
        film = self.frames != 1
        scan = simulate(
            "heart" if film else ANATOMIES[index % len(ANATOMIES)],
            frames=(self.frames or frames) if film else 1,
            slices=slices,
            shape=shape,
            coils=1 if self.scale > 1 else COILS[index % len(COILS)],
            snr=SNR[index % len(SNR)],
            seed=index,
        ).without_coil_maps()
        if self.scale > 1:
            return _coarse(scan, self.scale)
        return _undersampled(scan, (FILM if film else STILL)[index % 3], index)


def kind_of(network: nn.Module, settings: Mapping[str, Any]) -> Kind:
    """What a network of these settings is for."""
    scale = settings.get("scale", 1)
    return Kind(scale if isinstance(scale, int) else 1, frames_of(network))


def _undersampled(scan: Acquisition, acceleration: float, seed: int) -> Example:
    problem = pose(Undersampling(acceleration, seed=seed)(scan))
    assert scan.reference is not None
    truth = scan.reference.abs() * problem.shading / problem.scale
    return Example(problem.acquisition.kspace, problem.encoding, truth)


def _coarse(scan: Acquisition, scale: int) -> Example:
    coarse, fine = coarsened(scan, scale)
    low = ZeroFilled()(coarse).image.abs()
    factor = robust_scale(low)
    shape = (*low.shape[:2], low.shape[2] * scale, low.shape[3] * scale)
    given = torch.complex(low / factor, torch.zeros_like(low))
    return Example(given, Downsampling(shape, scale, "truncation"), fine.abs() / factor)


def used(network: nn.Module, example: Example) -> Tensor:
    """The network's image; where it gives any time it is also asked for some, in all its ways."""
    with torch.no_grad():
        if isinstance(network, Continuous) and example.measured.shape[1] > 1:
            between = torch.arange(example.measured.shape[1] - 1) + 0.5
            for cyclic in (False, True):
                network.at(example.measured, example.operator, between, cyclic=cyclic)
        image: Tensor = network(example.measured, example.operator)
        return image
