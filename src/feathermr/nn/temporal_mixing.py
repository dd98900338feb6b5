"""How the frames of a film come to know of each other inside a network of two dimensions."""

from typing import final

import torch
from torch import Tensor, nn

from feathermr.core.tracing import is_traced
from feathermr.nn.layers import convolution

#: factor of the matrices before training, so that a frame is mostly itself
SMALL = 0.3


@final
class TemporalMixing(nn.Module):
    """``f_t + B f_(t-1) + A f_(t+1)``: with the spatial layers around it, a (2+1)D convolution.

    ``B`` and ``A`` are matrices over the channels. The first frame precedes itself and the last
    follows itself, so that nothing is assumed beyond the ends of a film.
    Tran et al. 2018, arXiv:1711.11248.

    Args:
        channels: of the features.
        kronecker: ``n`` of the matrices; 1 for dense ones.
    """

    def __init__(self, channels: int, kronecker: int) -> None:
        super().__init__()
        self.before = convolution(kronecker, channels, channels, 1, bias=False)
        self.after = convolution(kronecker, channels, channels, 1, bias=False)
        with torch.no_grad():
            for name, parameter in self.named_parameters():
                if name.endswith(("weight", "factors")):
                    parameter.mul_(SMALL)

    def forward(self, features: Tensor, frames: int) -> Tensor:
        """Features (slice * frame, channel, y, x) of the same shape."""
        film, before, after = (
            each.unflatten(0, (-1, frames))
            for each in (features, self.before(features), self.after(features))
        )
        if is_traced():  # an exported graph has no places to write to; it holds any film
            earlier = torch.cat([before[:, :1], before[:, :-1]], dim=1)
            later = torch.cat([after[:, 1:], after[:, -1:]], dim=1)
            mixed: Tensor = film + earlier + later
            return mixed.flatten(0, 1)
        mixed = film.clone()
        mixed[:, 1:] += before[:, :-1]
        mixed[:, :1] += before[:, :1]
        mixed[:, :-1] += after[:, 1:]
        mixed[:, -1:] += after[:, -1:]
        return mixed.flatten(0, 1)
