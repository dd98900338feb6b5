"""Kronecker or plain: the one place where networks choose their layers.

A layer is torch's own where ``n`` is 1 or does not divide both numbers of channels (such as a
first or last layer of one or two channels).
"""

from collections.abc import Callable, Mapping

from torch import nn

from feathermr.nn.kronecker import KroneckerLinear
from feathermr.nn.kronecker_convolution import KroneckerConv1d, KroneckerConv2d, KroneckerConv3d
from feathermr.nn.kronecker_transposed import (
    KroneckerConvTranspose1d,
    KroneckerConvTranspose2d,
    KroneckerConvTranspose3d,
)

Layer = Callable[..., nn.Module]
Size = int | tuple[int, ...]

CONVOLUTIONS: Mapping[int, tuple[Layer, Layer]] = {
    1: (nn.Conv1d, KroneckerConv1d),
    2: (nn.Conv2d, KroneckerConv2d),
    3: (nn.Conv3d, KroneckerConv3d),
}
TRANSPOSED: Mapping[int, tuple[Layer, Layer]] = {
    1: (nn.ConvTranspose1d, KroneckerConvTranspose1d),
    2: (nn.ConvTranspose2d, KroneckerConvTranspose2d),
    3: (nn.ConvTranspose3d, KroneckerConvTranspose3d),
}


def linear(kronecker: int, features_in: int, features_out: int, *, bias: bool = True) -> nn.Module:
    """A linear layer with ``n = kronecker`` components where that is possible."""
    if fits(kronecker, features_in, features_out):
        return KroneckerLinear(features_in, features_out, bias, n=kronecker)
    return nn.Linear(features_in, features_out, bias)


def convolution(
    kronecker: int,
    channels_in: int,
    channels_out: int,
    kernel: Size,
    *,
    stride: Size = 1,
    padding: Size | str = 0,
    bias: bool = True,
    axes: int = 2,
) -> nn.Module:
    """A convolution over ``axes`` axes with ``n = kronecker`` components where possible."""
    plain, light = CONVOLUTIONS[axes]
    if fits(kronecker, channels_in, channels_out):
        return light(channels_in, channels_out, kernel, stride, padding, bias=bias, n=kronecker)
    return plain(channels_in, channels_out, kernel, stride, padding, bias=bias)


def transposed_convolution(
    kronecker: int,
    channels_in: int,
    channels_out: int,
    kernel: Size,
    *,
    stride: Size = 1,
    padding: Size = 0,
    bias: bool = True,
    axes: int = 2,
) -> nn.Module:
    """A transposed convolution with ``n = kronecker`` components where that is possible."""
    plain, light = TRANSPOSED[axes]
    if fits(kronecker, channels_in, channels_out):
        return light(channels_in, channels_out, kernel, stride, padding, bias=bias, n=kronecker)
    return plain(channels_in, channels_out, kernel, stride, padding, bias=bias)


def fits(kronecker: int, channels_in: int, channels_out: int) -> bool:
    """A Kronecker layer is asked for, and ``n`` divides both."""
    return kronecker > 1 and channels_in % kronecker == 0 and channels_out % kronecker == 0
