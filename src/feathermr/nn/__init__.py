"""Layers and blocks of networks; Kronecker layers, and how a network is given them."""

from feathermr.nn.kronecker import KroneckerLayer, KroneckerLinear
from feathermr.nn.kronecker_convolution import KroneckerConv1d, KroneckerConv2d, KroneckerConv3d
from feathermr.nn.kronecker_transposed import (
    KroneckerConvTranspose1d,
    KroneckerConvTranspose2d,
    KroneckerConvTranspose3d,
)

__all__ = [
    "KroneckerConv1d",
    "KroneckerConv2d",
    "KroneckerConv3d",
    "KroneckerConvTranspose1d",
    "KroneckerConvTranspose2d",
    "KroneckerConvTranspose3d",
    "KroneckerLayer",
    "KroneckerLinear",
]
