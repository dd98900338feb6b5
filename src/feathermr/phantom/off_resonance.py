"""The field that tissue and air make of each other: phase that is steep beside air."""

import math

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from feathermr.core.fft import frequencies, plain_fft, plain_ifft

#: signal, as a share of the brightest, below which a pixel is taken for air
AIR = 0.12


def dipole_field(body: Tensor, generator: torch.Generator) -> Tensor:
    """Field of the susceptibility of air and tissue (batch, 1, Y, X), deviation one in the tissue.

    In Fourier space it is the distribution of tissue times ``1/3 - (b k)^2 / k^2`` with the unit
    vector ``b`` along the main field, here of a random direction; the body is taken to go on
    unchanged through the slice. Salomir et al. 2003, doi:10.1002/cmr.b.10083.

    Args:
        body: magnitude (batch, frame, Y, X); the first frame decides.
        generator: on the body's device.
    """
    first = body[:, :1]
    tissue = (((blurred(first, 5) / peak(first)) - AIR) / (AIR / 3)).sigmoid()
    y, x = (frequencies(size, body.device).to(body.dtype) for size in body.shape[-2:])
    y, x = y[:, None], x[None, :]
    angle, tilt = (uniform(body.shape[0], 0.0, math.pi, generator) for _ in range(2))
    along = (y * angle.sin() + x * angle.cos()).square() / (y.square() + x.square()).clamp_min(
        1e-12
    )
    kernel = 1 / 3 - tilt.sin().square() * along
    kernel[..., 0, 0] = 0
    field = plain_ifft(plain_fft(tissue.to(torch.complex64)) * kernel).real
    weight = tissue / tissue.sum((-2, -1), keepdim=True).clamp_min(1e-6)
    field = field - (weight * field).sum((-2, -1), keepdim=True)
    spread = (weight * field.square()).sum((-2, -1), keepdim=True).sqrt()
    return field / spread.clamp_min(1e-6)


def blurred(image: Tensor, width: int) -> Tensor:
    """Mean over squares of an odd width (batch, frame, Y, X), fewer pixels at the border."""
    return avg_pool2d(image, width, 1, width // 2, count_include_pad=False)


def peak(image: Tensor) -> Tensor:
    """What 1 % of the pixels exceed (batch, 1, 1, 1), positive."""
    values = image.flatten(1)[:, ::7]
    return values.quantile(0.99, dim=1).clamp_min(1e-6).reshape(-1, 1, 1, 1)


def uniform(batch: int, low: float, high: float, generator: torch.Generator) -> Tensor:
    """One number an item (batch, 1, 1, 1)."""
    unit = torch.rand(batch, 1, 1, 1, generator=generator, device=generator.device)
    return low + (high - low) * unit
