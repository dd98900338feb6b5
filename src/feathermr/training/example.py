"""What a network is trained on: a posed problem and the image that it should give."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol, Self

import torch
from torch import Tensor

from feathermr.acquisition import Acquisition
from feathermr.core.fft import ifft
from feathermr.operators import Downsampling, Encoding, Kernel, LinearOperator
from feathermr.operators.encoding import constant_axes_reduced
from feathermr.recon.problem import pose


class Posed(Protocol):
    """What was measured, how, and the image that a network should make of it."""

    @property
    def measured(self) -> Tensor:
        """``y``."""
        ...

    @property
    def encoding(self) -> LinearOperator:
        """``A``."""
        ...

    @property
    def target(self) -> Tensor:
        """The image (slice, frame, y, x)."""
        ...

    def to(self, device: str | torch.device) -> Self:
        """The same on a device."""
        ...


@dataclass(frozen=True)
class LowResolution:
    """Images of low resolution as the magnitudes of a batch, bright tissue about 1.

    Attributes:
        low: (slice, frame, y, x), complex without imaginary part.
        target: (slice, frame, scale y, scale x), likewise.
        scale: of the fine grid.
        kernel: by which detail was lost.
    """

    low: Tensor
    target: Tensor
    scale: int
    kernel: Kernel

    @property
    def measured(self) -> Tensor:
        """The images of low resolution."""
        return self.low

    @property
    def encoding(self) -> Downsampling:
        """``D``."""
        return Downsampling(tuple(self.target.shape), self.scale, self.kernel)

    def to(self, device: str | torch.device) -> LowResolution:
        """The same on a device."""
        return replace(self, low=self.low.to(device), target=self.target.to(device))


@dataclass(frozen=True)
class Example:
    """A batch of slices of the same size, scaled so that bright tissue is about 1.

    Attributes:
        kspace: (slice, frame, coil, y, x), zero where not sampled.
        mask: boolean, broadcasts to ``kspace``.
        coil_maps: (slice or 1, 1, coil, y, x), as the reconstruction will have them: estimated
            from the undersampled samples, with their errors, when the scan brings none.
        target: the image (slice, frame, y, x) that the complete samples, free of noise where that
            is known, give with the same maps.
        starts: images (slice, frame, start, y, x) that a network begins from and that nothing was
            learned for, if they are known already; see `Started`.
    """

    kspace: Tensor
    mask: Tensor
    coil_maps: Tensor
    target: Tensor
    starts: Tensor | None = None

    @property
    def measured(self) -> Tensor:
        """The samples."""
        return self.kspace

    @property
    def encoding(self) -> Encoding:
        """``A``."""
        mask = constant_axes_reduced(self.mask)
        mask = mask.expand(self.kspace.shape[0], *mask.shape[1:])
        return Encoding(mask, self.coil_maps, self.kspace.shape[1])

    def to(self, device: str | torch.device) -> Example:
        """The same on a device."""
        return Example(
            self.kspace.to(device),
            self.mask.to(device),
            self.coil_maps.to(device),
            self.target.to(device),
            None if self.starts is None else self.starts.to(device),
        )


class Examples(Protocol):
    """A source of examples; each depends on ``(seed, index)`` and on nothing else.

    An index is never met twice in a training: masks and noise differ from one to the next, between
    workers and between ranks, and are the same when a run is repeated or resumed.
    """

    def __len__(self) -> int:
        """Number of examples; a source without end gives one large number."""
        ...

    def __getitem__(self, index: int) -> Posed:
        """The example at ``index``."""
        ...


def pose_example(undersampled: Acquisition, complete: Tensor) -> Example:
    """An example from a scan, posed as the reconstruction will pose it.

    Args:
        undersampled: what a network gets; without noise samples, as they would whiten it.
        complete: the complete k-space (slice, frame, coil, y, x) that it stems from, best without
            noise.
    """
    problem = pose(undersampled)
    scan = problem.acquisition
    maps = scan.coil_maps
    if maps is None:
        maps = torch.ones_like(scan.kspace[:, :1])
    power = maps.abs().square().sum(2)
    strength = torch.where(power > 0, power, torch.ones_like(power))
    target = (ifft(complete) * maps.conj()).sum(2) / strength / problem.scale
    return Example(scan.kspace, scan.mask, maps, target)


def join(examples: list[Example]) -> Example:
    """Examples of one size as a batch."""
    slices = [one.kspace.shape[0] for one in examples]
    starts = [one.starts for one in examples if one.starts is not None]
    return Example(
        torch.cat([one.kspace for one in examples]),
        torch.cat([_spread(one.mask, one) for one in examples]),
        torch.cat(
            [
                one.coil_maps.expand(count, *one.coil_maps.shape[1:])
                for one, count in zip(examples, slices, strict=True)
            ]
        ),
        torch.cat([one.target for one in examples]),
        torch.cat(starts) if len(starts) == len(examples) else None,
    )


def _spread(mask: Tensor, example: Example) -> Tensor:
    slices, frames, _, height, width = example.kspace.shape
    return mask.expand(slices, frames, mask.shape[2], height, width)
