"""Kronecker layers, each with torch's own of the same settings and an input."""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from feathermr.core.seeding import generator
from feathermr.nn import (
    KroneckerConv1d,
    KroneckerConv2d,
    KroneckerConv3d,
    KroneckerConvTranspose1d,
    KroneckerConvTranspose2d,
    KroneckerConvTranspose3d,
    KroneckerLayer,
    KroneckerLinear,
)


@dataclass(frozen=True)
class Case:
    """A layer with settings."""

    kind: type[Any]
    plain: type[Any]
    sizes: tuple[Any, ...]
    shape: tuple[int, ...]
    n: int = 2
    settings: dict[str, Any] = field(default_factory=dict)

    def layer(self, terms: int | None = None, dtype: torch.dtype = torch.float64) -> KroneckerLayer:
        made = self.kind(*self.sizes, n=self.n, terms=terms, dtype=dtype, **self.settings)
        assert isinstance(made, KroneckerLayer)
        return made

    def dense(self, dtype: torch.dtype = torch.float64) -> nn.Module:
        made = self.plain(*self.sizes, dtype=dtype, **self.settings)
        assert isinstance(made, nn.Module)
        return made

    def input(self, dtype: torch.dtype = torch.float64) -> Tensor:
        return torch.randn(self.shape, generator=generator(1, *self.shape), dtype=dtype)


LINEAR = (KroneckerLinear, nn.Linear)
CONV1, CONV2, CONV3 = (
    (KroneckerConv1d, nn.Conv1d),
    (KroneckerConv2d, nn.Conv2d),
    (KroneckerConv3d, nn.Conv3d),
)
TRANSPOSED1, TRANSPOSED2, TRANSPOSED3 = (
    (KroneckerConvTranspose1d, nn.ConvTranspose1d),
    (KroneckerConvTranspose2d, nn.ConvTranspose2d),
    (KroneckerConvTranspose3d, nn.ConvTranspose3d),
)
CASES = {
    "linear": Case(*LINEAR, (12, 8), (3, 5, 12), n=4),
    "linear without bias": Case(*LINEAR, (6, 9), (6,), 3, {"bias": False}),
    "1d": Case(*CONV1, (6, 4, 3), (2, 6, 11), 2, {"stride": 2, "padding": 1}),
    "1d dilated": Case(*CONV1, (6, 9, (5,)), (6, 17), 3, {"dilation": 3, "padding": "same"}),
    "2d": Case(*CONV2, (8, 12, (3, 5)), (2, 8, 9, 10), 4, {"padding": (2, 1)}),
    "2d even same": Case(*CONV2, (4, 6, (4, 3)), (1, 4, 7, 8), 2, {"padding": "same"}),
    "2d valid": Case(*CONV2, (4, 6, 3), (1, 4, 7, 8), 2, {"padding": "valid", "bias": False}),
    "2d grouped": Case(*CONV2, (12, 24, 3), (2, 12, 6, 5), 2, {"groups": 3, "stride": (1, 2)}),
    "2d reflect": Case(
        *CONV2, (4, 4, (3, 5)), (2, 4, 7, 8), 2, {"padding": (1, 2), "padding_mode": "reflect"}
    ),
    "2d replicate same": Case(
        *CONV2, (4, 4, (4, 3)), (2, 4, 7, 8), 2, {"padding": "same", "padding_mode": "replicate"}
    ),
    "2d circular strided": Case(
        *CONV2, (4, 8, 3), (2, 4, 7, 8), 4,
        {"padding": 2, "padding_mode": "circular", "stride": 2, "dilation": (2, 1)},
    ),
    "2d circular valid": Case(
        *CONV2, (4, 8, 3), (2, 4, 7, 8), 4, {"padding": "valid", "padding_mode": "circular"}
    ),
    "3d": Case(*CONV3, (4, 6, (1, 2, 3)), (1, 4, 4, 5, 6), 2, {"padding": (0, 1, 2)}),
    "1d transposed": Case(
        *TRANSPOSED1, (6, 4, 4), (2, 6, 5), 2, {"stride": 3, "output_padding": 1}
    ),
    "2d transposed": Case(
        *TRANSPOSED2, (12, 8, (2, 3)), (2, 12, 5, 4), 4, {"stride": 2, "padding": (0, 1)}
    ),
    "2d transposed grouped": Case(
        *TRANSPOSED2, (12, 8, 3), (12, 5, 4), 2, {"groups": 2, "dilation": 2, "bias": False}
    ),
    "3d transposed": Case(*TRANSPOSED3, (4, 6, 2), (1, 4, 2, 3, 4), 2, {"stride": (1, 2, 3)}),
}  # fmt: skip
