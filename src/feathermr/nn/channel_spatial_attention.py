"""Attention to channels, then to places: which features count, and where."""

from typing import final

import torch
from torch import Tensor, nn

#: channels for one hidden unit, but for the fewest hidden units there are
REDUCTION, FEWEST = 16, 4
KERNEL = 7


@final
class ChannelSpatialAttention(nn.Module):
    """``x' = x * s(m(mean x) + m(max x))``, then ``x'' = x' * s(c([mean x', max x']))``.

    ``s`` is the logistic function. Mean and maximum are first over places, with a small network
    ``m`` shared by both; then over channels, with one 7 x 7 convolution ``c``. Woo et al. 2018,
    doi:10.1007/978-3-030-01234-2_1.

    Args:
        channels: of the features.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        hidden = max(FEWEST, channels // REDUCTION)
        self.mix = nn.Sequential(
            nn.Conv2d(channels, hidden, 1, bias=False),
            nn.ReLU(),
            nn.Conv2d(hidden, channels, 1, bias=False),
        )
        self.places = nn.Conv2d(2, 1, KERNEL, padding=KERNEL // 2, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        """Weighted features (batch, channel, y, x) of the same size."""
        mean = features.mean((-2, -1), keepdim=True)
        largest = features.amax((-2, -1), keepdim=True)
        features = features * (self.mix(mean) + self.mix(largest)).sigmoid()
        seen = torch.cat([features.mean(1, keepdim=True), features.amax(1, keepdim=True)], dim=1)
        weighted: Tensor = features * self.places(seen).sigmoid()
        return weighted
