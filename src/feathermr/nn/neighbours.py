"""The two acquired frames beside each time, and how they are blended."""

from typing import NamedTuple

import torch
from torch import Tensor

from feathermr.core.errors import UsageError


class Neighbours(NamedTuple):
    """For each time the frame before it and the one after it.

    Attributes:
        frame: index (2, time).
        offset: time since that frame in units of frames (2, time); from 0 to 1, then from -1 to 0.
        weight: of that frame (2, time); both add up to 1.
    """

    frame: Tensor
    offset: Tensor
    weight: Tensor

    def some(self, part: slice) -> "Neighbours":
        """Those of some times."""
        return Neighbours(*(each[:, part] for each in self))


def neighbours(times: Tensor, frames: int, *, cyclic: bool) -> Neighbours:
    """Each time between its two neighbouring frames, weighed by the distance to the other one.

    Args:
        times: (time,), in units of frames: 0 is the first.
        frames: number of frames.
        cyclic: the first follows the last, and any time is one of the beat; else times go from
            the first frame to the last.

    Raises:
        UsageError: a time before the first frame or after the last of a film that is not cyclic,
            or none at all.

    Example:
        >>> neighbours(torch.tensor([0.0, 7.25]), 8, cyclic=True).weight.tolist()
        [[1.0, 0.75], [0.0, 0.25]]
    """
    if times.ndim != 1 or not len(times):
        raise UsageError("times must be a list of at least one number, in units of frames")
    if cyclic:
        times = times % frames
    elif not bool(((times >= 0) & (times <= frames - 1)).all()):
        raise UsageError(
            f"times of a film of {frames} frames go from 0 to {frames - 1}, unless it is cyclic; "
            f"not from {float(times.min()):g} to {float(times.max()):g}"
        )
    before = times.floor().long()
    since = times - before
    after = (before + 1) % frames if cyclic else (before + 1).clamp_max(frames - 1)
    return Neighbours(
        torch.stack([before % frames, after]),
        torch.stack([since, since - 1]),
        torch.stack([1 - since, since]),
    )
