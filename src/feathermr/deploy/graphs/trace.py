"""Which modules of a network can be graphs, found by watching it work."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from feathermr.core.errors import DataError
from feathermr.deploy.graphs.signature import (
    Signature,
    arguments_of,
    signature_of,
    tensors_of,
)

Run = Callable[[], object]


@dataclass(frozen=True)
class Call:
    """One use of a module.

    Attributes:
        module: its dotted name.
        arguments: of ``forward``, tensors copied.
        answer: what it gave, tensors copied.
        inside: names of the modules that were at work around it.
    """

    module: str
    arguments: Mapping[str, object]
    answer: Any
    inside: tuple[str, ...]

    @property
    def tensors(self) -> list[Tensor]:
        """What the graph of this use takes."""
        return [value for value in self.arguments.values() if isinstance(value, Tensor)]

    @property
    def shapes(self) -> list[torch.Size]:
        """Of these."""
        return [tensor.shape for tensor in self.tensors]

    def signature(self, films: tuple[str, ...] = ()) -> Signature:
        """Of the graph of this use."""
        return signature_of(self.module, self.arguments, self.answer, films)


def calls_of(network: nn.Module, run: Run, names: Iterable[str] | None = None) -> list[Call]:
    """What modules were called with while a function ran, in the order in which they ended.

    Args:
        network: whose modules are watched.
        run: works with it.
        names: of the modules; all by default.
    """
    calls: list[Call] = []
    with _watched(network, calls, None if names is None else set(names)), torch.no_grad():
        run()
    return calls


@contextmanager
def _watched(network: nn.Module, calls: list[Call], names: set[str] | None) -> Iterator[None]:
    """Keep every call of some modules."""
    stack: list[tuple[str, dict[str, object]]] = []
    handles = []

    def before(name: str) -> Callable[..., None]:
        def hook(module: nn.Module, given: tuple[object, ...], named: dict[str, object]) -> None:
            arguments = arguments_of(module, given, named)
            stack.append((name, {key: _copied(value) for key, value in arguments.items()}))

        return hook

    def after(name: str) -> Callable[..., None]:
        def hook(module: nn.Module, given: object, named: object, answer: Any) -> None:
            _, arguments = stack.pop()
            copied = tuple(map(_copied, answer)) if isinstance(answer, tuple) else _copied(answer)
            calls.append(Call(name, arguments, copied, tuple(one for one, _ in stack)))

        return hook

    for name, module in network.named_modules():
        if name and (names is None or name in names):
            handles.append(module.register_forward_pre_hook(before(name), with_kwargs=True))
            handles.append(module.register_forward_hook(after(name), with_kwargs=True))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _copied(value: Any) -> Any:
    """A tensor that later work in place does not change."""
    return value.detach().clone() if isinstance(value, Tensor) else value


def graph_modules(network: nn.Module, run: Run) -> list[str]:
    """The largest modules with weights that take and give real tensors alone, by name.

    Modules inside of another are among them when they are also used from without.

    Args:
        network: folded.
        run: uses the network in all the ways that it is used.

    Raises:
        DataError: there is none.
    """
    calls = calls_of(network, run)
    fit: dict[str, bool] = {}
    for call in calls:
        module = network.get_submodule(call.module)
        fit[call.module] = fit.get(call.module, True) and _weighs(module) and _is_real(call)
    found = {
        call.module
        for call in calls
        if fit[call.module] and not any(fit.get(name, False) for name in call.inside)
    }
    if not found:
        raise DataError("no part of this network works on real numbers alone; nothing to export")
    return [name for name, _ in network.named_modules() if name in found]


def _weighs(module: nn.Module) -> bool:
    """It multiplies by matrices; what is left stays where it is."""
    return any(parameter.ndim > 1 for parameter in module.parameters())


def _is_real(call: Call) -> bool:
    """It took and gave what a graph can: real tensors, and constants beside them."""
    given, answers = call.tensors, tensors_of(call.answer)
    others = [value for value in call.arguments.values() if not isinstance(value, Tensor)]
    simple = all(value is None or isinstance(value, bool | int | float) for value in others)
    several = call.answer if isinstance(call.answer, tuple) else (call.answer,)
    known = all(one is None or isinstance(one, Tensor) for one in several)
    real = all(tensor.is_floating_point() for tensor in (*given, *answers))
    return bool(given and answers and simple and known and real)


@dataclass(frozen=True)
class Use:
    """A graph to be made: its signature, and calls of it.

    Attributes:
        signature: of the graph.
        calls: one of every shape that was met; more than one where the network takes more.
    """

    signature: Signature
    calls: tuple[Call, ...]


def uses_of(network: nn.Module, small: Run, large: Run, several: Run) -> list[Use]:
    """The graphs that a network needs, one for each module and its constants.

    Args:
        network: folded.
        small: uses it in all the ways that it is used, with one slice.
        large: the same at another size, with another number of frames where it takes any.
        several: the same with several slices.
    """
    names = graph_modules(network, small)
    runs = [_outermost(calls_of(network, run, names)) for run in (small, large, several)]
    uses: list[Use] = []
    for call, other, third in zip(*runs, strict=True):
        films = _films(call, other)
        signature = call.signature(films)
        same = next((use for use in uses if use.signature == signature), Use(signature, ()))
        uses = [use for use in uses if use is not same]
        calls = (call, other) if films else (call, other, third)
        uses.append(Use(signature, _of_new_shapes(same.calls, calls)))
    return uses


def _of_new_shapes(known: tuple[Call, ...], more: Sequence[Call]) -> tuple[Call, ...]:
    """Calls, and those of more that have other shapes."""
    for call in more:
        if call.shapes not in [one.shapes for one in known]:
            known = (*known, call)
    return known


def _outermost(calls: Sequence[Call]) -> list[Call]:
    """Calls that no other graph makes."""
    names = {call.module for call in calls}
    return [call for call in calls if not names & set(call.inside)]


def _films(small: Call, large: Call) -> tuple[str, ...]:
    """Arguments that follow the leading axis of all tensors: numbers of frames."""
    return tuple(
        name
        for name, value in small.arguments.items()
        if isinstance(value, int)
        and not isinstance(value, bool)
        and value != large.arguments[name]
        and all(len(tensor) == value for tensor in small.tensors)
        and all(len(tensor) == large.arguments[name] for tensor in large.tensors)
    )
