"""Signal of a tissue in a sequence: relaxation times and the steady-state equations.

Relaxation times are literature means at 1.5 and 3 T (Stanisz et al. 2005, doi:10.1002/mrm.20605;
de Bazelaire et al. 2004, doi:10.1148/radiol.2303021331; Gold et al. 2004,
doi:10.2214/ajr.183.2.1830343; Bojorquez et al. 2017, doi:10.1016/j.mri.2016.08.021); values for
tissues with next to no signal (bone, tendon, air, lung) are chosen to give next to no signal. Each
draw varies every one of them.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

#: tissue -> (T1 at 1.5 T, T1 at 3 T, T2 at 1.5 T, T2 at 3 T) in seconds, relative proton density
TISSUES = {
    "air": (1.0, 1.0, 0.01, 0.01, 0.0),
    "bone": (0.25, 0.25, 0.004, 0.004, 0.12),
    "tendon": (0.6, 0.7, 0.008, 0.007, 0.55),
    "meniscus": (0.8, 0.96, 0.012, 0.011, 0.6),
    "lung": (1.1, 1.3, 0.012, 0.010, 0.16),
    "fat": (0.34, 0.38, 0.090, 0.085, 0.95),
    "marrow": (0.35, 0.40, 0.075, 0.070, 0.85),
    "red marrow": (0.55, 0.586, 0.049, 0.049, 0.75),
    "skin": (0.80, 0.95, 0.035, 0.032, 0.75),
    "muscle": (1.008, 1.41, 0.044, 0.045, 0.80),
    "myocardium": (1.03, 1.30, 0.050, 0.047, 0.82),
    "cartilage": (1.02, 1.17, 0.040, 0.037, 0.85),
    "white matter": (0.70, 0.90, 0.074, 0.069, 0.70),
    "gray matter": (1.12, 1.45, 0.095, 0.092, 0.83),
    "deep gray": (0.98, 1.25, 0.083, 0.076, 0.80),
    "cerebrospinal fluid": (4.0, 4.2, 1.8, 1.7, 1.0),
    "fluid": (2.85, 3.4, 0.9, 0.8, 1.0),
    "blood": (1.44, 1.80, 0.25, 0.22, 0.92),
    "liver": (0.576, 0.81, 0.046, 0.040, 0.76),
    "spleen": (1.06, 1.33, 0.079, 0.065, 0.86),
    "kidney cortex": (0.97, 1.14, 0.087, 0.076, 0.86),
    "kidney medulla": (1.41, 1.55, 0.090, 0.083, 0.88),
    "pancreas": (0.58, 0.73, 0.046, 0.043, 0.76),
    "bowel": (0.9, 1.1, 0.060, 0.055, 0.80),
    "lesion": (1.6, 1.9, 0.160, 0.150, 0.92),
    "enhanced": (0.35, 0.40, 0.080, 0.075, 0.85),
}
_NAMES = {name: index for index, name in enumerate(TISSUES)}

#: sequence -> ranges of repetition time, echo time, inversion time (seconds), flip angle (degrees)
SEQUENCES = {
    "t1 spin echo": ((0.4, 0.8), (0.008, 0.02), (0.0, 0.0), (90.0, 90.0)),
    "t2 spin echo": ((3.0, 6.0), (0.075, 0.12), (0.0, 0.0), (90.0, 90.0)),
    "proton density": ((2.2, 4.0), (0.015, 0.04), (0.0, 0.0), (90.0, 90.0)),
    "flair": ((8.0, 10.0), (0.08, 0.13), (2.3, 2.7), (90.0, 90.0)),
    "inversion recovery": ((1.9, 2.4), (0.003, 0.005), (0.85, 1.05), (90.0, 90.0)),
    "spoiled echo": ((0.005, 0.03), (0.0015, 0.008), (0.0, 0.0), (9.0, 28.0)),
    "balanced": ((0.003, 0.005), (0.0012, 0.0025), (0.0, 0.0), (35.0, 65.0)),
    "single shot": ((10.0, 12.0), (0.06, 0.10), (0.0, 0.0), (90.0, 90.0)),
}
_SEQUENCES = {name: index for index, name in enumerate(SEQUENCES)}
_FLOW_VOID = ("t1 spin echo", "t2 spin echo", "proton density", "flair")
_INFLOW = ("spoiled echo", "balanced")


@dataclass(frozen=True)
class Contrast:
    """The sequence of each item and what every tissue gives in it.

    Attributes:
        sequence: index into `SEQUENCES`, (batch,).
        repetition_time: seconds, (batch,).
        echo_time: seconds, (batch,).
        flip_angle: degrees, (batch,).
        field_strength: tesla, (batch,).
        signals: (batch, tissue), the brightest common tissue about one.
    """

    sequence: Tensor
    repetition_time: Tensor
    echo_time: Tensor
    flip_angle: Tensor
    field_strength: Tensor
    signals: Tensor

    def __getitem__(self, tissue: str) -> Tensor:
        """Signal of a tissue, (batch, 1, 1, 1)."""
        return self.signals[:, _NAMES[tissue], None, None, None]

    def is_one_of(self, *sequences: str) -> Tensor:
        """One where the item's sequence is among those named, else zero; (batch, 1, 1, 1)."""
        named = torch.tensor([_SEQUENCES[name] for name in sequences], device=self.sequence.device)
        return torch.isin(self.sequence, named).float()[:, None, None, None]

    def name(self, item: int) -> str:
        """The sequence of one item."""
        return list(SEQUENCES)[int(self.sequence[item])]


def _between(bounds: Tensor, unit: Tensor) -> Tensor:
    return bounds[:, 0] + (bounds[:, 1] - bounds[:, 0]) * unit


def signal(
    sequence: Tensor, times: Tensor, angle: Tensor, t1: Tensor, t2: Tensor, density: Tensor
) -> Tensor:
    """Magnitude of the transverse magnetisation at the echo.

    With ``E1 = exp(-TR / T1)`` and ``E2 = exp(-TR / T2)``: spin echo ``1 - E1``; inversion recovery
    ``|1 - 2 exp(-TI / T1) + E1|``; spoiled ``sin a (1 - E1) / (1 - E1 cos a)``; balanced
    ``sin a (1 - E1) / (1 - (E1 - E2) cos a - E1 E2)``; all times ``density * exp(-TE / T2)``.

    Args:
        sequence: index into `SEQUENCES`; like the rest it broadcasts to (batch, tissue).
        times: repetition, echo and inversion time in seconds, stacked on the first axis.
        angle: flip angle in radians.
        t1: seconds.
        t2: seconds.
        density: relative proton density.
    """
    repetition, echo, inversion = times
    e1, e2 = torch.exp(-repetition / t1), torch.exp(-repetition / t2)
    sine, cosine = torch.sin(angle), torch.cos(angle)
    spin = 1 - e1
    inverted = (1 - 2 * torch.exp(-inversion / t1) + e1).abs()
    spoiled = sine * (1 - e1) / (1 - e1 * cosine)
    balanced = sine * (1 - e1) / (1 - (e1 - e2) * cosine - e1 * e2)
    result = torch.where(inversion > 0, inverted, spin)
    result = torch.where(sequence == _SEQUENCES["spoiled echo"], spoiled, result)
    result = torch.where(sequence == _SEQUENCES["balanced"], balanced, result)
    return density * result * torch.exp(-echo / t2)


def draw_contrast(
    batch: int,
    sequences: dict[str, float],
    generator: torch.Generator,
    fat_suppressed: float = 0.0,
) -> Contrast:
    """Random sequences, parameters and relaxation times.

    Args:
        batch: number of items.
        sequences: name of a sequence -> how often it is drawn.
        generator: its device is the result's.
        fat_suppressed: probability that the fat's signal is suppressed.
    """
    device = generator.device

    def rand(*shape: int) -> Tensor:
        return torch.rand(batch, *shape, generator=generator, device=device)

    weights = torch.tensor([sequences.get(name, 0.0) for name in SEQUENCES], device=device)
    sequence = torch.multinomial(weights, batch, replacement=True, generator=generator)
    ranges = torch.tensor(list(SEQUENCES.values()), device=device)[sequence]
    repetition, echo, inversion, flip = (_between(ranges[:, i], rand()) for i in range(4))
    table = torch.tensor(list(TISSUES.values()), device=device)
    high_field = (rand() < 0.5).long()
    t1 = table[:, 0:2].T[high_field] * (0.9 + 0.2 * rand(len(TISSUES)))
    t2 = table[:, 2:4].T[high_field] * (0.85 + 0.3 * rand(len(TISSUES)))
    density = table[:, 4] * (0.94 + 0.12 * rand(len(TISSUES)))
    times = torch.stack([repetition, echo, inversion])[:, :, None]
    angle = torch.deg2rad(flip)[:, None]
    signals = signal(sequence[:, None], times, angle, t1, t2, density)
    suppressed = (rand() < fat_suppressed).float() * (0.80 + 0.17 * rand())
    for name in ("fat", "marrow", "red marrow"):
        share = 0.7 if name == "red marrow" else 1.0
        signals[:, _NAMES[name]] *= 1 - share * suppressed
    void = torch.tensor([_SEQUENCES[name] for name in _FLOW_VOID], device=device)
    fresh = torch.tensor([_SEQUENCES[name] for name in _INFLOW], device=device)
    flowing = torch.isin(sequence, void).float() * (0.6 + 0.4 * rand())
    inflow = torch.isin(sequence, fresh).float() * rand()
    signals[:, _NAMES["blood"]] *= (1 - flowing) * (1 + inflow)
    common = [_NAMES[name] for name in ("fat", "gray matter", "muscle", "liver", "cartilage")]
    signals = signals / signals[:, common].amax(1, keepdim=True)
    strength = torch.where(high_field == 1, 3.0, 1.5)
    return Contrast(sequence, repetition, echo, flip, strength, signals)
