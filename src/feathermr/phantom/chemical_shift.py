"""Fat beside water: out of phase by the echo time, and displaced along the readout."""

import math

import torch
from torch import Tensor

from feathermr.phantom.off_resonance import blurred, peak, uniform

#: most pixels of the finer grid by which fat is displaced
FARTHEST = 6
#: how often fat is the darker tissue; it is bright in most scans that do not suppress it
DARKER = 0.3
#: pixels of the finer grid, each way, over which a tissue's intensity is taken
NEIGHBOURHOOD = 5
#: intensities tried for one between tissues, and how near a pixel's counts
TRIED, NEAR = 3, 0.05


def share_above(body: Tensor, generator: torch.Generator) -> Tensor:
    """A share (batch, frame, Y, X) that rises from 0 to 1 at a random intensity of the body.

    Which tissue is fat is not known of an image; a tissue is, roughly, what is brighter or darker
    than some value. ``sigmoid((m - t) / w)`` of the intensity ``m`` around a pixel, with
    random ``t``, rather between tissues than within one, and ``w``; its complement as often as
    `DARKER` says.
    """
    batch = body.shape[0]
    level = _intensity(body)
    threshold = _between_tissues(level, generator)
    width = 0.01 * (uniform(batch, 0.0, math.log(20.0), generator)).exp()
    share = ((level - threshold) / width).sigmoid()
    flip = uniform(batch, 0.0, 1.0, generator) < DARKER
    return torch.where(flip, 1 - share, share)


def _between_tissues(level: Tensor, generator: torch.Generator) -> Tensor:
    """An intensity (batch, 1, 1, 1) that few pixels have: of `TRIED` random ones the rarest.

    One inside of a tissue's own range would cut the tissue up by its grain.
    """
    tried = torch.cat([uniform(level.shape[0], 0.1, 0.9, generator) for _ in range(TRIED)], dim=1)
    off = level[:, :1, ::4, ::4].flatten(2) - tried.flatten(2)
    rarest = (off.abs() < NEAR).float().mean(-1).argmin(1)
    return tried.flatten(1).gather(1, rarest[:, None])[..., None, None]


def _intensity(body: Tensor) -> Tensor:
    """Intensity of the tissue at each pixel (batch, frame, Y, X), the brightest about 1.

    ``sum(m^2) / sum(m)`` over a neighbourhood: the mean weighted by signal. Grain averages out, and
    a rim that is dark only because it lies beside air keeps its tissue's intensity.
    """
    weighted = blurred(body.square(), NEIGHBOURHOOD)
    return weighted / blurred(body, NEIGHBOURHOOD).clamp_min(1e-6) / peak(body[:, :1])


def with_fat(body: Tensor, generator: torch.Generator) -> Tensor:
    """Complex signal ``(1 - f) m + e^(i phi) S(f m)`` (batch, frame, Y, X).

    ``f`` is the share of fat, ``phi`` its phase, any; ``S`` displaces by up to `FARTHEST` pixels
    along one axis, so that fat overlaps water on one side and leaves a dark rim on the other;
    beyond the picture the body goes on as it ends.
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
    size = body.shape[axis]
    origin = (torch.arange(size, device=body.device) - shift).clamp(0, size - 1)
    moved = (fat * body).index_select(axis, origin)
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
