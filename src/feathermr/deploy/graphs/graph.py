"""Graphs in the place of modules of a network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, final

import torch
from torch import Tensor, nn

from feathermr.core.errors import DataError
from feathermr.deploy.graphs.engines import Engine
from feathermr.deploy.graphs.signature import Signature, arguments_of, tensors_of

Graph = tuple[Signature, Engine]


@final
class GraphCall:
    """What stands for ``module.forward``: the graph that fits its arguments is executed.

    Args:
        module: whose arguments they are.
        graphs: that stand for it, one for each set of constants.
    """

    def __init__(self, module: nn.Module, graphs: Sequence[Graph]) -> None:
        self.module, self.graphs = module, tuple(graphs)

    def __call__(self, given: tuple[object, ...], named: Mapping[str, object]) -> Any:
        """The module's answer.

        Args:
            given: arguments by their place.
            named: arguments by their name.

        Raises:
            DataError: no graph fits the arguments.
        """
        arguments = arguments_of(self.module, given, named)
        for signature, engine in self.graphs:
            if signature.fits(arguments):
                return signature.answer(_by_film(signature, engine, arguments))
        first = self.graphs[0][0]
        raise DataError(
            f"this package was not exported for such a use of '{first.module}'; its graphs take "
            + " or ".join(str(dict(one.constants)) for one, _ in self.graphs)
        )


def _by_film(signature: Signature, engine: Engine, arguments: dict[str, object]) -> list[Tensor]:
    """The graph's answers, of one film after another where it takes one."""
    inputs = [arguments[name] for name in signature.inputs]
    tensors = [each for each in inputs if isinstance(each, Tensor)]
    lengths = [arguments[name] for name in signature.films]
    frames = next((each for each in lengths if isinstance(each, int)), len(tensors[0]))
    if frames == len(tensors[0]):
        return engine(tensors)
    films = [
        engine([each[first : first + frames] for each in tensors])
        for first in range(0, len(tensors[0]), frames)
    ]
    return [torch.cat(each) for each in zip(*films, strict=True)]


def put_in(network: nn.Module, graphs: Sequence[Graph], *, keep: bool = False) -> None:
    """Let graphs work for the modules that they were exported from, whose parameters then go.

    Args:
        network: folded; it is changed and can no longer be trained, copied or stored.
        graphs: of it.
        keep: the parameters stay, because the graphs are the modules themselves.

    Raises:
        DataError: it has no such module.
    """
    modules = dict(network.named_modules())
    chosen: dict[str, list[Graph]] = {}
    for signature, engine in graphs:
        if signature.module not in modules:
            raise DataError(f"the network has no '{signature.module}' that a graph could stand for")
        chosen.setdefault(signature.module, []).append((signature, engine))
    for name, those in chosen.items():
        module = modules[name]
        module.forward = _as_forward(GraphCall(module, those))
        for part in () if keep else module.modules():
            part._parameters = dict.fromkeys(part._parameters)
            part._buffers = dict.fromkeys(part._buffers)


def _as_forward(call: GraphCall) -> Callable[..., Any]:
    return lambda *given, **named: call(given, named)


def called(module: nn.Module, signature: Signature) -> Callable[..., list[Tensor]]:
    """The module as a function of the tensors that its graph takes; see `Signature`."""
    forward = module.forward

    def call(*tensors: Tensor) -> list[Tensor]:
        named: dict[str, object] = dict(zip(signature.inputs, tensors, strict=True))
        named.update(signature.constants)
        named.update(dict.fromkeys(signature.films, tensors[0].shape[0]))
        return tensors_of(forward(**named))

    return call
