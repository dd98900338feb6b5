"""MoDL: a shared convolutional denoiser and conjugate gradients, unrolled."""

from dataclasses import dataclass

from torch import nn

from feathermr.core.errors import UsageError
from feathermr.models.unrolled import Unrolled
from feathermr.nn.plain_denoiser import PlainDenoiser


@dataclass(frozen=True)
class ModlConfig:
    """Sizes of MoDL.

    Attributes:
        steps: times that the one denoiser, then consistency with the samples, is applied.
        iterations: of CG in a consistency step.
        width: channels of the denoiser.
        layers: its convolutions.
        kronecker: ``n`` of the layers; 1 for dense ones.
    """

    steps: int = 5
    iterations: int = 6
    width: int = 64
    layers: int = 5
    kronecker: int = 1

    def __post_init__(self) -> None:
        if min(self.steps, self.iterations, self.width, self.kronecker) < 1 or self.layers < 2:
            raise UsageError(
                "steps, iterations, width and kronecker must be at least 1, layers at least 2"
            )


def modl(config: ModlConfig) -> nn.Module:
    """The network of a configuration."""
    denoiser = PlainDenoiser(config.width, config.layers, config.kronecker)
    return Unrolled([denoiser], config.steps, config.iterations)
