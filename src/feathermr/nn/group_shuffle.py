"""Group shuffle attention: groups of channels weighted by learned maps, then mixed."""

from typing import final

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

GROUPS = 4
#: places from which the groups are taken
ORDER = (1, 3, 0, 2)
#: height and width of the learned maps
MAP_SIZE = 8


@final
class GroupShuffleAttention(nn.Module):
    """``mix(norm(shuffle(norm(x)_g * m_g)))`` with a learned map ``m_g`` for each of four groups.

    Each map is kept at 8 x 8 for each channel, stretched over the image, and led through a
    depthwise and a pointwise convolution of its group. The groups change places, and a depthwise
    and a pointwise convolution mix all channels. Xu and Tong 2024, LB-UNet, MICCAI,
    https://papers.miccai.org/miccai-2024/446-Paper2135.html.

    Args:
        channels_in: a multiple of four.
        channels_out: any number.
    """

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.maps = nn.Parameter(torch.ones(1, channels_in, MAP_SIZE, MAP_SIZE))
        self.map_convolutions = nn.Sequential(
            nn.Conv2d(channels_in, channels_in, 3, padding=1, groups=channels_in),
            nn.GELU(),
            nn.Conv2d(channels_in, channels_in, 1, groups=GROUPS),
        )
        self.norm = nn.LayerNorm(channels_in)
        self.shuffled_norm = nn.LayerNorm(channels_in)
        self.mix = nn.Sequential(
            nn.Conv2d(channels_in, channels_in, 3, padding=1, groups=channels_in),
            nn.GELU(),
            nn.Conv2d(channels_in, channels_out, 1),
        )

    def forward(self, image: Tensor) -> Tensor:
        """Features (batch, channel, y, x) to ``channels_out`` of the same size."""
        stretched = interpolate(
            self.maps, size=image.shape[-2:], mode="bilinear", align_corners=True
        )
        weighted = _by_pixel(self.norm, image) * self.map_convolutions(stretched)
        groups = weighted.chunk(GROUPS, dim=1)
        shuffled = torch.cat([groups[place] for place in ORDER], dim=1)
        answer: Tensor = self.mix(_by_pixel(self.shuffled_norm, shuffled))
        return answer


def _by_pixel(norm: nn.LayerNorm, image: Tensor) -> Tensor:
    """The channels of each pixel normalised."""
    normalised: Tensor = norm(image.permute(0, 2, 3, 1))
    return normalised.permute(0, 3, 1, 2)
