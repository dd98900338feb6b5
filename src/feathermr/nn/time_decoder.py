"""From the features of a frame to the image at a time near it."""

import math
from typing import Literal, final

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

Activation = Literal["sine", "relu"]
#: of the first weights of the last layer: a training begins near the film that is refined
TINY = 0.01


@final
class TimeDecoder(nn.Module):
    """A small network of each pixel by itself: ``L s(W_n ... s(W_1 [f, t, v]))``.

    ``f`` are the features of a frame, ``t`` the time from it in units of frames and ``v`` its
    weight in the blend. ``s`` is the sine, or a ReLU. What the first layer makes of the features
    does not depend on time and is computed once (`of_frames`).

    Sine layers are those of Sitzmann et al. 2020, arXiv:2006.09661, with ``omega`` multiplied into
    the first weights instead of into every answer, so that one learning rate suits all layers. The
    local implicit image function is that of Chen et al. 2021, arXiv:2012.09161, in time.

    Args:
        channels: of the features.
        answers: channels of the image.
        width: channels inside.
        layers: ``n``.
        activation: ``s``.
        omega: of the sine: how far the first layer bends before training.
    """

    def __init__(
        self,
        channels: int,
        answers: int,
        width: int,
        layers: int,
        activation: Activation,
        omega: float,
    ) -> None:
        super().__init__()
        self.sine = activation == "sine"
        self.features = nn.Conv2d(channels, width, 1)
        self.time = nn.Linear(2, width, bias=False)
        self.hidden = nn.ModuleList(nn.Conv2d(width, width, 1) for _ in range(layers - 1))
        self.last = nn.Conv2d(width, answers, 1)
        with torch.no_grad():
            for parameter in self.last.parameters():
                parameter.mul_(TINY)
        if self.sine:
            bound = omega / (channels + 2)
            nn.init.uniform_(self.features.weight, -bound, bound)
            nn.init.uniform_(self.time.weight, -bound, bound)
            bound = math.sqrt(6 / width)
            for layer in self.hidden:
                for parameter in layer.parameters():
                    if parameter.ndim > 1:
                        nn.init.uniform_(parameter, -bound, bound)

    def of_frames(self, features: Tensor) -> Tensor:
        """What `forward` takes: the features (frame, channel, y, x) after the first layer."""
        found: Tensor = self.features(features)
        return found

    def forward(self, found: Tensor, offset: Tensor, share: Tensor) -> Tensor:
        """The image (time, channel, y, x).

        Args:
            found: by `of_frames`, that of the frame for each time (time, width, y, x).
            offset: ``t`` of each (time,).
            share: ``v`` of each (time,).
        """
        when = self.time(torch.stack([offset, share], dim=-1))
        hidden = self._bent(found + when[..., None, None])
        for layer in self.hidden:
            hidden = self._bent(layer(hidden))
        image: Tensor = self.last(hidden)
        return image

    def _bent(self, values: Tensor) -> Tensor:
        return torch.sin(values) if self.sine else relu(values)
