"""A network from image to image, made a model from k-space to image."""

from typing import final

import torch
from torch import Tensor, nn

from feathermr.core.complexes import from_channels, to_channels
from feathermr.core.crop import center_crop, center_pad
from feathermr.nn.consistency import Consistency
from feathermr.nn.sparse_start import sparse_start
from feathermr.operators import Encoding


@final
class OneShot(nn.Module):
    """``x0 = A^H y``, then ``x = network(x0)``, then, if wished, one consistency step.

    Frames go through the network each by itself. What the network sees has a mean square of one
    in each image, and its answer is scaled back: twice the k-space gives twice the image. Around
    the network the image is padded with zeros to a multiple of the network's stride and cropped
    again.

    Args:
        network: real (batch, 2, y, x), real parts first, to the same; with ``magnitude`` one
            channel.
        multiple: of which the network wants height and width.
        consistency: CG iterations of the last step, see `Consistency`; 0 for none.
        sparse: ``x0`` is an image of small total variation in place of ``A^H y``.
        magnitude: the network sees the magnitude alone, with a mean of zero and a variance of one
            in each image; the phase of ``x0`` is kept.
    """

    def __init__(
        self,
        network: nn.Module,
        multiple: int = 1,
        consistency: int = 0,
        magnitude: bool = False,
        sparse: bool = False,
    ) -> None:
        super().__init__()
        self.network = network
        self.multiple = multiple
        self.magnitude, self.sparse = magnitude, sparse
        self.consistency = Consistency(consistency) if consistency else None

    def forward(self, kspace: Tensor, encoding: Encoding) -> Tensor:
        """K-space (slice, frame, coil, y, x) to image (slice, frame, y, x)."""
        adjoint = encoding.H(kspace)
        start = sparse_start(kspace, adjoint, encoding) if self.sparse else adjoint
        frames = start.flatten(0, 1)[:, None]
        improved = self._of_magnitude(frames) if self.magnitude else self._of_complex(frames)
        image = improved.reshape(adjoint.shape)
        if self.consistency is None:
            return image
        refined: Tensor = self.consistency(image, adjoint, encoding)
        return refined

    def _of_complex(self, image: Tensor) -> Tensor:
        """Of images (batch, 1, y, x)."""
        scale = _not_zero(image.abs().square().mean((-2, -1), keepdim=True).sqrt())
        return from_channels(self._padded(to_channels(image / scale))) * scale

    def _of_magnitude(self, image: Tensor) -> Tensor:
        """The same for the magnitude, with the phase of the input."""
        magnitude = image.abs()
        mean = magnitude.mean((-2, -1), keepdim=True)
        scale = _not_zero(magnitude.std((-2, -1), keepdim=True))
        return (self._padded((magnitude - mean) / scale) * scale + mean) * image.sgn()

    def _padded(self, channels: Tensor) -> Tensor:
        """The network on a size that it takes, in the precision of the images afterwards."""
        height, width = channels.shape[-2:]
        padded = tuple(-(-size // self.multiple) * self.multiple for size in (height, width))
        answer: Tensor = self.network(center_pad(channels, (padded[0], padded[1])))
        return center_crop(answer, (height, width)).to(channels.dtype)


def _not_zero(scale: Tensor) -> Tensor:
    """One for an image of zeros."""
    return torch.where(scale > 0, scale, torch.ones_like(scale))
