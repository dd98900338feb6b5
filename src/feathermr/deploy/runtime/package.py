"""A network as a folder that other runtimes execute: its record, and how it becomes a model."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor, nn

from feathermr.core.errors import DataError, FeatherError
from feathermr.deploy.graphs.engines import ENGINES, TorchEngine, check_precision
from feathermr.deploy.graphs.graph import Graph, called, put_in
from feathermr.deploy.graphs.signature import Signature
from feathermr.models.table import MODELS, build, configure
from feathermr.models.weights import Trained
from feathermr.nn import fold

FORMAT = "feathermr package 1"
RECORD, WEIGHTS, CARD = "package.json", "weights.safetensors", "card.json"
#: names of files in a package
NAME = re.compile(r"[a-z0-9]+(-[0-9]+)?\.(onnx|xml|bin|safetensors)")


@dataclass(frozen=True)
class Package:
    """What a folder says of itself.

    Attributes:
        folder: where it is.
        model: name of the network in ``MODELS``.
        settings: of its configuration, all of them.
        weights: hash of the file of weights that it was exported from.
        runtime: that executes its graphs.
        precision: in which.
        graphs: each with the names of its files; none where torch executes the modules.
        files: hash of each file.
        card: what was measured, and what it is for.
    """

    folder: Path
    model: str
    settings: Mapping[str, Any]
    weights: str
    runtime: str
    precision: str
    graphs: Sequence[tuple[Signature, tuple[str, ...]]]
    files: Mapping[str, str]
    card: Mapping[str, Any]

    @property
    def scale(self) -> int:
        """How many times finer it makes images; 1 if it reconstructs from k-space."""
        scale = self.settings.get("scale", 1)
        return scale if isinstance(scale, int) else 1

    def trained(self) -> Trained:
        """Name, card and hash of the network; its parameters have no values."""
        config = configure(self.model, self.settings)
        with torch.device("meta"):
            network = MODELS[self.model].network(config)
        return Trained(
            network, self.model, dict(self.card.get("training", {})), self.weights, self.settings
        )


def is_package(path: Path) -> bool:
    """A folder that ``feathermr export`` wrote."""
    return (path / RECORD).is_file()


def read_package(folder: Path) -> Package:
    """The record of a package; its files are not opened.

    Raises:
        DataError: it is none, or one of another version.
    """
    file = folder / RECORD
    try:
        record = json.loads(file.read_text())
        if record["format"] != FORMAT:
            raise ValueError(f"its format is {record['format']!r}, not '{FORMAT}'")
        check_precision(record["runtime"], record["precision"])
        configure(record["model"], record["settings"])
        package = Package(
            folder,
            record["model"],
            record["settings"],
            record["weights"],
            record["runtime"],
            record["precision"],
            graphs=[_graph(each) for each in record["graphs"]],
            files={name: str(record["files"][name]) for name in record["files"]},
            card=json.loads((folder / CARD).read_text()),
        )
    except OSError as error:
        raise DataError(f"{folder} is no exported package: {error.strerror}: {file}") from None
    except (KeyError, TypeError, ValueError, AttributeError, FeatherError) as error:
        raise DataError(f"{file} is not what feathermr export writes: {error}") from None
    needed = {name for _, files in package.graphs for name in files} | {WEIGHTS}
    for name in needed | set(package.files):
        if not NAME.fullmatch(name) or name not in package.files:
            raise DataError(f"{file} names a file that no package has: '{name}'")
    return package


def load_package(folder: str | Path, *, threads: int = 0) -> nn.Module:
    """The model ``model(kspace, encoding)`` of an exported package.

    Graphs stand in the place of the network's convolutions; transforms, coils and consistency are
    those of torch. It is for use alone: it gives no gradients.

    Args:
        folder: that ``feathermr export`` wrote.
        threads: of the runtime; 0 for as many as torch uses.

    Raises:
        DataError: a file is missing, changed or broken, or does not fit this version's networks.
        MissingExtraError: the runtime is not installed.
    """
    package = read_package(Path(folder))
    network = fold(build(package.model, package.settings)).eval().requires_grad_(False)
    content = {name: _checked(package, name) for name in package.files}
    try:
        state = load(content[WEIGHTS])
    except SafetensorError as error:
        raise DataError(f"{package.folder / WEIGHTS} cannot be read: {error}") from None
    _fill(network, state, package)
    put_in(network, _graphs(network, package, content, threads), keep=package.runtime == "torch")
    return network


def _graphs(
    network: nn.Module, package: Package, content: Mapping[str, bytes], threads: int
) -> list[Graph]:
    """The graphs of a package with what executes them."""
    modules = dict(network.named_modules())
    graphs: list[Graph] = []
    for signature, files in package.graphs:
        if package.runtime != "torch":
            start = ENGINES[package.runtime]
            engine = start([content[name] for name in files], package.precision, threads)
        elif signature.module in modules:
            engine = TorchEngine(called(modules[signature.module], signature), package.precision)
        else:
            raise DataError(f"{package.folder}: the network has no '{signature.module}'")
        graphs.append((signature, engine))
    return graphs


def outside(network: nn.Module, graphs: Sequence[Signature]) -> dict[str, Tensor]:
    """What the graphs do not hold of the state of a network."""
    inside = tuple(f"{signature.module}." for signature in graphs)
    return {
        name: value for name, value in network.state_dict().items() if not name.startswith(inside)
    }


def _fill(network: nn.Module, state: Mapping[str, Tensor], package: Package) -> None:
    """Put the stored values into a network.

    Raises:
        DataError: they do not fit it.
    """
    held = [] if package.runtime == "torch" else [signature for signature, _ in package.graphs]
    own = outside(network, held)
    if set(own) != set(state):
        raise DataError(f"{package.folder / WEIGHTS} does not fit the network '{package.model}'")
    for name, value in own.items():
        if state[name].shape != value.shape:
            raise DataError(f"{package.folder / WEIGHTS}: '{name}' is of another shape")
        value.copy_(state[name])


def _graph(record: Mapping[str, Any]) -> tuple[Signature, tuple[str, ...]]:
    """One graph as the record tells it."""
    signature = Signature(
        str(record["module"]),
        tuple(map(str, record["inputs"])),
        tuple(map(str, record["films"])),
        dict(record["constants"]),
        tuple(map(bool, record["outputs"])),
        bool(record["several"]),
    )
    return signature, tuple(map(str, record["files"]))


def _checked(package: Package, name: str) -> bytes:
    """The content of a file.

    Raises:
        DataError: it is missing, or not what was exported.
    """
    file = package.folder / name
    try:
        content = file.read_bytes()
    except OSError as error:
        raise DataError(f"{file} of the package cannot be read: {error.strerror}") from None
    if hashlib.sha256(content).hexdigest() != package.files[name]:
        raise DataError(f"{file} is not the file that was exported: its hash differs")
    return content
