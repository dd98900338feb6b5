"""A network that mends an image where two ways of making it disagree."""

from typing import final

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, pad, pixel_unshuffle

from feathermr.core.complexes import from_channels, to_channels
from feathermr.nn.components import concatenate
from feathermr.nn.small_unet import SmallUnet

#: side of the squares over which two images are compared
SQUARE = 15
#: brightness in units of the disagreement beyond which it is seen as its square root only
BRIGHT = 4.0


def disagreement(first: Tensor, second: Tensor, noise: Tensor) -> Tensor:
    """How far two images are apart around each pixel (batch, y, x), at least the noise.

    ``e = (mean |a - b|^2 + noise^2)^(1/2)``, the mean over squares of `SQUARE` pixels.

    Args:
        first: ``a``, complex (batch, y, x).
        second: ``b``, likewise.
        noise: of each image (batch,).
    """
    power = (first - second).abs().square()[:, None]
    mean = avg_pool2d(power, SQUARE, 1, SQUARE // 2, count_include_pad=False)[:, 0]
    return (mean + noise.reshape(-1, 1, 1).square()).sqrt()


@final
class Refiner(nn.Module):
    """``R(z) = z + e U(a / e, (b - a) / e, (z - a) / e, log(e / noise))``.

    Two images ``a`` and ``b`` of one scan, made in two ways, agree where the samples decide and
    disagree by about as much as either is wrong. Their local disagreement ``e`` is the unit of what
    the U-Net ``U`` sees and of what it answers, so that an easy scan is changed little and a hard
    one much. No layer has a bias, and the answer scales with the images and the noise.

    Args:
        width: see `SmallUnet`.
        levels: see `SmallUnet`.
        kronecker: see `SmallUnet`.
    """

    def __init__(self, width: int = 32, levels: int = 3, kronecker: int = 2) -> None:
        super().__init__()
        self.multiple = 2**levels
        self.unet = SmallUnet(26, 2, width=width, levels=levels, kronecker=kronecker)

    def forward(self, image: Tensor, starts: Tensor, unit: Tensor, noise: Tensor) -> Tensor:
        """The mended image (batch, y, x).

        Args:
            image: ``z``, complex (batch, y, x).
            starts: ``a`` and ``b`` (batch, 2, y, x).
            unit: ``e`` (batch, y, x).
            noise: of each image (batch,).
        """
        height, width = image.shape[-2:]
        border = (0, -width % self.multiple, 0, -height % self.multiple)
        first, second = starts[:, 0], starts[:, 1]
        seen = [dimmed(first / unit), (second - first) / unit, (image - first) / unit]
        inputs = [pixel_unshuffle(pad(to_channels(one[:, None]), border), 2) for one in seen]
        level = (unit / noise.reshape(-1, 1, 1)).log()[:, None]
        planes = torch.cat([level, torch.ones_like(level)], 1)
        inputs.append(avg_pool2d(pad(planes, border), 2))
        answer = self.unet(concatenate(inputs, 2))[..., :height, :width].to(unit.dtype)
        return image + unit * from_channels(answer)[:, 0]


def dimmed(image: Tensor) -> Tensor:
    """``v / (1 + |v|^2 / b^2)^(1/4)``: what is bright as its square root, with its phase."""
    return image / (1 + image.abs().square() / BRIGHT**2) ** 0.25
