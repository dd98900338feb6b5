"""Graphs compared with the modules that they stand for, and the layer that differs named."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from feathermr.core.errors import DataError, FeatherError
from feathermr.core.seeding import generator
from feathermr.deploy.graphs.engines import Engine
from feathermr.deploy.graphs.graph import called
from feathermr.deploy.graphs.signature import Signature
from feathermr.deploy.graphs.trace import Call, Use, calls_of

#: largest norm of a difference over that of the answer, by precision
TOLERANCE: Mapping[str, float] = {"fp32": 2e-4, "bf16": 0.1, "int8": 0.3}

#: makes the engine of a module's call, of the sizes of that call alone
Make = Callable[[nn.Module, Use], Engine]


def check_graph(network: nn.Module, use: Use, engine: Engine, precision: str, make: Make) -> float:
    """Compare a graph with its module on what it took from scans of several sizes and on noise.

    Args:
        network: folded.
        use: of the module.
        engine: of the graph.
        precision: of the graph.
        make: exports a module by itself, to find out which one differs.

    Returns:
        The largest difference in units of the answer.

    Raises:
        DataError: they differ; the sentence names the module and the first one in it that does.
    """
    module = network.get_submodule(use.signature.module)
    worst = 0.0
    for call in use.calls:
        given = [call.tensors] + ([_noise(call.tensors)] if precision != "int8" else [])
        for tensors in given:
            off = difference(module, use.signature, engine, tensors)
            if not off <= TOLERANCE[precision]:
                culprit = first_difference(module, use.signature, tensors, make)
                where = f" first in '{culprit}'," if culprit else ""
                raise DataError(
                    f"the exported '{use.signature.module}' differs from torch,{where} by "
                    f"{off:.2g} of its answer at {tuple(tensors[0].shape)}; nothing is written"
                )
            worst = max(worst, off)
    return worst


def difference(
    module: nn.Module, signature: Signature, engine: Engine, tensors: Sequence[Tensor]
) -> float:
    """Norm of the difference over that of the module's answer; infinite for other shapes."""
    with torch.no_grad():
        expected = called(module, signature)(*(each.clone() for each in tensors))
        found = engine(tensors)
    if [each.shape for each in found] != [each.shape for each in expected]:
        return float("inf")
    off = sum(float((a - b).double().square().sum()) for a, b in zip(found, expected, strict=True))
    whole = sum(float(each.double().square().sum()) for each in expected)
    return float((off / max(whole, 1e-30)) ** 0.5)


def first_difference(
    module: nn.Module, signature: Signature, tensors: Sequence[Tensor], make: Make
) -> str:
    """Name of the first part of a module that by itself differs when exported; empty if none.

    Parts come in the order in which they end their work, so that what is inside of another is
    named before it.
    """

    def run() -> object:
        return called(module, signature)(*tensors)

    for call in calls_of(module, run):
        if call.tensors and _differs(module, call, make):
            return f"{signature.module}.{call.module}"
    return ""


def _differs(module: nn.Module, call: Call, make: Make) -> bool:
    """A part that cannot be exported by itself is not found guilty."""
    try:
        use = Use(call.signature(), (call,))
        part = module.get_submodule(call.module)
        engine = make(part, use)
        return not difference(part, use.signature, engine, call.tensors) <= TOLERANCE["fp32"]
    except FeatherError:
        return False


def _noise(tensors: Sequence[Tensor]) -> list[Tensor]:
    """Random numbers about as large as those that came, of the same sign where all have one."""
    drawn = []
    for index, tensor in enumerate(tensors):
        random = torch.randn(tensor.shape, generator=generator(index, "verify"))
        scaled = random * tensor.square().mean().sqrt()
        drawn.append(scaled.abs() if bool((tensor >= 0).all()) else scaled)
    return drawn
