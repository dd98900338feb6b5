"""How a module of a network is called, so that another runtime can be called in its place."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

from feathermr.core.errors import DataError

Constant = bool | int | float | None


@dataclass(frozen=True)
class Signature:
    """A *graph*: a module of a network that takes and gives real tensors alone.

    Attributes:
        module: its dotted name in the folded network.
        inputs: its arguments that are tensors, in the order of the graph's inputs.
        films: arguments that say of how many frames each film is; the graph takes one film, whose
            frames are the leading axis.
        constants: its other arguments, which are parts of the graph.
        outputs: for each of its answers, whether it is a tensor; else it is nothing.
        several: it answers with a tuple.
    """

    module: str
    inputs: tuple[str, ...]
    films: tuple[str, ...] = ()
    constants: Mapping[str, Constant] = field(default_factory=dict)
    outputs: tuple[bool, ...] = (True,)
    several: bool = False

    def fits(self, arguments: Mapping[str, object]) -> bool:
        """These arguments are those of the graph but for the numbers in its tensors."""
        tensors = {name for name, value in arguments.items() if isinstance(value, Tensor)}
        return tensors == set(self.inputs) and all(
            arguments[name] == value and type(arguments[name]) is type(value)
            for name, value in self.constants.items()
        )

    def answer(self, tensors: list[Tensor]) -> Any:
        """What the module would give, from the tensors that the graph gave."""
        given = iter(tensors)
        answers = tuple(next(given) if there else None for there in self.outputs)
        return answers if self.several else answers[0]


def arguments_of(
    module: nn.Module, given: tuple[object, ...], named: Mapping[str, object]
) -> dict[str, object]:
    """Every argument of ``module.forward`` by its name, those by default too."""
    bound = inspect.signature(type(module).forward).bind(module, *given, **named)
    bound.apply_defaults()
    return dict(list(bound.arguments.items())[1:])


def tensors_of(answer: object) -> list[Tensor]:
    """The tensors among the answers of a module."""
    several = answer if isinstance(answer, tuple) else (answer,)
    return [each for each in several if isinstance(each, Tensor)]


def signature_of(
    module: str, arguments: Mapping[str, object], answer: object, films: tuple[str, ...] = ()
) -> Signature:
    """The signature of a call.

    Raises:
        DataError: an argument is neither a tensor nor a number, a truth value or nothing.
    """
    constants: dict[str, Constant] = {}
    for name, value in arguments.items():
        if isinstance(value, Tensor) or name in films:
            continue
        if not (value is None or isinstance(value, bool | int | float)):
            raise DataError(f"'{module}' cannot be a graph: its argument '{name}' is {value!r}")
        constants[name] = value
    several = isinstance(answer, tuple)
    answers = answer if isinstance(answer, tuple) else (answer,)
    return Signature(
        module,
        tuple(name for name, value in arguments.items() if isinstance(value, Tensor)),
        films,
        constants,
        tuple(isinstance(each, Tensor) for each in answers),
        several,
    )
