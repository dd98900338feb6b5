"""Kronecker layers do what torch's layers do with the sum of Kronecker products as weight."""

import copy
import io
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from feathermr.core.errors import FeatherError, ShapeError, UsageError
from feathermr.nn import (
    KroneckerConv2d,
    KroneckerConvTranspose2d,
    KroneckerLayer,
    KroneckerLinear,
)
from nn.kronecker_cases import CASES, Case

every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())


def weight_by_definition(layer: KroneckerLayer) -> Tensor:
    """torch.kron of the two channel axes, kernel element by kernel element, group by group."""
    factors = layer.factors.flatten(3) if layer.factors.ndim > 3 else layer.factors[..., None]
    groups = []
    for one in factors.chunk(layer.groups, dim=1):
        pixels = []
        for pixel in range(one.shape[-1]):
            products = [
                torch.kron(a.t().contiguous() if layer.transposed else a, s[..., pixel])
                for a, s in zip(layer.algebra, one, strict=True)
            ]
            pixels.append(torch.stack(products).sum(0))
        groups.append(torch.stack(pixels, -1))
    whole = torch.cat(groups)
    return whole.reshape(*whole.shape[:2], *layer.factors.shape[3:])


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@every_case
@pytest.mark.parametrize("terms", [None, 1, 5])
def test_output_is_torchs_with_the_weight_by_definition(case: Case, terms: int | None) -> None:
    layer, dense, given = case.layer(terms), case.dense(), case.input()
    weight = weight_by_definition(layer)
    state = {"weight": weight} if layer.bias is None else {"weight": weight, "bias": layer.bias}
    dense.load_state_dict(state)
    torch.testing.assert_close(layer(given), dense(given), rtol=1e-10, atol=1e-12)


@every_case
@pytest.mark.parametrize("terms", [None, 3])
def test_number_of_parameters_is_the_formula(case: Case, terms: int | None) -> None:
    layer, weight = case.layer(terms), case.dense().get_parameter("weight")
    products, squared = terms or case.n, case.n**2
    expected = products * (squared + weight.numel() / squared)
    if case.settings.get("bias", True):
        expected += case.sizes[1]
    assert sum(each.numel() for each in layer.parameters()) == expected


@every_case
def test_gradients_are_right(case: Case) -> None:
    layer, given = case.layer(), case.input().requires_grad_()
    names = [name for name, _ in layer.named_parameters()]
    parameters = tuple(each.detach().requires_grad_() for each in layer.parameters())

    def function(image: Tensor, *values: Tensor) -> Any:
        state = dict(zip(names, values, strict=True))
        return torch.func.functional_call(layer, state, (image,))

    assert torch.autograd.gradcheck(function, (given, *parameters), fast_mode=True)


def test_bias_is_used() -> None:
    layer = KroneckerConv2d(4, 6, 3, n=2)
    assert layer.bias is not None
    torch.nn.init.constant_(layer.factors, 0)
    answer = layer(torch.ones(1, 4, 5, 5))
    torch.testing.assert_close(answer, layer.bias[None, :, None, None].expand_as(answer))


@pytest.mark.parametrize("size", [(10, 9), (1, 3, 11, 9), [10, 10]])
def test_output_size_is_torchs(size: list[int]) -> None:
    layer = KroneckerConvTranspose2d(4, 6, (3, 4), stride=2, padding=(0, 1), n=2)
    dense = nn.ConvTranspose2d(4, 6, (3, 4), stride=2, padding=(0, 1))
    dense.load_state_dict({"weight": layer.weight, "bias": layer.bias})
    features = torch.randn(2, 4, 4, 4)
    wanted = [9 + (size[-2] - 10) % 2, 8 + (size[-1] - 8) % 2]
    torch.testing.assert_close(layer(features, wanted), dense(features, output_size=wanted))


@pytest.mark.parametrize("size", [(8, 9), (11, 8), (9,)])
def test_an_impossible_output_size_is_refused(size: tuple[int, ...]) -> None:
    layer = KroneckerConvTranspose2d(4, 6, 3, stride=2, n=2)
    with pytest.raises(ShapeError, match=r"gives outputs from \(9, 9\) to \(10, 10\)"):
        layer(torch.zeros(4, 4, 4), size)


@pytest.mark.parametrize(
    ("kind", "sizes", "settings", "says"),
    [
        (KroneckerLinear, (6, 8), {"n": 4}, "n = 4 does not divide the 6 input channels"),
        (KroneckerLinear, (8, 6), {"n": 4}, "n = 4 does not divide the 6 output channels"),
        (KroneckerConv2d, (8, 8, 3), {"n": 4, "groups": 4}, "2 output channels of each group"),
        (KroneckerConv2d, (8, 6, 3), {"n": 2, "groups": 4}, "groups must divide"),
        (KroneckerConvTranspose2d, (8, 6, 3), {"n": 4}, "6 output channels"),
        (KroneckerConvTranspose2d, (6, 8, 3), {"n": 4}, "6 input channels"),
        (KroneckerConvTranspose2d, (4, 4, 3), {"n": 2, "padding_mode": "reflect"}, "zeros"),
        (KroneckerConv2d, (4, 4, 3), {"n": 2, "padding": "full"}, "'same' or 'valid'"),
        (KroneckerConv2d, (4, 4, 3), {"n": 2, "padding": "same", "stride": 2}, "stride of 1"),
        (KroneckerConv2d, (4, 4, 3), {"n": 2, "padding_mode": "mirror"}, "one of zeros"),
        (KroneckerConv2d, (4, 4, (3, 3, 3)), {"n": 2}, "kernel_size takes one number or 2"),
        (KroneckerLinear, (4, 4), {"n": 0}, "at least 1"),
        (KroneckerLinear, (4, 4), {"n": 2, "terms": 0}, "at least 1"),
        (KroneckerLinear, (4, 4), {"n": 2, "dtype": torch.complex64}, "real floating"),
        (KroneckerLinear, (4, 4), {"n": 2, "algebra": torch.ones(2, 3, 3)}, r"\(terms, 2, 2\)"),
        (KroneckerLinear, (4, 4), {"n": 2, "algebra": torch.zeros(2, 2, 2)}, "zero everywhere"),
        (KroneckerLinear, (4, 4), {"n": 2, "terms": 3, "algebra": torch.ones(2, 2, 2)}, "3, 2, 2"),
    ],
)
def test_wrong_arguments_are_refused_clearly(
    kind: Any, sizes: tuple[Any, ...], settings: dict[str, Any], says: str
) -> None:
    with pytest.raises(FeatherError, match=says) as caught:
        kind(*sizes, **settings)
    assert isinstance(caught.value, UsageError | ShapeError)


@every_case
def test_state_goes_to_another_layer(case: Case) -> None:
    first, second, given = case.layer(), case.layer(), case.input()
    file = io.BytesIO()
    torch.save(first.state_dict(), file)
    file.seek(0)
    second.load_state_dict(torch.load(file, weights_only=True))
    assert torch.equal(first(given), second(given))
    assert torch.equal(copy.deepcopy(first)(given), first(given))


def test_layers_start_anywhere_and_move() -> None:
    layer = KroneckerConv2d(4, 6, 3, n=2, device="meta", dtype=torch.bfloat16)
    assert layer.weight.is_meta
    layer = layer.to_empty(device="cpu")
    layer.reset_parameters()
    assert layer.weight.dtype == torch.bfloat16
    assert layer.weight.isfinite().all()
    assert layer.double().weight.dtype == torch.float64


def test_channels_last_networks_work() -> None:
    layer = KroneckerConv2d(4, 6, 3, n=2)
    given = torch.randn(2, 4, 8, 8)
    expected = layer(given)
    layer.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    answer = layer(given.to(memory_format=torch.channels_last))
    assert answer.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(answer, expected)


def test_printing_says_what_is_special() -> None:
    layer = KroneckerConv2d(
        8, 16, 3, 2, 1, 2, 2, False, "circular", n=2, terms=3
    )  # fmt: skip
    assert repr(layer) == (
        "KroneckerConv2d(8, 16, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), "
        "dilation=(2, 2), groups=2, padding_mode=circular, n=2, terms=3, bias=False)"
    )
    transposed = KroneckerConvTranspose2d(8, 16, 3, 2, 1, 1, 2, True, 2, n=2)
    assert repr(transposed) == (
        "KroneckerConvTranspose2d(8, 16, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), "
        "output_padding=(1, 1), dilation=(2, 2), groups=2, n=2)"
    )
