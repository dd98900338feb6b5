"""Two solutions of a scan in one: samples that neither saw decide how much of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from feathermr.core.errors import UsageError
from feathermr.core.progress import Progress, silent
from feathermr.operators.encoding import constant_axes_reduced
from feathermr.recon.held_out import held_out, parted
from feathermr.recon.preview import preview
from feathermr.recon.problem import Problem
from feathermr.recon.runner import within
from feathermr.recon.support import Support, sentence, supports

#: the setting that lets the scan choose
BY_SCAN = "scan"
#: share of the lines outside of the center that is held out, and of the points
LINES, POINTS = 1 / 7, 1 / 10

#: share of the samples that a first pass has, and the fewest along an axis
SHARE, FEWEST = 0.4, 96

#: the image (1, frame, y, x) of a problem of one slice
Solve = Callable[[Problem, Progress], Tensor]


@dataclass(frozen=True)
class Pair:
    """Two ways to solve a problem of one slice, the second of which may begin at the first's image.

    Attributes:
        names: of the safe one and of the other.
        safe: its image.
        other: the other's image, from the problem and the safe image; without one it finds a
            beginning itself.
        together: whether the frames are solved together, as those of a film.
    """

    names: tuple[str, str]
    safe: Solve
    other: Callable[[Problem, Tensor | None, Progress], Tensor]
    together: bool = False


@dataclass
class Mixer:
    """Solves by a mixture ``(1 - s) x_safe + s x_other``, and remembers how it came about.

    Attributes:
        pair: the two.
        share: ``s``; chosen for each slice, and for each frame that is solved alone, if ``scan``.
        found: what the samples of each slice and frame said, in the order of the slices.
    """

    pair: Pair
    share: str = BY_SCAN
    found: list[Support] = field(default_factory=list)

    def __call__(self, problem: Problem, progress: Progress = silent) -> Tensor:
        """The image (1, frame, y, x) of a problem of one slice."""
        share = self._shares(problem, within(progress, 0, 3))[:, None, None]
        progress(1, 3)
        safe = other = None
        if float(share.min()) < 1:
            safe = self.pair.safe(problem, within(progress, 1, 3))
        progress(2, 3)
        if float(share.max()) > 0:
            other = self.pair.other(problem, safe, within(progress, 2, 3))
        if safe is None or other is None:
            only = other if safe is None else safe
            assert only is not None
            return only
        share = share.to(safe.device, safe.real.dtype)
        return (1 - share) * safe + share * other

    @property
    def note(self) -> str:
        """How the mixture came about, in a sentence."""
        safe, other = self.pair.names
        fixed = fixed_share(self.share)
        if fixed is None:
            return sentence(safe, other, self.found)
        return f"the image is {fixed:.0%} {other} and {1 - fixed:.0%} {safe}, as asked"

    def _shares(self, problem: Problem, progress: Progress) -> Tensor:
        """The share of each frame."""
        fixed = fixed_share(self.share)
        if fixed is not None:
            return torch.full((problem.acquisition.n_frames,), fixed, dtype=torch.float64)
        found = choose(self.pair, problem, progress)
        self.found += found
        return torch.tensor([each.share for each in found], dtype=torch.float64)


def choose(pair: Pair, problem: Problem, progress: Progress = silent) -> list[Support]:
    """What samples that neither of two solutions saw say of them, for each frame.

    Args:
        pair: the two.
        problem: of one slice.
        progress: told after each step.
    """
    part = preview(problem, SHARE, FEWEST)
    scan = part.acquisition
    apart = places_apart(scan.mask, scan.n_frames, scan.shape, pair.together)
    if not bool(apart.any()):
        return [Support()] * scan.n_frames
    seen, unseen = parted(part, apart)
    safe = pair.safe(seen, within(progress, 0, 2))
    other = pair.other(seen, safe, within(progress, 1, 2))
    return supports(unseen, safe, other, pair.together)


def places_apart(mask: Tensor, frames: int, shape: tuple[int, int], together: bool) -> Tensor:
    """Lines or points to hold out: true there (1, frame, 1, y or 1, x or 1).

    Args:
        mask: of one slice.
        frames: of the scan.
        shape: of its k-space (y, x).
        together: whether they are drawn over all frames; else from each frame as if it were alone.
    """
    reduced = constant_axes_reduced(mask)
    share = LINES if 1 in reduced.shape[-2:] else POINTS
    if together or mask.shape[1] == 1:
        apart = held_out(mask, frames if together else 1, shape, share)
    else:
        each = [held_out(mask[:, f : f + 1], 1, shape, share) for f in range(frames)]
        size = [max(one.shape[axis] for one in each) for axis in (-2, -1)]
        apart = torch.cat([one.expand(1, 1, 1, *size) for one in each], 1)
    return apart.expand(1, frames, *apart.shape[2:])


def fixed_share(share: str) -> float | None:
    """The share that a setting fixes, or ``None`` if the scan is to choose.

    Raises:
        UsageError: it is neither ``scan`` nor a number from 0 to 1.
    """
    if share == BY_SCAN:
        return None
    try:
        value = float(share)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise UsageError(f"share must be '{BY_SCAN}' or a number from 0 to 1, not '{share}'")
    return value
