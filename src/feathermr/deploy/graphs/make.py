"""From a trained network to graphs that another runtime executes."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from feathermr.core.optional import require
from feathermr.core.progress import Progress, silent
from feathermr.deploy.graphs.engines import ENGINES, Engine, TorchEngine, check_precision
from feathermr.deploy.graphs.graph import Graph, called
from feathermr.deploy.graphs.onnx_graph import onnx_graph
from feathermr.deploy.graphs.quantise import quantised
from feathermr.deploy.graphs.scans import Kind, kind_of, used
from feathermr.deploy.graphs.signature import Signature
from feathermr.deploy.graphs.trace import Use, calls_of, uses_of
from feathermr.deploy.graphs.verify import check_graph
from feathermr.models.weights import Trained
from feathermr.nn import fold

#: packages that each target needs
NEEDS: Mapping[str, tuple[str, ...]] = {
    "torch": (),
    "onnx": ("onnx", "onnxruntime"),
    "openvino": ("onnx", "openvino"),
}
#: scans on which a network is watched: sizes, of which the first divides by 8, and frames
SMALL, LARGE = ((64, 48), 3), ((70, 92), 4)
#: scans from which the ranges of 8-bit numbers are found
CALIBRATION_SCANS, CALIBRATION_SHAPE, CALIBRATION_FRAMES = 15, (128, 112), 8


@dataclass(frozen=True)
class Target:
    """What a network is made for.

    Attributes:
        runtime: that executes its graphs.
        precision: in which.
        threads: of the processor; 0 for as many as torch uses.
    """

    runtime: str = "openvino"
    precision: str = "fp32"
    threads: int = 0

    def __post_init__(self) -> None:
        check_precision(self.runtime, self.precision)


@dataclass(frozen=True)
class MadeGraph:
    """A graph with its files.

    Attributes:
        signature: what it stands for.
        files: content by ending, in the order in which an engine takes them; none for torch.
        engine: that executes it.
        difference: largest difference from torch that was met, in units of the answer.
        sizes: of its inputs, in words.
    """

    signature: Signature
    files: Mapping[str, bytes]
    engine: Engine
    difference: float
    sizes: str

    @property
    def graph(self) -> Graph:
        """As it is put into a network."""
        return self.signature, self.engine


def check_needs(target: Target) -> None:
    """Refuse before long work what is not installed.

    Raises:
        MissingExtraError: the sentence is the command that installs it.
    """
    for module in (*NEEDS[target.runtime], *(("nncf",) if target.precision == "int8" else ())):
        require(module)


def folded(trained: Trained) -> nn.Module:
    """A copy of a trained network with plain layers, for use alone."""
    return fold(trained.network).eval().requires_grad_(False)


def make_graphs(
    trained: Trained, network: nn.Module, target: Target, progress: Progress = silent
) -> list[MadeGraph]:
    """Export, quantise where asked for, and compare the graphs of a network with torch.

    Args:
        trained: the network.
        network: the same, folded; it is left as it is.
        target: what for.
        progress: told after each graph.

    Raises:
        DataError: a graph cannot be made, or differs from torch.
        MissingExtraError: what it needs is not installed.
    """
    kind = kind_of(network, trained.settings)
    uses = watched(network, kind)
    calls: list[Any] = []
    if target.precision == "int8":
        calls = _calibration(network, kind, uses)
    made = []
    for index, use in enumerate(uses):
        own = [call for signature, call in calls if signature == use.signature]
        made.append(_made(network, use, target, own))
        progress(index + 1, len(uses))
    return made


def watched(network: nn.Module, kind: Kind) -> list[Use]:
    """The graphs of a network, found on scans of different sizes."""
    examples = [kind.example(index, *size) for index, size in enumerate((SMALL, LARGE))]
    examples.append(kind.example(2, *SMALL, slices=2))
    return uses_of(network, *(partial(used, network, example) for example in examples))


def _calibration(
    network: nn.Module, kind: Kind, uses: Sequence[Use]
) -> list[tuple[Signature, list[Tensor]]]:
    """What the graphs take on simulated scans."""
    names = {use.signature.module for use in uses}
    films = {use.signature.module: use.signature.films for use in uses}
    found = []
    for index in range(CALIBRATION_SCANS):
        example = kind.example(1000 + index, CALIBRATION_SHAPE, CALIBRATION_FRAMES)
        for call in calls_of(network, partial(used, network, example), names):
            if not names & set(call.inside):
                found.append((call.signature(films[call.module]), call.tensors))
    return found


def _made(
    network: nn.Module, use: Use, target: Target, calls: Sequence[Sequence[Tensor]]
) -> MadeGraph:
    """One graph, compared with torch."""
    module = network.get_submodule(use.signature.module)

    def alone(part: nn.Module, its: Use) -> Engine:
        return _engine(made_files(part, its, target, (), dynamic=False), target)

    if target.runtime == "torch":
        engine: Engine = TorchEngine(called(module, use.signature), target.precision)
        off = check_graph(network, use, engine, target.precision, alone)
        return MadeGraph(use.signature, {}, engine, off, _sizes(use))
    files = made_files(module, use, target, calls, dynamic=True)
    engine = _engine(files, target)
    off = check_graph(network, use, engine, target.precision, alone)
    return MadeGraph(use.signature, files, engine, off, _sizes(use))


def _sizes(use: Use) -> str:
    """``image any x 2 x any x any``: sizes of the inputs, where more than one was met ``any``."""
    words = []
    for name, *shapes in zip(
        use.signature.inputs, *(call.shapes for call in use.calls), strict=True
    ):
        axes = zip(*shapes, strict=True)
        sizes = (str(each[0]) if len(set(each)) == 1 else "any" for each in axes)
        words.append(f"{name} {' x '.join(sizes)}")
    return ", ".join(words)


def _engine(files: Mapping[str, bytes], target: Target) -> Engine:
    return ENGINES[target.runtime](list(files.values()), target.precision, target.threads)


def made_files(
    module: nn.Module,
    use: Use,
    target: Target,
    calls: Sequence[Sequence[Tensor]],
    *,
    dynamic: bool,
) -> dict[str, bytes]:
    """The content of a graph's files by their endings, in the order in which engines take them.

    Args:
        module: folded.
        use: of it.
        target: runtime and precision.
        calls: what the graph took on scans, where it is to have 8-bit numbers; else none.
        dynamic: any batch and size where the network takes them.
    """
    graph = onnx_graph(module, use, dynamic=dynamic)
    if target.runtime == "onnx":
        if not calls:
            return {"onnx": graph}
        onnx = require("onnx")
        model = quantised(onnx.load_model_from_string(graph), graph, calls)
        return {"onnx": bytes(model.SerializeToString())}
    openvino = require("openvino")
    model = openvino.Core().read_model(graph)
    if calls:
        model = quantised(model, graph, calls)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "graph.xml"
        openvino.save_model(model, file, compress_to_fp16=False)
        return {"xml": file.read_bytes(), "bin": file.with_suffix(".bin").read_bytes()}
