"""Other ways for the frames of a film to know of each other, in place of `TemporalMixing`.

Each is made of (channels, kronecker) and maps features (slice * frame, channel, y, x) and the
number of frames to features of the same shape.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from feathermr.core.fft import fft, ifft
from feathermr.nn.layers import convolution
from feathermr.nn.temporal_mixing import SMALL, TemporalMixing

#: the axis of the frames in (slice, frame, channel, y, x)
FRAME = (-4,)


class NoMixing(nn.Module):
    """Every frame by itself."""

    def __init__(self, channels: int, kronecker: int) -> None:
        super().__init__()

    def forward(self, features: Tensor, frames: int) -> Tensor:
        return features


class TemporalShift(nn.Module):
    """A quarter of the channels come from the frame before, a quarter from the one after.

    No parameters, no operations. Lin et al. 2019, arXiv:1811.08383.
    """

    def __init__(self, channels: int, kronecker: int) -> None:
        super().__init__()
        self.moved = channels // 4

    def forward(self, features: Tensor, frames: int) -> Tensor:
        moved = self.moved
        parts = [
            neighbour(features[:, :moved], frames, -1),
            features[:, moved:-moved],
            neighbour(features[:, -moved:], frames, 1),
        ]
        return torch.cat(parts, 1)


def neighbour(features: Tensor, frames: int, step: int) -> Tensor:
    """The features of the previous frame (-1) or of the next one (1); ends are their own."""
    film = features.unflatten(0, (-1, frames))
    if step < 0:
        return torch.cat([film[:, :1], film[:, :-1]], 1).flatten(0, 1)
    return torch.cat([film[:, 1:], film[:, -1:]], 1).flatten(0, 1)


class FourierBranch(nn.Module):
    """``f + Re F_t^-1 B relu(A F_t f)`` with matrices over the channels' real and imaginary parts.

    Every frequency of the film is seen by itself, so that the branch spans the whole beat at once.
    In the manner of Qin et al. 2021, doi:10.1002/mrm.28917.
    """

    def __init__(self, channels: int, kronecker: int) -> None:
        super().__init__()
        self.first = convolution(kronecker, 2 * channels, 2 * channels, 1, bias=False)
        self.second = convolution(kronecker, 2 * channels, 2 * channels, 1, bias=False)
        begin_small([self.second])

    def forward(self, features: Tensor, frames: int) -> Tensor:
        film = features.unflatten(0, (-1, frames)).float()
        spectrum = fft(film, FRAME)
        parts = torch.cat([spectrum.real, spectrum.imag], 2).flatten(0, 1)
        answer = self.second(relu(self.first(parts))).unflatten(0, (-1, frames)).float()
        real, imaginary = answer.chunk(2, 2)
        change = ifft(torch.complex(real, imaginary), FRAME).real
        return features + change.flatten(0, 1)


class Recurrence(nn.Module):
    """``f + O [h, g]``, ``h_t = relu(X f_t + H h_(t-1))`` and ``g`` the same from the end.

    Each direction has half of the channels. In the manner of Qin et al. 2019,
    doi:10.1109/TMI.2018.2863670.
    """

    def __init__(self, channels: int, kronecker: int) -> None:
        super().__init__()
        half = channels // 2
        self.inwards = convolution(kronecker, channels, 2 * half, 1, bias=False)
        self.forwards = convolution(kronecker, half, half, 1, bias=False)
        self.backwards = convolution(kronecker, half, half, 1, bias=False)
        self.outwards = convolution(kronecker, 2 * half, channels, 1, bias=False)
        begin_small([self.outwards])

    def forward(self, features: Tensor, frames: int) -> Tensor:
        film = self.inwards(features).unflatten(0, (-1, frames))
        ahead, back = (part.unbind(1) for part in film.chunk(2, 2))
        states = [
            torch.stack(passed(self.forwards, ahead), 1),
            torch.stack(passed(self.backwards, back[::-1])[::-1], 1),
        ]
        change: Tensor = self.outwards(torch.cat(states, 2).flatten(0, 1))
        return features + change


def passed(layer: nn.Module, inputs: Iterable[Tensor]) -> list[Tensor]:
    """The states of a recurrence."""
    states: list[Tensor] = []
    for one in inputs:
        states.append(relu(one + layer(states[-1]) if states else one))
    return states


def begin_small(layers: Iterable[nn.Module]) -> None:
    """Let layers add little before training, as `TemporalMixing` does."""
    with torch.no_grad():
        for layer in layers:
            for name, parameter in layer.named_parameters():
                if name.endswith(("weight", "factors")):
                    parameter.mul_(SMALL)


MIXERS: Mapping[str, Callable[[int, int], nn.Module]] = {
    "convolution": TemporalMixing,
    "none": NoMixing,
    "shift": TemporalShift,
    "fourier": FourierBranch,
    "recurrence": Recurrence,
}
TITLES = {
    "convolution": "(2+1)D convolution, the one that is used",
    "none": "none",
    "shift": "temporal shift",
    "fourier": "branch over temporal frequency",
    "recurrence": "recurrence in both directions",
}


def with_mixer(network: nn.Module, name: str, kronecker: int) -> nn.Module:
    """A cascade for films whose frames are mixed in another way."""
    mixing = network.denoiser.unet.mixing
    for place, module in enumerate(mixing):
        mixing[place] = MIXERS[name](module.before.in_channels, kronecker)
    return network
