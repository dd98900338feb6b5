"""A small network that begins from images which nothing was learned for."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar, final

import pytest
import torch
from torch import Tensor, nn

from feathermr.models import table
from feathermr.models.table import Card, Model
from feathermr.operators import Encoding
from training.small import TEXT

NAME = "tiny-started"
STARTED = TEXT.replace(
    "model: unet\nsettings: {width: 4, depth: 2, consistency: 0}",
    f"model: {NAME}\nloss: {{name: l1, earlier: 0.5}}",
)


@dataclass(frozen=True)
class TinyConfig:
    scale: float = 1.0
    start: str = "adjoint"


@final
class Tiny(nn.Module):
    """Weighs its starts, in two steps; counts how often they are computed in this process."""

    computed: ClassVar[int] = 0

    def __init__(self, config: TinyConfig) -> None:
        super().__init__()
        self.start = config.start
        self.weights = nn.Parameter(config.scale * torch.rand(2, 2))

    def starts(self, kspace: Tensor, encoding: Encoding) -> Tensor:
        Tiny.computed += 1
        with torch.no_grad():
            adjoint = encoding.H(kspace)
            return torch.stack([adjoint, encoding.normal(adjoint)], 2)

    def images(
        self, kspace: Tensor, encoding: Encoding, starts: Tensor | None = None
    ) -> list[Tensor]:
        given = self.starts(kspace, encoding) if starts is None else starts
        return [(given * row[:, None, None]).sum(2) for row in self.weights]

    def forward(self, kspace: Tensor, encoding: Encoding) -> Tensor:
        return self.images(kspace, encoding)[-1]


@contextmanager
def tiny_network() -> Iterator[None]:
    """The network by its name, as long as the block lasts."""
    with pytest.MonkeyPatch.context() as patch:
        models = {**table.MODELS, NAME: Model(Tiny, TinyConfig(), Card("for tests", "none"))}
        patch.setattr(table, "MODELS", models)
        yield
