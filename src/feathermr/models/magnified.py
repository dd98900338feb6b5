"""A network from coarse image to detail, made a model of super-resolution."""

from typing import final

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from feathermr.core.errors import UsageError
from feathermr.operators import Downsampling, LinearOperator


def as_magnitude(image: Tensor) -> Tensor:
    """The real part, which is all that a magnitude image has."""
    return image.real


def as_image(magnitude: Tensor) -> Tensor:
    """The inverse: complex, without imaginary part."""
    return torch.complex(magnitude, torch.zeros_like(magnitude))


def matching(operator: LinearOperator, scale: int) -> Downsampling:
    """The operator, if it is down-sampling by ``scale``.

    Raises:
        UsageError: it is not; the sentence says what the network takes.
    """
    if isinstance(operator, Downsampling) and operator.scale == scale:
        return operator
    found = type(operator).__name__
    if isinstance(operator, Downsampling):
        found = f"a scale of {operator.scale}"
    raise UsageError(
        f"this network magnifies magnitude images {scale} times and cannot be used for {found}; "
        "use one that was trained for it"
    )


@final
class Magnified(nn.Module):
    """``x = interpolation of y by the kernel of D + detail(y)``, on magnitude images.

    What the network sees has a mean square of one in each image, and its answer is scaled back.
    Frames go each by itself.

    Args:
        network: real (batch, 1, y, x) to the detail (batch, 1, scale y, scale x).
        scale: of the fine grid.
        multiple: of which the network wants height and width.
    """

    def __init__(self, network: nn.Module, scale: int, multiple: int = 1) -> None:
        super().__init__()
        self.network, self.scale, self.multiple = network, scale, multiple

    def forward(self, low: Tensor, operator: LinearOperator) -> Tensor:
        """Images (slice, frame, y, x) to (slice, frame, scale y, scale x)."""
        start = as_magnitude(matching(operator, self.scale).interpolate(low))
        frames = as_magnitude(low.flatten(0, 1)[:, None])
        power = frames.square().mean((-2, -1), keepdim=True).sqrt()
        strength = torch.where(power > 0, power, torch.ones_like(power))
        height, width = frames.shape[-2:]
        beyond = (0, -width % self.multiple, 0, -height % self.multiple)
        detail = self.network(pad(frames / strength, beyond, mode="replicate"))
        detail = detail[..., : self.scale * height, : self.scale * width].to(start.dtype)
        return as_image(start + (detail * strength).reshape(start.shape))
