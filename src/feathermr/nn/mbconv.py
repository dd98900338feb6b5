"""Inverted residuals: the blocks of EfficientNet."""

from typing import final

from torch import Tensor, nn

#: channels that are normalised together; every width of a network of these blocks is a multiple
GROUP = 8


@final
class MBConv(nn.Module):
    """Widen at each pixel, a depthwise convolution, squeeze and excitation, and narrow again.

    Tan and Le 2019, arXiv:1905.11946, after Sandler et al. 2018, doi:10.1109/CVPR.2018.00474,
    with a residual where input and output agree. Groups of eight channels are normalised image by
    image in place of batch normalisation, because batches of images to reconstruct are small; and
    blocks are not dropped at random.

    Args:
        channels_in: a multiple of eight.
        channels_out: a multiple of eight.
        expansion: channels inside, in units of ``channels_in``.
        kernel: of the depthwise convolution, odd.
        stride: of the depthwise convolution.
    """

    def __init__(
        self, channels_in: int, channels_out: int, expansion: int, kernel: int, stride: int = 1
    ) -> None:
        super().__init__()
        inside = channels_in * expansion
        widen = (
            [nn.Conv2d(channels_in, inside, 1, bias=False), group_norm(inside), nn.SiLU()]
            if expansion > 1
            else []
        )
        self.layers = nn.Sequential(
            *widen,
            nn.Conv2d(inside, inside, kernel, stride, kernel // 2, groups=inside, bias=False),
            group_norm(inside),
            nn.SiLU(),
            SqueezeExcitation(inside, channels_in // 4),
            nn.Conv2d(inside, channels_out, 1, bias=False),
            group_norm(channels_out),
        )
        self.residual = stride == 1 and channels_in == channels_out

    def forward(self, image: Tensor) -> Tensor:
        """Features (batch, channel, y, x) to ``channels_out`` at ``1 / stride`` of the size."""
        features: Tensor = self.layers(image)
        return image + features if self.residual else features


@final
class SqueezeExcitation(nn.Module):
    """Each channel times a factor in 0 to 1, of the means of all channels.

    Hu et al. 2018, doi:10.1109/CVPR.2018.00745.

    Args:
        channels: in and out.
        squeezed: channels between the two layers.
    """

    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, squeezed, 1), nn.SiLU(), nn.Conv2d(squeezed, channels, 1)
        )

    def forward(self, image: Tensor) -> Tensor:
        """Features of the same shape."""
        factors: Tensor = self.layers(image.mean((-2, -1), keepdim=True))
        return image * factors.sigmoid()


def group_norm(channels: int) -> nn.GroupNorm:
    """Groups of eight channels, or of all where eight do not divide them."""
    return nn.GroupNorm(channels // GROUP if channels % GROUP == 0 else 1, channels)
