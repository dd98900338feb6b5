"""Coil maps by adaptive combination."""

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from feathermr.calibration.eigenvector import anchor_phase, dominant_eigenvector, hermitian


def walsh_maps(coil_images: Tensor, *, width: int = 7, iterations: int = 12) -> Tensor:
    """Maps (slice, 1, coil, y, x) of unit root-sum-of-squares from coil images.

    The dominant eigenvector of the local covariance ``R_cd = mean(m_c conj(m_d))`` over a window
    of ``width`` pixels; its phase is that of the image of the strongest coil combination.

    Args:
        coil_images: (slice, coil, y, x), of low resolution or of a complete scan.
        width: of the window, odd.
        iterations: of the power method.

    Walsh, Gmitro and Marcellin 2000, Magnetic Resonance in
    Medicine 43:682, doi:10.1002/(SICI)1522-2594(200005)43:5<682::AID-MRM10>3.0.CO;2-G.
    """
    coils = coil_images.shape[1]
    rows, columns = torch.triu_indices(coils, coils).tolist()
    products = coil_images[:, rows] * coil_images[:, columns].conj()
    planes = torch.cat([products.real, products.imag], 1)
    smooth = avg_pool2d(planes, width, stride=1, padding=width // 2, count_include_pad=False)
    covariance = hermitian(torch.complex(*smooth.chunk(2, 1)), coils)
    maps, _ = dominant_eigenvector(covariance, iterations=iterations)
    return anchor_phase(maps, coil_images)[:, None]
