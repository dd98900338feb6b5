"""Layers and blocks of networks; Kronecker layers, and how a network is given them."""

from feathermr.nn.fold import fold
from feathermr.nn.kronecker import KroneckerLayer, KroneckerLinear
from feathermr.nn.kronecker_algebras import complex_algebra, dense_algebra, quaternion_algebra
from feathermr.nn.kronecker_convolution import KroneckerConv1d, KroneckerConv2d, KroneckerConv3d
from feathermr.nn.kronecker_report import Conversion
from feathermr.nn.kronecker_transposed import (
    KroneckerConvTranspose1d,
    KroneckerConvTranspose2d,
    KroneckerConvTranspose3d,
)
from feathermr.nn.kroneckerize import kroneckerize

__all__ = [
    "Conversion",
    "KroneckerConv1d",
    "KroneckerConv2d",
    "KroneckerConv3d",
    "KroneckerConvTranspose1d",
    "KroneckerConvTranspose2d",
    "KroneckerConvTranspose3d",
    "KroneckerLayer",
    "KroneckerLinear",
    "complex_algebra",
    "dense_algebra",
    "fold",
    "kroneckerize",
    "quaternion_algebra",
]
