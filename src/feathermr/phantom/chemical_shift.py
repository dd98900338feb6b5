"""Fat beside water: out of phase by the echo time, and displaced along the readout."""

import math

import torch
from torch import Tensor

from feathermr.phantom.off_resonance import blurred, peak, uniform

#: most pixels of the finer grid by which fat is displaced
FARTHEST = 6


def share_above(body: Tensor, generator: torch.Generator) -> Tensor:
    """A share (batch, frame, Y, X) that rises from 0 to 1 at a random intensity of the body.

    Which tissue is fat is not known of an image; a tissue is, roughly, what is brighter or darker
    than some value. ``sigmoid((m - t) / w)`` of the slightly blurred magnitude ``m``, with random
    ``t`` and ``w``; in half of the draws its complement.
    """
    batch = body.shape[0]
    level = blurred(body, 3) / peak(body[:, :1])
    threshold = uniform(batch, 0.1, 0.9, generator)
    width = 0.01 * (uniform(batch, 0.0, math.log(20.0), generator)).exp()
    share = ((level - threshold) / width).sigmoid()
    flip = uniform(batch, 0.0, 1.0, generator) < 0.5
    return torch.where(flip, 1 - share, share)


def with_fat(body: Tensor, generator: torch.Generator) -> Tensor:
    """Complex signal ``(1 - f) m + e^(i phi) S(f m)`` (batch, frame, Y, X).

    ``f`` is the share of fat, ``phi`` its phase, any; ``S`` displaces by up to `FARTHEST` pixels
    along one axis, so that fat overlaps water on one side and leaves a dark rim on the other.
    Reeder et al. 2005, doi:10.1002/mrm.20624.

    Args:
        body: magnitude (batch, frame, Y, X).
        generator: on the body's device.
    """
    fat = share_above(body, generator)
    angle = uniform(body.shape[0], -math.pi, math.pi, generator)
    axis = -1 if float(torch.rand((), generator=generator, device=body.device)) < 0.5 else -2
    draw = float(torch.randn((), generator=generator, device=body.device))
    shift = round(max(-FARTHEST, min(FARTHEST, 1.5 * draw)))
    moved = (fat * body).roll(shift, axis)
    return torch.complex((1 - fat) * body, torch.zeros_like(body)) + torch.polar(
        moved, angle.expand_as(moved)
    )


def tissue_phase(body: Tensor, generator: torch.Generator) -> Tensor:
    """Angle (batch, frame, Y, X) that steps by up to pi, rather by less, where tissue changes."""
    step = uniform(body.shape[0], -1.0, 1.0, generator)
    return math.pi * step * step.abs() * share_above(body, generator)


def vessel_phase(body: Tensor, generator: torch.Generator) -> Tensor:
    """Angle (batch, frame, Y, X) of what is small and brighter, or darker, than its surroundings.

    Moving blood has a phase of its own: ``a tanh(d / w)`` of the difference ``d`` from the mean
    over a neighbourhood, only where ``d`` has one sign.
    """
    batch = body.shape[0]
    detail = (blurred(body, 3) - blurred(body, 17)) / peak(body[:, :1])
    sign = torch.where(uniform(batch, 0.0, 1.0, generator) < 0.5, 1.0, -1.0)
    width = uniform(batch, 0.03, 0.15, generator)
    return uniform(batch, 0.3, 2.0, generator) * (sign * detail / width).clamp_min(0).tanh()
