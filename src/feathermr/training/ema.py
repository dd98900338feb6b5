"""The moving average of a model's weights, which errs less than the weights of any one step."""

import copy
from collections.abc import Iterator

import torch
from torch import Tensor, nn


class AveragedModel(nn.Module):
    """A second copy of a model that follows it: ``average <- d average + (1 - d) weights``.

    At update ``t`` (the first is 0) ``d = min(decay, (1 + t) / (10 + t))``, so that a short
    training is not held back by the first weights. Buffers, as of a batch normalisation, are
    copied. Polyak and Juditsky, "Acceleration of stochastic approximation by averaging" (1992),
    doi:10.1137/0330046.

    The copy is part of the state dict, so a resumed training goes on exactly.

    Args:
        model: stays as it is.
        decay: from 0 (no average: the model itself) to below 1.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        super().__init__()
        self.decay = decay
        self.model = copy.deepcopy(model).requires_grad_(False).eval()

    @torch.no_grad()
    def update(self, model: nn.Module, step: int) -> None:
        """Follow ``model`` after the optimiser's step number ``step`` (the first is 0)."""
        decay = min(self.decay, (1 + step) / (10 + step))
        averages, weights = _floats(self.model.parameters()), _floats(model.parameters())
        torch._foreach_lerp_(averages, weights, 1 - decay)
        for own, other in zip(self.model.buffers(), model.buffers(), strict=True):
            own.copy_(other)

    def train(self, mode: bool = True) -> "AveragedModel":
        """It is never trained itself: normalisations and dropout stay as for inference."""
        return super().train(False)


def _floats(parameters: Iterator[nn.Parameter]) -> list[Tensor]:
    return [one.detach() for one in parameters]
