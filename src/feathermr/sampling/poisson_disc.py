"""Variable-density Poisson-disc sampling of a grid, by darts thrown in a given random order."""

import math

import numpy as np
from numpy.typing import NDArray

Radii = NDArray[np.float64]
Order = NDArray[np.int64]

#: darts that fit a unit area at distance 1, found by trial: where the tuning starts
JAMMING = 0.58

#: the radii are good enough when the darts that fit exceed those wanted by no more than this share
SURPLUS = 0.02


def _disc(reach_squared: int, stride: int) -> Order:
    """Steps in a flat grid of rows of ``stride`` to all positions nearer than the reach."""
    side = math.isqrt(reach_squared)
    steps = np.arange(-side, side + 1)
    down, right = np.nonzero(steps[:, None] ** 2 + steps**2 < reach_squared)
    offsets: Order = (down - side) * stride + right - side
    return offsets


def throw_darts(radii: Radii, order: Order) -> list[int]:
    """Visit positions in ``order``; keep each one that no kept position forbids.

    A kept position forbids all that are closer to it than its own radius, so two kept positions
    are never closer than the smaller of their radii.

    Args:
        radii: smallest distance in positions (y, x).
        order: flat indices of the positions to visit.

    Returns:
        Flat indices of the kept positions, in the order in which they were kept.
    """
    height, width = radii.shape
    reach_squared = np.ceil(np.minimum(radii, math.hypot(height, width)) ** 2).astype(np.int64)
    margin = math.isqrt(int(reach_squared.max()))
    stride = width + 2 * margin
    rows, columns = np.divmod(order, width)
    padded = ((rows + margin) * stride + columns + margin).tolist()
    reaches = reach_squared.ravel()[order].tolist()
    discs: dict[int, Order] = {}

    flags = bytearray(stride * (height + 2 * margin))
    forbidden = np.frombuffer(flags, dtype=np.uint8)
    kept: list[int] = []
    for position, place, reach in zip(order.tolist(), padded, reaches, strict=True):
        if not flags[place]:
            kept.append(position)
            if reach not in discs:
                discs[reach] = _disc(reach, stride)
            forbidden[discs[reach] + place] = 1
    return kept


def _first_scale(profile: Radii, wanted: int) -> float:
    """The factor of the radii at which about ``wanted`` darts fit, as a start."""
    low, high = 1e-3, float(math.hypot(*profile.shape))
    for _ in range(20):
        middle = math.sqrt(low * high)
        expected = np.minimum(1, JAMMING / (middle * profile) ** 2).sum()
        low, high = (middle, high) if expected > wanted else (low, middle)
    return math.sqrt(low * high)


def tuned_darts(profile: Radii, order: Order, wanted: int) -> list[int]:
    """Exactly ``wanted`` positions, at distances as large as their number allows.

    The radii are ``profile`` times a factor, which is tuned until the darts that fit are as many
    as wanted or barely more; then the throwing stops at the last one wanted, which keeps the
    distances. Positions with a radius up to 1, where all fit, come first, so that stopping leaves
    no holes among them.

    Args:
        profile: radii up to a factor (y, x).
        order: flat indices of the positions that may be taken, in random order.
        wanted: how many to take, at most ``len(order)``.
    """
    best: list[int] = order.tolist()
    if wanted in (0, len(best)):
        return best[:wanted]
    scale = _first_scale(profile.ravel()[order][None], wanted)
    fits, fails = 0.0, math.inf
    for _ in range(8):
        sparse = scale * profile.ravel()[order] > 1
        kept = throw_darts(scale * profile, order[np.argsort(sparse, kind="stable")])
        if len(kept) >= wanted:
            best, fits = kept, scale
            if len(kept) <= (1 + SURPLUS) * wanted:
                break
        else:
            fails = scale
        scale *= math.sqrt(len(kept) / ((1 + SURPLUS / 2) * wanted))
        if not fits < scale < fails:
            scale = math.sqrt(fits * fails) if fits > 0 else fails / 2
    return best[:wanted]
