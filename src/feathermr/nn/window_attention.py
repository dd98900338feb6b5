"""Attention within square windows of an image, shifted or not."""

import math
from typing import final

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from feathermr.core.errors import ShapeError, UsageError
from feathermr.core.tracing import is_traced
from feathermr.nn.layers import linear


def to_windows(tokens: Tensor, window: int) -> Tensor:
    """Tokens (batch, y, x, channel) to windows (batch, row, column, token, channel).

    Raises:
        ShapeError: the height or width is no multiple of the window.
    """
    batch, height, width, channels = tokens.shape
    if height % window or width % window:
        raise ShapeError(
            f"windows of {window} x {window} tokens do not tile {height} x {width}; pad the image"
        )
    parts = tokens.reshape(batch, height // window, window, width // window, window, channels)
    return parts.transpose(2, 3).flatten(3, 4)


def from_windows(windows: Tensor) -> Tensor:
    """The inverse of `to_windows`."""
    batch, rows, columns, tokens, channels = windows.shape
    window = math.isqrt(tokens)
    parts = windows.reshape(batch, rows, columns, window, window, channels)
    return parts.transpose(2, 3).reshape(batch, rows * window, columns * window, channels)


@final
class WindowAttention(nn.Module):
    """Multi-head attention among the tokens of each window.

    ``softmax(q k^T / sqrt(d) + b) v`` for each head of ``d`` channels, where the learned ``b``
    depends on the relative position of two tokens alone. Liu et al. 2021,
    doi:10.1109/ICCV48922.2021.00986.

    With ``shift`` the windows lie that many tokens further down and right. The image is rolled
    for it, so that the last row and column of windows hold tokens from opposite edges; these do
    not see each other.

    Args:
        channels: of a token.
        heads: among which the channels are divided.
        window: tokens along each side of a window.
        shift: of the windows, less than ``window``.
        kronecker: ``n`` of the projections. Queries, keys and values are one layer, in this order,
            as in the dense network, so that a folded state fits that one.

    Raises:
        UsageError: ``heads`` do not divide ``channels``, or the shift is not within a window.
    """

    table_index: Tensor
    row_mask: Tensor
    column_mask: Tensor

    def __init__(
        self, channels: int, heads: int, window: int, shift: int = 0, kronecker: int = 1
    ) -> None:
        super().__init__()
        if channels % heads:
            raise UsageError(f"{channels} channels cannot be divided among {heads} heads")
        if not 0 <= shift < window:
            raise UsageError(f"a shift must be from 0 to {window - 1}, not {shift}")
        self.heads, self.window, self.shift = heads, window, shift
        self.projection = linear(kronecker, channels, 3 * channels)
        self.output = linear(kronecker, channels, channels)
        self.table = nn.Parameter(torch.empty((2 * window - 1) ** 2, heads))
        nn.init.trunc_normal_(self.table, std=0.02)
        self.register_buffer("table_index", _relative_index(window), persistent=False)
        row_mask, column_mask = _edge_masks(window, shift)
        self.register_buffer("row_mask", row_mask, persistent=False)
        self.register_buffer("column_mask", column_mask, persistent=False)

    def forward(self, tokens: Tensor) -> Tensor:
        """Tokens (batch, y, x, channel) to the same shape."""
        if self.shift:
            tokens = tokens.roll((-self.shift, -self.shift), (1, 2))
        windows = to_windows(tokens, self.window)
        grid = windows.shape[:3]
        parts = self.projection(windows.flatten(0, 2)).unflatten(-1, (3, self.heads, -1))
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        bias = self.table[self.table_index].permute(2, 0, 1).to(query.dtype)
        mixed = self._mixed(query, key, value, bias, grid).transpose(1, 2).flatten(2)
        answer = from_windows(_by_place(self.output(mixed), grid))
        return answer.roll((self.shift, self.shift), (1, 2)) if self.shift else answer

    def _mixed(
        self, query: Tensor, key: Tensor, value: Tensor, bias: Tensor, grid: torch.Size
    ) -> Tensor:
        """Attention of (window, head, token, channel); edges are done once more, masked."""
        mixed = scaled_dot_product_attention(query, key, value, bias[None])
        if not self.shift:
            return mixed
        rows, columns = self.row_mask.to(bias.dtype), self.column_mask.to(bias.dtype)
        if mixed.requires_grad:
            mixed = mixed.clone()  # the kernel keeps its own for the gradients
        by_place = _by_place(mixed, grid)
        places = [_by_place(part, grid) for part in (query, key, value)]
        last, before = slice(-1, None), slice(None, -1)
        edges = []
        for row, column, mask in (
            (last, before, rows),
            (before, last, columns),
            (last, last, rows + columns),
        ):
            q, k, v = (part[:, row, column].flatten(0, 2) for part in places)
            again = scaled_dot_product_attention(q, k, v, (bias + mask)[None])
            if is_traced():  # an exported graph has no places to write to
                edges.append(again.reshape(*by_place[:, row, column].shape[:3], *again.shape[1:]))
            else:
                by_place[:, row, column] = again.view_as(by_place[:, row, column])
        if edges:
            below, beside, corner = edges
            upper = torch.cat([by_place[:, :-1, :-1], beside], dim=2)
            return torch.cat([upper, torch.cat([below, corner], dim=2)], dim=1).flatten(0, 2)
        return mixed


def _by_place(windows: Tensor, grid: torch.Size) -> Tensor:
    """Windows on one axis laid out as (batch, row, column)."""
    return windows.view(*grid, *windows.shape[1:])


def _relative_index(window: int) -> Tensor:
    """Row of the table of biases for each (query, key), by how far apart they are in y and x."""
    steps = torch.arange(window)
    apart = steps[:, None] - steps + window - 1
    in_y, in_x = apart[:, None, :, None], apart[None, :, None, :]
    return (in_y * (2 * window - 1) + in_x).reshape(window**2, window**2)


def _edge_masks(window: int, shift: int) -> tuple[Tensor, Tensor]:
    """Minus infinity between tokens from opposite edges: in the last row, in the last column."""
    rolled_in = torch.arange(window) >= window - shift
    in_y = rolled_in.repeat_interleave(window)
    in_x = rolled_in.repeat(window)
    masks = []
    for side in (in_y, in_x):
        apart = side[:, None] != side
        masks.append(torch.zeros(apart.shape).masked_fill(apart, -torch.inf))
    return masks[0], masks[1]
