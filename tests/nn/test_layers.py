"""The factory of layers: Kronecker where that is possible, torch's own elsewhere."""

import pytest
import torch
from torch import nn

from feathermr.nn import (
    KroneckerConv1d,
    KroneckerConv2d,
    KroneckerConvTranspose3d,
    KroneckerLinear,
)
from feathermr.nn.layers import convolution, linear, transposed_convolution


@pytest.mark.parametrize(
    ("layer", "kind"),
    [
        (linear(1, 8, 4), nn.Linear),
        (linear(2, 8, 4), KroneckerLinear),
        (linear(4, 8, 6), nn.Linear),
        (convolution(2, 2, 8, 3), KroneckerConv2d),
        (convolution(4, 2, 8, 3), nn.Conv2d),
        (convolution(4, 4, 8, 3, axes=1), KroneckerConv1d),
        (transposed_convolution(2, 4, 4, 2), nn.Module),
        (transposed_convolution(2, 4, 4, 2, axes=3), KroneckerConvTranspose3d),
        (transposed_convolution(2, 3, 4, 2, axes=3), nn.ConvTranspose3d),
    ],
)
def test_the_layer_is_the_one_that_fits(layer: nn.Module, kind: type[nn.Module]) -> None:
    assert isinstance(layer, kind)


@pytest.mark.parametrize("kronecker", [1, 2])
def test_settings_reach_either_layer(kronecker: int) -> None:
    image = torch.zeros(1, 4, 9, 9)
    layer = convolution(kronecker, 4, 6, (3, 1), stride=2, padding=(1, 0), bias=False)
    assert layer(image).shape == (1, 6, 5, 5)
    assert layer.bias is None
    layer = transposed_convolution(kronecker, 4, 6, 3, stride=2, padding=1, bias=False)
    assert layer(image).shape == (1, 6, 17, 17)
    assert layer.bias is None
    assert linear(kronecker, 4, 6, bias=False).bias is None
