"""Consistency with the samples whose weight depends on spatial frequency."""

import math
from typing import final

import torch
from torch import Tensor, nn

from feathermr.core.fft import frequencies, plain_fft, plain_ifft, to_corner
from feathermr.core.kept import kept
from feathermr.operators import Encoding
from feathermr.solvers import cg

#: radii in cycles a pixel between which the weight is interpolated; beyond the last it is constant
RADII = (0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.45)
#: error of the network's image over the disagreement of its starts, before training
FIRST_ERROR = 0.7
#: ends of the range of ``lambda``
LEAST, MOST = 1e-5, 1e3


@kept
def band_shares(shape: tuple[int, int], dtype: torch.dtype, device: torch.device) -> Tensor:
    """How much of each band each frequency is (band, y, x), frequency zero at index 0.

    Hat functions of the radius in cycles a pixel, one at each of `RADII`; they sum to one.
    """
    y, x = (frequencies(size) for size in shape)
    radius = torch.hypot(y[:, None], x[None, :]).clamp(max=RADII[-1])
    edges = torch.tensor(RADII, dtype=torch.float64)
    right = torch.bucketize(radius, edges).clamp(1, len(RADII) - 1)
    place = (radius - edges[right - 1]) / (edges[right] - edges[right - 1])
    shares = torch.zeros(len(RADII), *shape, dtype=torch.float64)
    shares.scatter_(0, right[None], place[None])
    shares.scatter_(0, right[None] - 1, 1 - place[None])
    return shares.to(device, dtype)


@final
class BandError(nn.Module):
    """What is taken for the error of an image at each spatial frequency; learned.

    ``tau(|k|) = d c(|k|) (noise / d)^p`` with the disagreement ``d`` of the starts, a factor ``c``
    a band, interpolated in its logarithm, and a power.

    Args:
        bands: false for one factor for all frequencies.
    """

    def __init__(self, *, bands: bool = True) -> None:
        super().__init__()
        count = len(RADII) if bands else 1
        self.logarithm = nn.Parameter(torch.full((count,), math.log(FIRST_ERROR)))
        self.power = nn.Parameter(torch.zeros(()))

    def forward(self, noise: Tensor, disagreement: Tensor, shape: tuple[int, int]) -> Tensor:
        """``lambda(k) = (noise / tau(|k|))^2`` (slice, 1, y, x), frequency zero at index 0.

        Args:
            noise: of each slice (slice,).
            disagreement: of its starts (slice,).
            shape: of the image (y, x).
        """
        shares = band_shares(shape, noise.dtype, noise.device)
        each = self.logarithm.to(noise.dtype).expand(len(RADII))
        factor = torch.tensordot(each, shares, 1)
        ratio = (noise / disagreement).log().reshape(-1, 1, 1, 1)
        logarithm: Tensor = 2 * (ratio * (1 - self.power) - factor)
        return logarithm.clamp(math.log(LEAST), math.log(MOST)).exp()


def consistent_in_bands(
    image: Tensor, adjoint: Tensor, encoding: Encoding, weight: Tensor, iterations: int
) -> Tensor:
    """``argmin_x ||A x - y||^2 + ||L^(1/2) F (x - z)||^2`` with ``L = diag(lambda(k))``.

    With ``d = x - z`` that is ``(A^H A + F^H L F) d = A^H (y - A z)``, by conjugate gradients. Of
    one coil, with a map ``c`` of modulus one, the frequencies of ``c x`` are weighed instead of
    those of ``x``; then every frequency is by itself, ``d_k = r_k / (m_k + lambda_k)``, and the
    answer is exact.

    Aggarwal et al. 2019, doi:10.1109/TMI.2018.2865356, have one ``lambda``.

    Args:
        image: ``z`` (slice, frame, y, x).
        adjoint: ``A^H y``, of the same shape.
        encoding: ``A``.
        weight: ``lambda`` (slice, 1, y, x), frequency zero at index 0.
        iterations: of CG with several coils.
    """
    mismatch = adjoint - encoding.normal(image)
    if encoding.coil_maps.shape[2] == 1:
        coil_map = encoding.coil_maps[:, :, 0]
        mask = to_corner(encoding.mask[:, :, 0].expand(*encoding.mask.shape[:2], *image.shape[-2:]))
        change = plain_fft(coil_map * mismatch) / (mask.to(weight.dtype) + weight)
        return image + coil_map.conj() * plain_ifft(change)
    return image + cg(
        lambda x: encoding.normal(x) + plain_ifft(weight * plain_fft(x)),
        mismatch,
        iterations=iterations,
    )
