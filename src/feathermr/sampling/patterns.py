"""The table of sampling patterns, and the signature that they share."""

from collections.abc import Mapping
from typing import Protocol

import torch
from torch import Tensor

from feathermr.core.registry import look_up
from feathermr.sampling.dynamic import kt_equispaced, kt_laplacian, kt_random
from feathermr.sampling.lines import equispaced, gaussian, random
from feathermr.sampling.points import gaussian_2d, poisson


class Pattern(Protocol):
    """What every sampling pattern is: a shape and a generator in, a mask out."""

    def __call__(
        self,
        shape: tuple[int, ...],
        *,
        acceleration: float,
        center: int | float,
        axis: int,
        generator: torch.Generator,
    ) -> Tensor:
        """Where to sample; exactly ``round(positions / acceleration)`` positions of each frame.

        Args:
            shape: of the image (slice, frame, y, x).
            acceleration: positions in all over samples, the center counted; at least 1.
            center: fully sampled central lines (of points: side of the central square); a float
                is their fraction of the axis (of points: of each axis).
            axis: along which lines are skipped, -2 (y) or -1 (x); points skip along both.
            generator: on the CPU; the same state gives the same mask.

        Returns:
            Boolean mask on the CPU that broadcasts to k-space (slice, frame, coil, y, x); an axis
            along which it does not change has size 1.

        Raises:
            UsageError: a value is out of range, or the center alone exceeds the samples.
        """
        ...


PATTERNS: Mapping[str, Pattern] = {
    "random": random,
    "equispaced": equispaced,
    "gaussian": gaussian,
    "gaussian-2d": gaussian_2d,
    "poisson": poisson,
    "kt-random": kt_random,
    "kt-laplacian": kt_laplacian,
    "kt-equispaced": kt_equispaced,
}


def summary(name: str) -> str:
    """One line on the pattern called ``name``.

    Raises:
        UsageError: there is no such pattern.
    """
    return (look_up(PATTERNS, name, "sampling pattern").__doc__ or "").partition("\n")[0]
