"""A network without Kronecker layers that computes the same."""

from torch import nn
from torch.nn.modules.linear import NonDynamicallyQuantizableLinear

from feathermr.nn.kronecker import KroneckerLayer, KroneckerLinear
from feathermr.nn.kronecker_attention import fold_projections
from feathermr.nn.kronecker_pairs import copied, plain_like


def fold(model: nn.Module) -> nn.Module:
    """A copy in which every Kronecker layer is the plain torch layer of the same function.

    It holds the dense weights, so it runs and exports as any network and its state is that of the
    network written with plain layers. Of a layer that is used in several places, it stays one
    layer. Devices, types, training mode and ``requires_grad`` are kept; the model is left alone.

    Raises:
        UsageError: hooks hang on a Kronecker layer.

    Example:
        >>> import torch
        >>> layer = KroneckerLinear(8, 4, n=2)
        >>> folded, features = fold(layer), torch.ones(8)
        >>> folded, bool(torch.equal(folded(features), layer(features)))
        (Linear(in_features=8, out_features=4, bias=True), True)
    """
    duplicate = copied(model)
    folded: dict[nn.Module, nn.Module] = {}
    return _folded(duplicate, folded, in_attention=False)


def _folded(module: nn.Module, known: dict[nn.Module, nn.Module], in_attention: bool) -> nn.Module:
    if module in known:
        return known[module]
    if isinstance(module, KroneckerLayer):
        known[module] = plain = plain_like(module)
        if in_attention and isinstance(module, KroneckerLinear):
            plain.__class__ = NonDynamicallyQuantizableLinear
        return plain
    known[module] = module
    attention = isinstance(module, nn.MultiheadAttention)
    for key, child in list(module._modules.items()):
        if child is not None:
            module._modules[key] = _folded(child, known, attention)
    if isinstance(module, nn.MultiheadAttention):
        fold_projections(module)
    return module
