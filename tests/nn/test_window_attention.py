"""Windows, which tokens see each other, and attention against a plain reference."""

import math

import pytest
import torch
from torch import Tensor

import laws
from feathermr.core.errors import ShapeError, UsageError
from feathermr.core.seeding import seeded
from feathermr.nn.window_attention import WindowAttention, from_windows, to_windows

WINDOW = 4


def attention(channels: int = 12, heads: int = 3, shift: int = 0, n: int = 1) -> WindowAttention:
    with seeded(0, "attention"):
        layer = WindowAttention(channels, heads, WINDOW, shift, n).double()
        torch.nn.init.normal_(layer.table)
    return layer


def tokens(height: int, width: int, channels: int = 12, batch: int = 2) -> Tensor:
    return laws.random_array((batch, height, width, channels), "tokens", dtype=torch.float64)


def dense(layer: torch.nn.Module, features: int) -> tuple[Tensor, Tensor]:
    """Matrix and bias of a linear layer of any kind, from what it does."""
    with torch.no_grad():
        bias = layer(torch.zeros(1, features, dtype=torch.float64))[0]
        return (layer(torch.eye(features, dtype=torch.float64)) - bias).T, bias


def seen_by(layer: WindowAttention, image: Tensor, y: int, x: int) -> Tensor:
    """Which tokens the answer at one place depends on."""
    image = image.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(layer(image)[0, y, x].sum(), image)
    return gradient[0].abs().sum(-1) > 0


def plain(layer: WindowAttention, image: Tensor) -> Tensor:
    """Every token by itself, over the tokens that lie in its window of the plane."""
    heads, size = layer.heads, image.shape[-1] // layer.heads
    matrix, bias = dense(layer.projection, image.shape[-1])
    query, key, value = (image @ matrix.T + bias).unflatten(-1, (3, heads, size)).unbind(-3)
    mixed = torch.zeros_like(query)
    height, width = image.shape[1:3]
    for y in range(height):
        for x in range(width):
            near = [
                (b, a)
                for b in range(height)
                for a in range(width)
                if (b - layer.shift) // WINDOW == (y - layer.shift) // WINDOW
                and (a - layer.shift) // WINDOW == (x - layer.shift) // WINDOW
            ]
            rows = [(y - b + WINDOW - 1) * (2 * WINDOW - 1) + x - a + WINDOW - 1 for b, a in near]
            keys = torch.stack([key[:, b, a] for b, a in near], 1)
            values = torch.stack([value[:, b, a] for b, a in near], 1)
            scores = (query[:, y, x, None] * keys).sum(-1) / math.sqrt(size) + layer.table[rows]
            mixed[:, y, x] = (scores.softmax(1)[..., None] * values).sum(1)
    matrix, bias = dense(layer.output, image.shape[-1])
    return mixed.flatten(-2) @ matrix.T + bias


def test_windows_are_squares_of_neighbours_and_can_be_merged_again() -> None:
    image = tokens(8, 12)
    windows = to_windows(image, WINDOW)
    assert windows.shape == (2, 2, 3, 16, 12)
    assert torch.equal(windows[1, 1, 2], image[1, 4:8, 8:12].flatten(0, 1))
    assert torch.equal(from_windows(windows), image)


def test_windows_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ShapeError, match="windows of 4 x 4 tokens do not tile 8 x 10"):
        to_windows(tokens(8, 10), WINDOW)


def test_the_bias_depends_on_the_relative_position_alone() -> None:
    index = attention().table_index
    steps = 2 * WINDOW - 1
    for first in range(WINDOW**2):
        for second in range(WINDOW**2):
            in_y = first // WINDOW - second // WINDOW + WINDOW - 1
            in_x = first % WINDOW - second % WINDOW + WINDOW - 1
            assert index[first, second] == in_y * steps + in_x
    assert index.unique().numel() == steps**2


@pytest.mark.parametrize("shift", [0, 1, 2])
@pytest.mark.parametrize("size", [(8, 12), (4, 8), (4, 4)])
@pytest.mark.parametrize("n", [1, 2, 4])
def test_it_is_attention_within_each_window(shift: int, size: tuple[int, int], n: int) -> None:
    layer, image = attention(shift=shift, n=n), tokens(*size)
    expected = plain(layer, image).detach()
    laws.assert_equal(layer(image).detach(), expected, 1e-10)
    with torch.no_grad():
        laws.assert_equal(layer(image), expected, 1e-10)
    with torch.inference_mode():
        laws.assert_equal(layer(image), expected, 1e-10)


def test_gradients_are_those_of_the_reference_frozen_or_not() -> None:
    layer, image = attention(shift=2), tokens(8, 8)
    weight = laws.random_array((2, 8, 8, 12), "weight", dtype=torch.float64)
    gradients, of_tables = [], []
    for learned, function in ((True, layer), (False, layer), (True, lambda x: plain(layer, x))):
        layer.requires_grad_(learned)
        given = image.clone().requires_grad_()
        loss = (function(given) * weight).sum()
        gradients.append(torch.autograd.grad(loss, given, retain_graph=True)[0])
        if learned:
            of_tables.append(torch.autograd.grad(loss, layer.table)[0])
    laws.assert_equal(gradients[0], gradients[2], 1e-9)
    laws.assert_equal(gradients[1], gradients[2], 1e-9)
    laws.assert_equal(of_tables[0], of_tables[1], 1e-9)


def test_tokens_from_opposite_edges_do_not_see_each_other() -> None:
    layer, image = attention(shift=2), tokens(8, 12)
    inside = torch.zeros(8, 12, dtype=torch.bool)
    inside[2:6, 6:10] = True
    assert torch.equal(seen_by(layer, image, 3, 7), inside)
    for y, rows in ((1, slice(0, 2)), (6, slice(6, 8))):
        for x, columns in ((0, slice(0, 2)), (11, slice(10, 12))):
            corner = torch.zeros(8, 12, dtype=torch.bool)
            corner[rows, columns] = True
            assert torch.equal(seen_by(layer, image, y, x), corner)


def test_half_precision_stays_half_precision() -> None:
    layer, image = attention(shift=2), tokens(8, 8)
    with torch.no_grad():
        half = layer.bfloat16()(image.bfloat16())
    assert half.dtype == torch.bfloat16
    laws.assert_equal(half.double(), layer.double()(image).detach(), 0.05)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = layer.float()(image.float())
    laws.assert_equal(mixed.detach().double(), half.double(), 0.05)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(UsageError, match="12 channels cannot be divided among 5 heads"):
        WindowAttention(12, 5, WINDOW)
    with pytest.raises(UsageError, match="from 0 to 3, not 4"):
        WindowAttention(12, 3, WINDOW, shift=4)
