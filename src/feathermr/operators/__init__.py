"""Linear operators of the physics and of the regularisers."""

from feathermr.operators.coils import Coils
from feathermr.operators.differences import Differences
from feathermr.operators.downsampling import KERNELS, Downsampling, Kernel
from feathermr.operators.encoding import Encoding, encoding
from feathermr.operators.fourier import Fourier
from feathermr.operators.identity import Identity
from feathermr.operators.linear_operator import LinearOperator
from feathermr.operators.sampling import Sampling
from feathermr.operators.wavelet import Wavelet

__all__ = [
    "KERNELS",
    "Coils",
    "Differences",
    "Downsampling",
    "Encoding",
    "Fourier",
    "Identity",
    "Kernel",
    "LinearOperator",
    "Sampling",
    "Wavelet",
    "encoding",
]
