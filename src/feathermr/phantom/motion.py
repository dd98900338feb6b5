"""How a heart beats and a chest breathes, as continuous functions of time."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Motion:
    """One subject an item; every field is (batch, 1, 1, 1).

    Attributes:
        period: duration of a heart beat in seconds.
        onset: time of the beginning of a contraction in seconds.
        ejection_fraction: share of the left ventricle's area lost at the end of a contraction.
        breathing_period: seconds.
        breathing_depth: largest shift of the heart by breathing in metres; zero for a breath-hold.
    """

    period: Tensor
    onset: Tensor
    ejection_fraction: Tensor
    breathing_period: Tensor
    breathing_depth: Tensor

    def contraction(self, times: Tensor) -> Tensor:
        """From 0 (filled) to 1 (emptied) and back: (batch, frame, 1, 1), periodic and smooth.

        Systole takes about 0.35 of a beat; early filling is fast, then little changes, then the
        atria add the last part.

        Args:
            times: seconds, (frame, 1, 1).
        """
        phase = ((times - self.onset) / self.period) % 1.0
        emptying = torch.sin(0.5 * math.pi * (phase / 0.36).clamp(0, 1)) ** 2
        early = 0.5 + 0.5 * torch.cos(math.pi * ((phase - 0.40) / 0.24).clamp(0, 1))
        late = 0.5 + 0.5 * torch.cos(math.pi * ((phase - 0.84) / 0.16).clamp(0, 1))
        return emptying * (0.82 * early + 0.18 * late)

    def breath(self, times: Tensor) -> Tensor:
        """Shift towards the feet in metres, (batch, frame, 1, 1), longest at the end of expiration.

        Args:
            times: seconds, (frame, 1, 1).
        """
        half_turn = math.pi * times / self.breathing_period
        return self.breathing_depth * torch.sin(half_turn) ** 4


def draw_motion(batch: int, generator: torch.Generator, breathing: float = 1.0) -> Motion:
    """Random subjects of 45 to 110 beats a minute.

    Args:
        batch: number of subjects.
        generator: its device is the result's.
        breathing: factor of the depth of breathing; zero holds the breath.
    """
    unit = torch.rand(5, batch, 1, 1, 1, generator=generator, device=generator.device)
    period = 60.0 / (45.0 + 65.0 * unit[0])
    return Motion(
        period=period,
        onset=period * unit[1],
        ejection_fraction=0.35 + 0.35 * unit[2],
        breathing_period=3.0 + 2.5 * unit[3],
        breathing_depth=0.010 * breathing * unit[4],
    )
