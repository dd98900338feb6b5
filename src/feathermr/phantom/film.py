"""A moving object: a beating heart, or any other body deformed as if a heart beat in it."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import grid_sample

from feathermr.phantom.fields import Shape, smooth_noise
from feathermr.phantom.motion import Motion, draw_motion
from feathermr.phantom.scene import scene

#: how often the frames are one whole beat, as after gating; else they are of real time
GATED = 0.7
#: how often the breath is held
HELD = 0.5
#: seconds between frames of real time
INTERVALS = (0.025, 0.06)
#: largest displacement in half fields of view
REACH = 0.06


@dataclass(frozen=True)
class Between:
    """Further times at which a film is seen.

    Attributes:
        times: in units of frames: 0 is the first frame, 0.5 midway between it and the second.
        cyclic: the frames are one whole heart beat with the breath held, so that the first follows
            the last; else they are of real time.
    """

    times: tuple[float, ...]
    cyclic: bool


def film(
    anatomy: str,
    shape: Shape,
    frames: int,
    generator: torch.Generator,
    between: Between | None = None,
) -> Tensor:
    """An object (1, frame, 2 y, 2 x), real and non-negative, on the finer grid.

    The frames are one heart beat in equal steps, or a stretch of real time.

    Args:
        anatomy: a key of `ANATOMIES`; only a heart moves by itself.
        shape: the scan's matrix (y, x).
        frames: number of frames.
        generator: of everything random; its device is where the object is drawn.
        between: further times at which the same motion is seen; they follow the frames.
    """
    gated, held, start, pace = torch.rand(4, generator=generator, device=generator.device).tolist()
    still = held < HELD or (between is not None and between.cyclic)
    motion = draw_motion(1, generator, breathing=0.0 if still else 1.0)
    period = float(motion.period)
    interval = INTERVALS[0] + (INTERVALS[1] - INTERVALS[0]) * pace
    beat = gated < GATED if between is None else between.cyclic
    interval, start = (period / frames, 0.0) if beat else (interval, period * start)
    moments = (*range(frames), *(() if between is None else between.times))
    times = tuple(start + interval * moment for moment in moments)
    if anatomy == "heart":
        return scene(anatomy, 1, shape, generator, times=times, motion=motion)
    body = scene(anatomy, 1, shape, generator)
    return deformed(body, motion, torch.tensor(times, device=generator.device), generator)


def deformed(still: Tensor, motion: Motion, times: Tensor, generator: torch.Generator) -> Tensor:
    """A still object (1, 1, Y, X) as a film (1, frame, Y, X) in which a part of it beats.

    Within a round region the object swells, is sheared and dimmed in time with the contraction,
    and slides to and fro; the rest stands still.

    Args:
        still: the object.
        motion: gives contraction and breath.
        times: seconds (frame,).
        generator: of the region and of the displacements.
    """
    height, width = still.shape[-2:]
    device = still.device
    row, column, size, depth, slide, turn, dim = torch.rand(
        7, generator=generator, device=device
    ).tolist()
    y = torch.linspace(-1, 1, height, device=device)[:, None]
    x = torch.linspace(-1, 1, width, device=device)[None, :]
    up, left = y - (row - 0.5), x - (column - 0.5)
    radius = 0.15 + 0.35 * size
    region = torch.exp(-0.5 * ((up.square() + left.square()) / radius**2).square())
    wave = [smooth_noise(1, (height, width), 5, generator)[0, 0] for _ in range(2)]
    beat = motion.contraction(times.reshape(-1, 1, 1)).reshape(-1, 1, 1)
    swing = torch.sin(2 * math.pi * (times / float(motion.period) + turn)).reshape(-1, 1, 1)
    breath = motion.breath(times.reshape(-1, 1, 1)).reshape(-1, 1, 1)
    swell = 0.35 * depth * beat
    rows = region * (REACH * (beat * wave[0] + slide * swing) + swell * up + 4 * breath)
    columns = region * (REACH * beat * wave[1] + swell * left)
    grid = torch.stack([x - columns, y - rows], -1)
    moved = grid_sample(
        still.expand(len(times), -1, -1, -1),
        grid,
        mode="bicubic",
        padding_mode="border",
        align_corners=True,
    )
    dimmed = 1 - 0.3 * dim * beat * region
    film: Tensor = (moved[:, 0] * dimmed).clamp_min(0.0)[None]
    return film
