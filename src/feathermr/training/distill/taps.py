"""What chosen layers of a network give, recorded while it runs."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from typing import Self

from torch import Tensor, nn

from feathermr.core.complexes import to_channels
from feathermr.core.errors import ShapeError, UsageError
from feathermr.core.registry import look_up
from feathermr.nn.swin import ResidualSwinBlock, SwinLayer
from feathermr.nn.window_attention import WindowAttention

#: layers whose output has the channels last: tokens (batch, y, x, channel)
TOKENS = (ResidualSwinBlock, SwinLayer, WindowAttention, nn.LayerNorm)


class Taps:
    """Records the last output of named layers in each run of a network.

    A layer with shared weights is called many times in a run: its last call counts. What is
    recorded is the layer's own output, so gradients flow through it. A new run forgets the old one.
    A copy of the network does not write here.

    Use it as a context, or `close` it; until then each run keeps its features in memory.

    Args:
        module: the network.
        names: of layers, as in ``module.named_modules()``.

    Raises:
        UsageError: there is no such layer; the sentence proposes one.

    Example:
        >>> import torch
        >>> network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU())
        >>> with Taps(network, ["0"]) as taps:
        ...     image = network(torch.ones(1, 1, 8, 8))
        >>> [tuple(one.shape) for one in taps.features()]
        [(1, 4, 6, 6)]
    """

    def __init__(self, module: nn.Module, names: Sequence[str]) -> None:
        self._names = tuple(names)
        self._layers = {name: _layer(module, name) for name in names}
        self._outputs: dict[str, object] = {}
        self._handles = [module.register_forward_pre_hook(self._forgetter(module))]
        for name, layer in self._layers.items():
            self._handles.append(layer.register_forward_hook(self._recorder(name, layer)))

    def features(self) -> list[Tensor]:
        """The last run's features (batch, channel, y, x), in the order of the names.

        Tokens are turned; a complex output becomes real channels.

        Raises:
            UsageError: a layer did not run.
            ShapeError: a layer gave something else than one image or tokens.
        """
        return [_as_channels(name, self._layers[name], self._output(name)) for name in self._names]

    def close(self) -> None:
        """Stop recording. The last features stay until the object is gone."""
        for handle in self._handles:
            handle.remove()
        self._handles = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _output(self, name: str) -> object:
        if name not in self._outputs:
            raise UsageError(f"the layer '{name}' has not run; call the network first")
        return self._outputs[name]

    def _forgetter(self, tapped: nn.Module) -> Callable[[nn.Module, object], None]:
        def forget(called: nn.Module, inputs: object) -> None:
            if called is tapped:  # not a copy of it
                self._outputs.clear()

        return forget

    def _recorder(
        self, name: str, tapped: nn.Module
    ) -> Callable[[nn.Module, object, object], None]:
        def record(called: nn.Module, inputs: object, output: object) -> None:
            if called is tapped:
                self._outputs[name] = output

        return record


def _layer(module: nn.Module, name: str) -> nn.Module:
    """The layer called ``name``; without a similar name the error lists the outermost layers."""
    layers: dict[str, nn.Module] = dict(module.named_modules(remove_duplicate=False))
    layers.pop("")
    known = name in layers or difflib.get_close_matches(name, layers, n=1)
    found: nn.Module = look_up(layers if known else dict(module.named_children()), name, "layer")
    return found


def _gives_tokens(layer: nn.Module) -> bool:
    """Whether the output has the channels last; a sequence gives what its last layer gives."""
    if isinstance(layer, nn.Sequential) and len(layer):
        return _gives_tokens(layer[-1])
    return isinstance(layer, TOKENS)


def _as_channels(name: str, layer: nn.Module, output: object) -> Tensor:
    if not isinstance(output, Tensor) or output.ndim != 4:
        found = tuple(output.shape) if isinstance(output, Tensor) else type(output).__name__
        raise ShapeError(
            f"features have the axes (batch, channel, y, x), but the layer '{name}' gives {found}; "
            "name another"
        )
    if _gives_tokens(layer):
        return output.permute(0, 3, 1, 2)
    return to_channels(output) if output.is_complex() else output
