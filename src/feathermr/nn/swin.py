"""The layer and the residual block of Swin transformers."""

from typing import final

from torch import Tensor, nn

from feathermr.nn.layers import convolution, linear
from feathermr.nn.window_attention import WindowAttention


@final
class SwinLayer(nn.Module):
    """``x + attention(norm(x))``, then ``x + mlp(norm(x))``, on tokens (batch, y, x, channel).

    Liu et al. 2021, doi:10.1109/ICCV48922.2021.00986.

    Args:
        channels: of a token.
        heads: of the attention.
        window: tokens along each side of a window.
        shift: of the windows.
        mlp_ratio: hidden channels of the perceptron, in units of ``channels``.
        kronecker: ``n`` of every linear layer.
    """

    def __init__(
        self,
        channels: int,
        heads: int,
        window: int,
        shift: int = 0,
        mlp_ratio: float = 2.0,
        kronecker: int = 1,
    ) -> None:
        super().__init__()
        hidden = round(channels * mlp_ratio)
        self.attention_norm = nn.LayerNorm(channels)
        self.attention = WindowAttention(channels, heads, window, shift, kronecker)
        self.mlp_norm = nn.LayerNorm(channels)
        self.mlp = nn.Sequential(
            linear(kronecker, channels, hidden), nn.GELU(), linear(kronecker, hidden, channels)
        )

    def forward(self, tokens: Tensor) -> Tensor:
        """Tokens of the same shape."""
        tokens = tokens + self.attention(self.attention_norm(tokens))
        answer: Tensor = tokens + self.mlp(self.mlp_norm(tokens))
        return answer


@final
class ResidualSwinBlock(nn.Module):
    """Layers with windows in place and shifted by half, in turn, a convolution, and a residual.

    Liang et al. 2021, doi:10.1109/ICCVW54120.2021.00210.

    Args:
        channels: of a token.
        depth: number of layers.
        heads: of the attention.
        window: tokens along each side of a window.
        mlp_ratio: hidden channels of the perceptrons, in units of ``channels``.
        kronecker: ``n`` of every layer with weights.
    """

    def __init__(
        self,
        channels: int,
        depth: int,
        heads: int,
        window: int,
        mlp_ratio: float = 2.0,
        kronecker: int = 1,
    ) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *(
                SwinLayer(channels, heads, window, index % 2 * (window // 2), mlp_ratio, kronecker)
                for index in range(depth)
            )
        )
        self.convolution = convolution(kronecker, channels, channels, 3, padding=1)

    def forward(self, tokens: Tensor) -> Tensor:
        """Tokens (batch, y, x, channel) to the same shape."""
        mixed = self.layers(tokens).permute(0, 3, 1, 2)
        answer: Tensor = tokens + self.convolution(mixed).permute(0, 2, 3, 1)
        return answer
