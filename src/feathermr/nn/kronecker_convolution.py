"""Convolutions whose weights are sums of Kronecker products."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, final

import torch
from torch import Tensor
from torch.nn.functional import conv1d, conv2d, conv3d, pad

from feathermr.core.errors import ShapeError, UsageError
from feathermr.nn.kronecker import KroneckerLayer

Size = int | tuple[int, ...]

PADDING_MODES = ("zeros", "reflect", "replicate", "circular")
CONVOLUTIONS: Mapping[int, Callable[..., Tensor]] = {1: conv1d, 2: conv2d, 3: conv3d}


def each_axis(value: Size, axes: int, name: str) -> tuple[int, ...]:
    """``value`` for each of ``axes``.

    Raises:
        ShapeError: it is a tuple of another length.
    """
    values = (value,) * axes if isinstance(value, int) else tuple(value)
    if len(values) != axes:
        raise ShapeError(f"{name} takes one number or {axes}, not {value}")
    return values


def check_groups(channels_in: int, channels_out: int, groups: int) -> None:
    """Groups divide both.

    Raises:
        UsageError: they do not.
    """
    if groups < 1 or channels_in % groups or channels_out % groups:
        raise UsageError(
            f"groups must divide the channels; {groups} does not divide both {channels_in} input "
            f"and {channels_out} output channels"
        )


class KroneckerConvolution(KroneckerLayer):
    """What ``KroneckerConv1d``, ``2d`` and ``3d`` share: torch's arguments, ``n`` and its kin.

    Args:
        in_channels: of the input.
        out_channels: of the output.
        kernel_size: along every axis, or along each.
        stride: likewise.
        padding: likewise, or ``"same"`` or ``"valid"``.
        dilation: likewise.
        groups: groups of channels that see each other; ``n`` divides the channels of a group.
        bias: add one.
        padding_mode: ``zeros``, ``reflect``, ``replicate`` or ``circular``.
        device: as torch's layers.
        dtype: as torch's layers.
        n: components.
        terms: products in the sum, ``n`` unless told.
        algebra: (terms, n, n) to keep instead of learning one.

    Raises:
        UsageError: ``n`` or ``groups`` does not divide the channels, or an unknown padding.
        ShapeError: a tuple of another length than the convolution's axes, or an algebra that
            does not fit.
    """

    axes: ClassVar[int]

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size | str = 0,
        dilation: Size = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        *,
        n: int,
        terms: int | None = None,
        algebra: Tensor | None = None,
    ) -> None:
        super().__init__()
        check_groups(in_channels, out_channels, groups)
        if padding_mode not in PADDING_MODES:
            raise UsageError(
                f"padding_mode is one of {', '.join(PADDING_MODES)}, not '{padding_mode}'"
            )
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size = each_axis(kernel_size, self.axes, "kernel_size")
        self.stride = each_axis(stride, self.axes, "stride")
        self.dilation = each_axis(dilation, self.axes, "dilation")
        self.padding_mode = padding_mode
        self.padding = self._checked(padding)
        self._edges = self._edge_widths()
        self._prepare(n, terms, algebra)
        shape = (out_channels, in_channels // groups, *self.kernel_size)
        self._allocate(shape, algebra, out_channels if bias else None, device, dtype)

    def _checked(self, padding: Size | str) -> tuple[int, ...] | str:
        if not isinstance(padding, str):
            return each_axis(padding, self.axes, "padding")
        if padding not in ("same", "valid"):
            raise UsageError(f"padding is a number, 'same' or 'valid', not '{padding}'")
        if padding == "same" and any(step != 1 for step in self.stride):
            raise UsageError(f"padding 'same' takes a stride of 1, not {self.stride}")
        return padding

    def _edge_widths(self) -> list[int]:
        """Widths of the edges as ``pad`` takes them: last axis first, before and after."""
        if self.padding == "valid":
            return [0] * (2 * self.axes)
        if isinstance(self.padding, str):
            reach = [d * (k - 1) for d, k in zip(self.dilation, self.kernel_size, strict=True)]
            pairs = [(width // 2, width - width // 2) for width in reach]
        else:
            pairs = [(width, width) for width in self.padding]
        return [width for pair in reversed(pairs) for width in pair]

    def forward(self, input: Tensor) -> Tensor:
        """The convolution of (batch, channel, *axes) or of (channel, *axes)."""
        padding: Any = self.padding
        uneven = self._edges[::2] != self._edges[1::2]
        if self.padding_mode != "zeros" or uneven:
            mode = "constant" if self.padding_mode == "zeros" else self.padding_mode
            input, padding = pad(input, self._edges, mode), 0
        return CONVOLUTIONS[self.axes](
            input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups
        )

    def extra_repr(self) -> str:
        """Sizes, and what is not by default."""
        parts = [f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}"]
        parts += [f"stride={self.stride}"] if any(step != 1 for step in self.stride) else []
        parts += [f"padding={self.padding!r}"] if any(self._edges) else []
        parts += [f"dilation={self.dilation}"] if any(d != 1 for d in self.dilation) else []
        parts += [f"groups={self.groups}"] if self.groups != 1 else []
        parts += [f"padding_mode={self.padding_mode}"] if self.padding_mode != "zeros" else []
        return ", ".join([*parts, self._description()])


@final
class KroneckerConv1d(KroneckerConvolution):
    """``nn.Conv1d`` with a weight of Kronecker products; see ``KroneckerConvolution``."""

    axes = 1


@final
class KroneckerConv2d(KroneckerConvolution):
    """``nn.Conv2d`` with a weight of Kronecker products; see ``KroneckerConvolution``.

    Example:
        >>> layer = KroneckerConv2d(8, 16, 3, stride=2, padding=1, n=2)
        >>> layer(torch.zeros(1, 8, 10, 10)).shape
        torch.Size([1, 16, 5, 5])
        >>> layer.weight.shape, layer.factors.shape
        (torch.Size([16, 8, 3, 3]), torch.Size([2, 8, 4, 3, 3]))
    """

    axes = 2


@final
class KroneckerConv3d(KroneckerConvolution):
    """``nn.Conv3d`` with a weight of Kronecker products; see ``KroneckerConvolution``."""

    axes = 3
