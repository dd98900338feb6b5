"""The light U-Net that takes noise of a given level from a film."""

from typing import final

from torch import Tensor, nn
from torch.nn.functional import pad, pixel_unshuffle

from feathermr.nn.averages import CHOICES, chosen
from feathermr.nn.components import concatenate
from feathermr.nn.small_unet import SmallUnet

#: brings the plane of the noise level nearer to the values of an image
BRIGHTER = 5.0


@final
class Denoiser(nn.Module):
    """``D(z, sigma) = z + U(z, sigma)`` of films, with a U-Net ``U`` (`SmallUnet`).

    The noise level is a plane of its own (Zhang et al. 2022, doi:10.1109/TPAMI.2021.3088914). No
    layer has a bias, so that ``D(a z, a sigma) = a D(z, sigma)`` for positive ``a``: what is
    learned at one intensity holds at all (Mohan et al. 2020, arXiv:1906.05478).

    Two more inputs are the mean over the frames, in which still tissue has the least noise, and
    another estimate of the film, made in another way. Frames are mixed before each block, and the
    answer also chooses among that estimate and averages (`chosen`).

    Args:
        width: see `SmallUnet`.
        levels: see `SmallUnet`.
        kronecker: see `SmallUnet`.
    """

    def __init__(self, width: int = 32, levels: int = 3, kronecker: int = 2) -> None:
        super().__init__()
        self.multiple = 2**levels
        self.unet = SmallUnet(
            26, 2 + CHOICES, width=width, levels=levels, kronecker=kronecker, temporal=True
        )

    def forward(
        self, image: Tensor, sigma: Tensor, frames: int = 1, other: Tensor | None = None
    ) -> Tensor:
        """The image without noise (batch, 2, y, x).

        Args:
            image: real and imaginary parts (batch, 2, y, x); of films, frame after frame.
            sigma: deviation of the noise in each part of each image (batch,).
            frames: number of frames of a film.
            other: another estimate of the film, of the image's shape; itself by default.
        """
        height, width = image.shape[-2:]
        below, right = -height % self.multiple, -width % self.multiple
        border = (0, right, 0, below)
        packed = pixel_unshuffle(pad(image, border), 2)
        plane = BRIGHTER * sigma.to(packed.dtype).reshape(-1, 1, 1, 1)
        other = image if other is None else other
        inputs = [
            packed,
            still(packed, frames),
            pixel_unshuffle(pad(other, border), 2),
            plane.expand(-1, 2, *packed.shape[-2:]),
        ]
        answer = self.unet(concatenate(inputs, 2), frames)[..., :height, :width].to(image.dtype)
        noise = sigma.to(image.dtype).reshape(-1, 1, 1, 1)
        cleaned: Tensor = image + answer[:, :2] + chosen(image, other, answer[:, 2:], noise, frames)
        return cleaned


def still(channels: Tensor, frames: int) -> Tensor:
    """The mean over the frames of each film, (slice * frame, ...), for each frame."""
    film = channels.unflatten(0, (-1, frames))  # type: ignore[no-untyped-call]
    mean: Tensor = film.mean(1, keepdim=True).expand_as(film).flatten(0, 1)
    return mean
