"""The light default: unrolled reconstruction with a small Kronecker U-Net of its own each step."""

from dataclasses import dataclass

from torch import nn

from feathermr.core.errors import UsageError
from feathermr.models.unrolled import Unrolled
from feathermr.nn.denoiser import Denoiser


@dataclass(frozen=True)
class CascadeConfig:
    """Sizes of a cascade.

    Attributes:
        steps: denoisers, each followed by consistency with the samples.
        shared: one denoiser for all steps instead of one each.
        iterations: of CG in a consistency step.
        width: channels at half the resolution, a multiple of 8; see `Denoiser`.
        levels: resolutions.
        kronecker: ``n`` of the layers; 1 for dense ones.
    """

    steps: int = 5
    shared: bool = False
    iterations: int = 4
    width: int = 32
    levels: int = 3
    kronecker: int = 4

    def __post_init__(self) -> None:
        if min(self.steps, self.iterations, self.levels, self.kronecker) < 1:
            raise UsageError("steps, iterations, levels and kronecker must be at least 1")
        if self.width < 8 or self.width % 8:
            raise UsageError(f"width must be a multiple of 8, not {self.width}")


def cascade(config: CascadeConfig) -> nn.Module:
    """The network of a configuration."""
    denoisers: list[nn.Module] = [
        Denoiser(config.width, config.levels, config.kronecker, remembers=config.shared or step > 0)
        for step in range(1 if config.shared else config.steps)
    ]
    return Unrolled(denoisers, config.steps, config.iterations)
