"""Transposed convolutions whose weights are sums of Kronecker products."""

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, final

import torch
from torch import Tensor
from torch.nn.functional import conv_transpose1d, conv_transpose2d, conv_transpose3d

from feathermr.core.errors import ShapeError, UsageError
from feathermr.nn.kronecker import KroneckerLayer
from feathermr.nn.kronecker_convolution import Size, check_groups, each_axis

CONVOLUTIONS: Mapping[int, Callable[..., Tensor]] = {
    1: conv_transpose1d,
    2: conv_transpose2d,
    3: conv_transpose3d,
}


class KroneckerTransposedConvolution(KroneckerLayer):
    """What ``KroneckerConvTranspose1d``, ``2d`` and ``3d`` share: torch's arguments and ``n``.

    Args:
        in_channels: of the input.
        out_channels: of the output.
        kernel_size: along every axis, or along each.
        stride: likewise.
        padding: likewise; how much is cut from both ends.
        output_padding: likewise; how much longer the output is at its end.
        groups: groups of channels that see each other; ``n`` divides the channels of a group.
        bias: add one.
        dilation: along every axis, or along each.
        padding_mode: ``zeros``, as torch's.
        device: as torch's layers.
        dtype: as torch's layers.
        n: components.
        terms: products in the sum, ``n`` unless told.
        algebra: (terms, n, n) to keep instead of learning one.

    Raises:
        UsageError: ``n`` or ``groups`` does not divide the channels, or another padding mode.
        ShapeError: a tuple of another length than the convolution's axes, or an algebra that
            does not fit.
    """

    axes: ClassVar[int]
    transposed = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size = 0,
        output_padding: Size = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Size = 1,
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
        if padding_mode != "zeros":
            raise UsageError(
                f"transposed convolutions take the padding mode 'zeros', not '{padding_mode}'"
            )
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size = each_axis(kernel_size, self.axes, "kernel_size")
        self.stride = each_axis(stride, self.axes, "stride")
        self.padding = each_axis(padding, self.axes, "padding")
        self.output_padding = each_axis(output_padding, self.axes, "output_padding")
        self.dilation = each_axis(dilation, self.axes, "dilation")
        self.padding_mode = padding_mode
        self._prepare(n, terms, algebra)
        shape = (in_channels, out_channels // groups, *self.kernel_size)
        self._allocate(shape, algebra, out_channels if bias else None, device, dtype)

    def forward(self, input: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        """The transposed convolution of (batch, channel, *axes) or of (channel, *axes).

        Args:
            input: the features.
            output_size: of the output's last axes, instead of ``output_padding``.

        Raises:
            ShapeError: a size that no padding of the output's end gives.
        """
        longer = self.output_padding
        if output_size is not None:
            longer = self._longer(input.shape[-self.axes :], output_size)
        return CONVOLUTIONS[self.axes](
            input, self.weight, self.bias, self.stride, self.padding, longer, self.groups,
            self.dilation,
        )  # fmt: skip

    def _longer(self, given: Sequence[int], wanted: Sequence[int]) -> tuple[int, ...]:
        least = [
            (size - 1) * step - 2 * cut + reach * (kernel - 1) + 1
            for size, step, cut, reach, kernel in zip(
                given, self.stride, self.padding, self.dilation, self.kernel_size, strict=True
            )
        ]
        sizes = tuple(wanted)[-self.axes :]
        fits = len(sizes) == self.axes and all(
            low <= size < low + step
            for low, size, step in zip(least, sizes, self.stride, strict=True)
        )
        if not fits:
            most = [low + step - 1 for low, step in zip(least, self.stride, strict=True)]
            raise ShapeError(
                f"an input of {tuple(given)} gives outputs from {tuple(least)} to {tuple(most)}, "
                f"not {tuple(wanted)}"
            )
        return tuple(size - low for size, low in zip(sizes, least, strict=True))

    def extra_repr(self) -> str:
        """Sizes, and what is not by default."""
        parts = [f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}"]
        parts += [f"stride={self.stride}"] if any(step != 1 for step in self.stride) else []
        parts += [f"padding={self.padding}"] if any(self.padding) else []
        parts += [f"output_padding={self.output_padding}"] if any(self.output_padding) else []
        parts += [f"dilation={self.dilation}"] if any(d != 1 for d in self.dilation) else []
        parts += [f"groups={self.groups}"] if self.groups != 1 else []
        return ", ".join([*parts, self._description()])


@final
class KroneckerConvTranspose1d(KroneckerTransposedConvolution):
    """``nn.ConvTranspose1d`` with a weight of Kronecker products."""

    axes = 1


@final
class KroneckerConvTranspose2d(KroneckerTransposedConvolution):
    """``nn.ConvTranspose2d`` with a weight of Kronecker products.

    Example:
        >>> layer = KroneckerConvTranspose2d(8, 4, 2, stride=2, n=2)
        >>> layer(torch.zeros(1, 8, 5, 5), output_size=(11, 10)).shape
        torch.Size([1, 4, 11, 10])
    """

    axes = 2


@final
class KroneckerConvTranspose3d(KroneckerTransposedConvolution):
    """``nn.ConvTranspose3d`` with a weight of Kronecker products."""

    axes = 3
