"""Samples kept apart from a fit, so that it can be stopped or judged without the truth."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from feathermr.calibration.region import calibration_region
from feathermr.core.errors import DataError
from feathermr.core.seeding import generator
from feathermr.operators import Encoding
from feathermr.operators.encoding import constant_axes_reduced
from feathermr.recon.problem import Problem

#: share of the lines, or points, outside of the center that is kept apart
SHARE = 0.04
#: with fewer lines or points outside of the center than this, none is
FEWEST = 8


@dataclass(frozen=True)
class Part:
    """Some of the samples ``y`` of a scan, as what a squared misfit needs of them.

    Attributes:
        encoding: ``A``, whose mask holds these samples alone.
        adjoint: ``A^H y``.
        energy: ``||y||^2``.
    """

    encoding: Encoding
    adjoint: Tensor
    energy: float

    def misfit(self, image: Tensor) -> tuple[float, Tensor]:
        """``||A x - y||^2`` and half its gradient, ``A^H (A x - y)``, by one ``A^H A``."""
        normal = self.encoding.normal(image)
        both = torch.view_as_real(normal) - 2 * torch.view_as_real(self.adjoint)
        inner = (torch.view_as_real(image) * both).sum(dtype=torch.float64)
        value = float(inner) + self.energy  # two large numbers, of which little is left
        return max(0.0, value), normal - self.adjoint

    def error(self, image: Tensor) -> float:
        """``||A x - y|| / ||y||``."""
        return float((self.misfit(image)[0] / self.energy) ** 0.5)


@dataclass(frozen=True)
class Samples:
    """The samples of a scan in two.

    Attributes:
        fitted: those that a fit sees.
        held_out: those that it never sees; ``None`` where there were too few.
    """

    fitted: Part
    held_out: Part | None


def split(problem: Problem, share: float = SHARE, seed: int = 0) -> Samples:
    """The samples of a problem of one slice, some of them kept apart.

    Args:
        problem: of one slice.
        share: see `held_out`.
        seed: of the choice.
    """
    scan = problem.acquisition
    apart = held_out(scan.mask, scan.n_frames, scan.shape, share, seed)
    mask = constant_axes_reduced(scan.mask)
    if not bool(apart.any()):
        return Samples(_part(problem, mask), None)
    return Samples(_part(problem, mask & ~apart), _part(problem, mask & apart))


def held_out(
    mask: Tensor, frames: int, shape: tuple[int, int], share: float = SHARE, seed: int = 0
) -> Tensor:
    """Lines, or points, to keep apart: true there, and nowhere in the center.

    Args:
        mask: of one slice (1, frame or 1, coil or 1, y or 1, x or 1).
        frames: of the scan.
        shape: of its k-space (y, x).
        share: of the lines or points outside of the center, at random over all frames; at least
            one, or none where there are fewer than ``FEWEST``.
        seed: of the choice.
    """
    reduced = constant_axes_reduced(mask).any(2, keepdim=True)
    reduced = reduced.expand(1, frames, *reduced.shape[2:])
    free = reduced & ~_center(mask, reduced, shape)
    places = free.flatten().nonzero()[:, 0]
    apart = torch.zeros_like(free).flatten()
    if share > 0 and len(places) >= FEWEST:
        count = max(1, round(share * len(places)))
        drawn = torch.randperm(len(places), generator=generator(seed, "held out"))[:count]
        apart[places[drawn.to(places.device)]] = True
    return apart.reshape(free.shape)


def parted(problem: Problem, apart: Tensor) -> tuple[Problem, Problem]:
    """The problem without some of its samples, and the problem of these alone.

    Args:
        problem: of one slice.
        apart: true where samples are kept apart; broadcasts to the k-space.
    """
    scan = problem.acquisition
    mask = constant_axes_reduced(scan.mask)
    seen, unseen = (
        replace(
            problem,
            acquisition=replace(scan, kspace=scan.kspace * some, mask=some, reference=None),
        )
        for some in (mask & ~apart, mask & apart)
    )
    return seen, unseen


def _center(mask: Tensor, reduced: Tensor, shape: tuple[int, int]) -> Tensor:
    """True in the center that every frame sampled, of the shape of ``reduced``."""
    whole = mask.expand(*mask.shape[:3], *shape)
    center = torch.zeros_like(reduced)
    for candidate in (whole.all(1, keepdim=True), whole):
        try:
            region = calibration_region(candidate)
        except DataError:
            continue
        rows = slice(region.top, region.bottom) if reduced.shape[-2] > 1 else slice(None)
        columns = slice(region.left, region.right) if reduced.shape[-1] > 1 else slice(None)
        center[..., rows, columns] = True
        break
    return center


def _part(problem: Problem, mask: Tensor) -> Part:
    scan = problem.acquisition
    encoding = problem.encoding
    part = Encoding(mask, encoding.coil_maps, scan.n_frames)
    kept = scan.kspace * mask
    energy = float(torch.view_as_real(kept).square().sum(dtype=torch.float64))
    return Part(part, part.H(kept), energy)
