"""Which Kronecker layer stands for which of torch's, and how one is made like the other."""

import copy
from collections.abc import Callable, Mapping

import torch
from torch import nn
from torch.nn.utils import skip_init

from feathermr.core.errors import UsageError
from feathermr.nn.kronecker import KroneckerLayer, KroneckerLinear
from feathermr.nn.kronecker_convolution import (
    KroneckerConv1d,
    KroneckerConv2d,
    KroneckerConv3d,
    KroneckerConvolution,
)
from feathermr.nn.kronecker_transposed import (
    KroneckerConvTranspose1d,
    KroneckerConvTranspose2d,
    KroneckerConvTranspose3d,
    KroneckerTransposedConvolution,
)

PAIRS: Mapping[type[nn.Module], Callable[..., KroneckerLayer]] = {
    nn.Linear: KroneckerLinear,
    nn.Conv1d: KroneckerConv1d,
    nn.Conv2d: KroneckerConv2d,
    nn.Conv3d: KroneckerConv3d,
    nn.ConvTranspose1d: KroneckerConvTranspose1d,
    nn.ConvTranspose2d: KroneckerConvTranspose2d,
    nn.ConvTranspose3d: KroneckerConvTranspose3d,
}
PLAIN_CONVOLUTIONS: Mapping[int, type[nn.Module]] = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
PLAIN_TRANSPOSED: Mapping[int, type[nn.Module]] = {
    1: nn.ConvTranspose1d,
    2: nn.ConvTranspose2d,
    3: nn.ConvTranspose3d,
}
_CONVOLUTION = ("stride", "padding", "dilation", "groups", "padding_mode")
_TRANSPOSED = ("stride", "padding", "output_padding", "groups", "dilation", "padding_mode")
HOOKS = (
    "_forward_hooks",
    "_forward_pre_hooks",
    "_backward_hooks",
    "_backward_pre_hooks",
    "_forward_hooks_with_kwargs",
    "_forward_pre_hooks_with_kwargs",
    "_forward_hooks_always_called",
)


def has_hooks(layer: nn.Module) -> bool:
    """Something was registered to run when the layer does."""
    return any(getattr(layer, name, None) for name in HOOKS)


def copied(model: nn.Module) -> nn.Module:
    """A deep copy, also of models with tensors that layers have computed and keep.

    Hooks of pruning and of the older weight normalisation compute a weight before each use; the
    last one, which ``deepcopy`` refuses, is copied by value.
    """
    known = {
        id(value): value.detach().clone()
        for module in model.modules()
        for value in vars(module).values()
        if isinstance(value, torch.Tensor) and not value.is_leaf
    }
    return copy.deepcopy(model, known)


def kronecker_like(layer: nn.Module, n: int, terms: int) -> KroneckerLayer:
    """A Kronecker layer with the settings of one of torch's, parameters drawn at random."""
    weight, bias = layer.weight, layer.bias is not None
    assert isinstance(weight, torch.Tensor)
    kind = nn.Linear if isinstance(layer, nn.Linear) else type(layer)
    made = PAIRS[kind](
        *_sizes(layer), bias=bias, device=weight.device, dtype=weight.dtype, n=n, terms=terms,
        **_options(layer),
    )  # fmt: skip
    return made.train(layer.training)


def plain_like(layer: KroneckerLayer) -> nn.Module:
    """Torch's layer with the settings and the very weight and bias of a Kronecker layer.

    Raises:
        UsageError: hooks hang on it that may want its factors.
    """
    if has_hooks(layer):
        raise UsageError(
            f"hooks are registered on a {type(layer).__name__}, which has other parameters once "
            "folded; remove them first"
        )
    weight = layer.weight.detach()
    made: nn.Module = skip_init(
        _plain_type(layer), *_sizes(layer), bias=layer.bias is not None, device=weight.device,
        dtype=weight.dtype, **_options(layer),
    )  # type: ignore[no-untyped-call] # fmt: skip
    made.weight = nn.Parameter(weight.clone(), requires_grad=layer.factors.requires_grad)
    if layer.bias is not None:
        trained = layer.bias.requires_grad
        made.bias = nn.Parameter(layer.bias.detach().clone(), requires_grad=trained)
    return made.train(layer.training)


def _plain_type(layer: KroneckerLayer) -> type[nn.Module]:
    if isinstance(layer, KroneckerConvolution):
        return PLAIN_CONVOLUTIONS[layer.axes]
    if isinstance(layer, KroneckerTransposedConvolution):
        return PLAIN_TRANSPOSED[layer.axes]
    return nn.Linear


def _is_linear(layer: nn.Module) -> bool:
    return isinstance(layer, nn.Linear | KroneckerLinear)


def _sizes(layer: nn.Module) -> tuple[object, ...]:
    if _is_linear(layer):
        return layer.in_features, layer.out_features
    return layer.in_channels, layer.out_channels, layer.kernel_size


def _options(layer: nn.Module) -> dict[str, object]:
    if _is_linear(layer):
        return {}
    names = _TRANSPOSED if getattr(layer, "transposed", False) else _CONVOLUTION
    return {name: getattr(layer, name) for name in names}
