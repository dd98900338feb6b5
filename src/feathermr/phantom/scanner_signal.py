"""What a scanner's receiver sees of a body: magnitude with a scanner's phase."""

import math

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from feathermr.phantom.chemical_shift import tissue_phase, vessel_phase, with_fat
from feathermr.phantom.fields import Shape, power_law_noise, smooth_noise
from feathermr.phantom.off_resonance import dipole_field, uniform

#: how often each part of the phase is there; of ``plain`` none but a constant, of ``calm`` only
#: what is smooth, as of a spin echo in a head
OFTEN = {
    "plain": 0.08,
    "calm": 0.27,
    "tissue": 0.7,
    "second tissue": 0.35,
    "fine": 0.5,
    "echo": 0.45,
    "air": 0.5,
    "outskirts": 0.2,
    "regions": 0.3,
    "texture": 0.35,
    "vessels": 0.35,
}
#: how often fat is out of phase and displaced
FAT = 0.35
#: cycles across the picture by which an echo off the centre turns the phase, at most
ECHO = 5.0
#: cycles by which the field of the magnet turns the phase in the picture's corners, at most
CORNER = 3.0


def scanner_signal(body: Tensor, generator: torch.Generator) -> Tensor:
    """Complex signal (batch, frame, Y, X) of a magnitude: fat out of phase, then `scanner_phase`.

    Args:
        body: magnitude (batch, frame, Y, X) on the finer grid.
        generator: on the body's device.
    """
    phase = scanner_phase(body, generator)
    if _happens(FAT, generator):
        return with_fat(body, generator) * phase
    return body * phase


def scanner_phase(body: Tensor, generator: torch.Generator) -> Tensor:
    """Factors of modulus one (batch, frame, Y, X), the phase that scanners leave on a magnitude.

    Each part is there as often as `OFTEN` says: steps where tissues meet, vessels, a field that is
    steep beside air, smooth fields of two scales (shim, receiver) or three, an echo off the centre,
    a magnet whose field is no longer even at the rim, regions and texture with a phase of their
    own. All frames share the draws; what follows the
    tissue follows it through them.

    Args:
        body: magnitude (batch, frame, Y, X); all items have the same parts, in strengths of their
            own.
        generator: on the body's device.
    """
    chosen = {name: _happens(often, generator) for name, often in OFTEN.items()}
    batch, shape = body.shape[0], (body.shape[-2], body.shape[-1])
    angle = uniform(batch, -math.pi, math.pi, generator)
    if not chosen["plain"]:
        angle = angle + _smooth(batch, shape, (1, 3), 1.3, generator)
        angle = angle + _smooth(batch, shape, (4, 9), 0.5, generator)
        if chosen["echo"]:
            angle = angle + _echo(batch, shape, generator)
        if not chosen["calm"]:
            angle = angle + _steep(body, chosen, generator)
    angle = angle.expand_as(body)
    return torch.polar(torch.ones_like(angle), angle)


def _steep(body: Tensor, chosen: dict[str, bool], generator: torch.Generator) -> Tensor:
    """The angle (batch, frame, Y, X) of the parts that are not smooth."""
    batch, shape = body.shape[0], (body.shape[-2], body.shape[-1])
    angle = torch.zeros_like(body[:, :1])
    if chosen["fine"]:
        angle = angle + _smooth(batch, shape, (10, 24), 0.3, generator)
    if chosen["air"]:
        cycles = 0.03 * uniform(batch, 0.0, math.log(12.0), generator).exp()
        angle = angle + 2 * math.pi * cycles * dipole_field(body, generator)
    if chosen["outskirts"]:
        angle = angle + _outskirts(batch, shape, generator)
    if chosen["regions"]:
        field = _enlarged(batch, shape, 3 + _integer(6, generator), generator)
        edge = uniform(batch, 0.02, 0.3, generator)
        angle = angle + uniform(batch, -math.pi, math.pi, generator) * (field / edge).sigmoid()
    for name in ("tissue", "second tissue"):
        if chosen[name]:
            angle = angle + tissue_phase(body, generator)
    if chosen["vessels"]:
        angle = angle + vessel_phase(body, generator)
    if chosen["texture"]:
        exponent = 2.0 + 0.5 * _integer(4, generator)
        noise = power_law_noise(batch, shape, exponent, generator)
        angle = angle + uniform(batch, 0.05, 0.4, generator) * noise
    return angle


def _smooth(
    batch: int, shape: Shape, cells: tuple[int, int], largest: float, generator: torch.Generator
) -> Tensor:
    """A smooth angle (batch, 1, Y, X) of a random scale, its deviation up to ``largest``."""
    count = cells[0] + _integer(cells[1] - cells[0] + 1, generator)
    field = _enlarged(batch, shape, count, generator)
    return uniform(batch, 0.0, largest, generator) * field


def _enlarged(batch: int, shape: Shape, cells: int, generator: torch.Generator) -> Tensor:
    """`smooth_noise`, computed on a coarser grid."""
    coarse = (max(8, shape[0] // 4), max(8, shape[1] // 4))
    field = smooth_noise(batch, coarse, cells, generator)
    return interpolate(field, size=shape, mode="bilinear", align_corners=True)


def _echo(batch: int, shape: Shape, generator: torch.Generator) -> Tensor:
    """A ramp (batch, 1, Y, X) along y, along x or both."""
    y = torch.linspace(-0.5, 0.5, shape[0], device=generator.device)[:, None]
    x = torch.linspace(-0.5, 0.5, shape[1], device=generator.device)[None, :]
    up, left = (uniform(batch, -1.0, 1.0, generator) for _ in range(2))
    keep = _integer(3, generator)
    up, left = (up if keep != 0 else 0.1 * up), (left if keep != 1 else 0.1 * left)
    return 2 * math.pi * ECHO * (up * up.abs() * y + left * left.abs() * x)


def _outskirts(batch: int, shape: Shape, generator: torch.Generator) -> Tensor:
    """What a shim leaves (batch, 1, Y, X): flat in the middle, steep far from it.

    Shims cancel the spherical harmonics of low order, so that the rest grows as a power of the
    distance from the magnet's centre, here the fourth. Romeo and Hoult 1984,
    doi:10.1002/mrm.1910010107.
    """
    y = torch.linspace(-1, 1, shape[0], device=generator.device)[:, None]
    x = torch.linspace(-1, 1, shape[1], device=generator.device)[None, :]
    down, right = (uniform(batch, -0.3, 0.3, generator) for _ in range(2))
    strength = uniform(batch, -1.0, 1.0, generator)
    distance = ((y - down).square() + (x - right).square()) / 2
    return 2 * math.pi * CORNER * strength * strength.abs() * distance.square()


def _happens(often: float, generator: torch.Generator) -> bool:
    return float(torch.rand((), generator=generator, device=generator.device)) < often


def _integer(count: int, generator: torch.Generator) -> int:
    return int(torch.randint(count, (), generator=generator, device=generator.device))
