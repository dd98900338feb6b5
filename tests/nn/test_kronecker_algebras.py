"""Complex numbers, quaternions and dense layers are exact special cases."""

import torch
from torch import Tensor

from feathermr.core.complexes import from_channels, to_channels
from feathermr.nn import (
    KroneckerConv2d,
    KroneckerLinear,
    complex_algebra,
    dense_algebra,
    quaternion_algebra,
)

DOUBLE = torch.float64


def hamilton(left: list[Tensor], right: list[Tensor]) -> list[Tensor]:
    """The product from i^2 = j^2 = k^2 = ijk = -1, by matrices of complex numbers."""

    def matrix(parts: list[Tensor]) -> Tensor:
        a, b, c, d = parts
        rows = [
            torch.complex(a, b),
            torch.complex(c, d),
            torch.complex(-c, d),
            torch.complex(a, -b),
        ]
        return torch.stack(rows, -1).unflatten(-1, (2, 2))

    product = matrix(left) @ matrix(right)
    first, second = product[..., 0, 0], product[..., 0, 1]
    return [first.real, first.imag, second.real, second.imag]


def test_a_complex_convolution() -> None:
    layer = KroneckerConv2d(
        6, 8, (3, 2), padding=1, bias=False, dtype=DOUBLE, n=2, algebra=complex_algebra()
    )
    image = torch.randn(2, 3, 7, 6, dtype=torch.complex128)
    weight = torch.complex(*layer.factors.detach())
    expected = torch.nn.functional.conv2d(image, weight, padding=1)
    channels = torch.cat([image.real, image.imag], dim=1)
    answer = layer(channels)
    torch.testing.assert_close(torch.complex(answer[:, :4], answer[:, 4:]), expected)


def test_components_are_the_channels_of_complexes() -> None:
    image = torch.randn(2, 1, 5, 4, dtype=torch.complex128)
    channels = to_channels(image)
    layer = KroneckerConv2d(2, 2, 1, bias=False, dtype=DOUBLE, n=2, algebra=complex_algebra())
    factor = torch.complex(*layer.factors.detach().flatten())
    torch.testing.assert_close(from_channels(layer(channels)), factor * image)


def test_the_hamilton_product() -> None:
    layer = KroneckerLinear(12, 8, bias=False, dtype=DOUBLE, n=4, algebra=quaternion_algebra())
    features = torch.randn(5, 12, dtype=DOUBLE)
    quaternions = list(features.reshape(5, 4, 1, 3).unbind(1))
    weights = list(layer.factors.detach().unbind(0))
    products = hamilton([each.expand(5, 2, 3) for each in weights], quaternions_of(quaternions))
    expected = torch.cat([each.sum(-1) for each in products], dim=-1)
    torch.testing.assert_close(layer(features), expected)


def quaternions_of(parts: list[Tensor]) -> list[Tensor]:
    return [each.expand(5, 2, 3) for each in parts]


def test_one_component_is_the_dense_layer() -> None:
    layer = KroneckerLinear(5, 7, n=1, dtype=DOUBLE, algebra=dense_algebra(1))
    assert torch.equal(layer.weight, layer.factors[0])


def test_all_matrices_of_one_element_make_any_weight() -> None:
    layer = KroneckerLinear(6, 4, n=2, dtype=DOUBLE, algebra=dense_algebra(2))
    weight = torch.randn(4, 6, dtype=DOUBLE)
    blocks = weight.reshape(2, 2, 2, 3).transpose(1, 2).reshape(4, 2, 3)
    with torch.no_grad():
        layer.factors.copy_(blocks)
    assert torch.equal(layer.weight, weight)


def test_a_given_algebra_is_kept_but_not_learned() -> None:
    layer = KroneckerLinear(4, 4, n=2, algebra=complex_algebra())
    assert set(layer.state_dict()) == {"algebra", "factors", "bias"}
    assert {name for name, _ in layer.named_parameters()} == {"factors", "bias"}
    layer.reset_parameters()
    assert torch.equal(layer.algebra, complex_algebra())
    assert "algebra given" in repr(layer)
