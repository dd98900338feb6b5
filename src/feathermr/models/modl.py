"""MoDL: a shared convolutional denoiser and conjugate gradients, unrolled."""

from dataclasses import dataclass
from typing import final

from torch import Tensor, nn

from feathermr.core.complexes import from_channels, to_channels
from feathermr.core.errors import UsageError
from feathermr.nn.consistency import Consistency
from feathermr.nn.plain_denoiser import PlainDenoiser
from feathermr.operators import Encoding


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


@final
class Modl(nn.Module):
    """``x_0 = A^H y``, then ``x_k = C(x_(k-1) + D(x_(k-1)))`` with one ``D`` and one ``C``.

    ``D`` is a denoiser on real and imaginary parts, ``C`` the consistency step with one positive
    learned weight. Frames are denoised each by itself. One coil and many go the same way.

    Aggarwal et al. 2019, doi:10.1109/TMI.2018.2865356.
    """

    def __init__(self, config: ModlConfig) -> None:
        super().__init__()
        self.steps = config.steps
        self.denoiser = PlainDenoiser(config.width, config.layers, config.kronecker)
        self.consistency = Consistency(config.iterations)

    def forward(self, kspace: Tensor, encoding: Encoding) -> Tensor:
        """K-space (slice, frame, coil, y, x) to image (slice, frame, y, x)."""
        return self.images(kspace, encoding)[-1]

    def images(self, kspace: Tensor, encoding: Encoding) -> list[Tensor]:
        """The image after each step."""
        adjoint = encoding.H(kspace)
        image = adjoint
        images = []
        for _ in range(self.steps):
            channels = to_channels(image.flatten(0, 1)[:, None])
            change = from_channels(self.denoiser(channels).to(channels.dtype))
            image = self.consistency(image + change.reshape(image.shape), adjoint, encoding)
            images.append(image)
        return images
