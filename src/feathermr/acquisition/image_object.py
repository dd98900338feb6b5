"""An image as the object of a retrospective scan."""

from dataclasses import replace

import torch
from torch import Tensor

from feathermr.acquisition.record import Acquisition, Header
from feathermr.core.axes import IMAGE, check_axes
from feathermr.core.fft import fft

NOTE = (
    "k-space is the Fourier transform of the image itself; a reconstruction from it is "
    "retrospective"
)


def from_image(image: Tensor, header: Header) -> Acquisition:
    """A complete single-coil scan of ``image``: ``kspace = F image``, ``reference = |image|``.

    Args:
        image: (slice, frame, y, x), real or complex.
        header: what is known; its origin becomes ``image``.
    """
    check_axes(image, IMAGE, "image")
    kspace = fft(image.to(torch.complex64))[:, :, None]
    return Acquisition(
        kspace=kspace,
        mask=torch.ones(1, 1, 1, *image.shape[-2:], dtype=torch.bool),
        header=replace(header, origin="image", notes=(*header.notes, NOTE)),
        reference=image.abs().to(torch.float32),
    )
