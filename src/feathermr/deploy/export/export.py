"""A trained network as a folder that another runtime executes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor, nn

from feathermr.core.atomic import written_folder
from feathermr.core.errors import DataError
from feathermr.core.progress import Progress, silent, tell
from feathermr.core.registry import look_up
from feathermr.deploy.export.card import as_markdown, card_of, measured
from feathermr.deploy.graphs.make import MadeGraph, Target, check_needs, folded, make_graphs
from feathermr.deploy.graphs.scans import kind_of
from feathermr.deploy.runtime.package import (
    CARD,
    FORMAT,
    RECORD,
    WEIGHTS,
    Package,
    load_package,
    outside,
    read_package,
)
from feathermr.models.table import MODELS, build, configure
from feathermr.models.weights import SHIPPED, Trained, load_weights, shipped

#: what a package holds; a folder with anything else is not replaced
PATTERN = "*.*"


def exportable(name: str) -> Trained:
    """The network to export: one that ships, one of a training run, or one without training.

    Args:
        name: of a trained network or of one in ``MODELS``; or the path of weights or of a run.

    Raises:
        UsageError: there is none.
        DataError: a path that holds no weights.
    """
    if name in SHIPPED:
        return shipped(name)
    if name not in MODELS and Path(name).exists():
        return load_weights(Path(name))
    look_up({**dict.fromkeys(SHIPPED), **dict.fromkeys(MODELS)}, name, "network")
    network = build(name).eval()
    digest = hashlib.sha256(save(network.state_dict())).hexdigest()
    return Trained(network, name, {}, digest)


def export(
    trained: Trained, folder: str | Path, target: Target, *, progress: Progress = silent
) -> Package:
    """Write a package: graphs, what stays in torch, the record, and a card.

    Every graph is executed and compared with torch, then the package is loaded as it lies there,
    and compared as a whole. When anything differs nothing is left behind, and a package that was
    in the folder before stays.

    Args:
        trained: the network.
        folder: to write to.
        target: runtime, precision and threads.
        progress: told after each of the steps.

    Raises:
        DataError: the export differs from torch; the sentence names the layer. Or the folder
            holds something else.
        MissingExtraError: what the export needs is not installed.
    """
    folder = Path(folder)
    check_needs(target)
    _check_folder(folder)
    tell(progress, "graphs")
    network = folded(trained)
    graphs = make_graphs(trained, network, target)
    progress(1, 3)
    with written_folder(folder, PATTERN) as beside:
        files = _files(network, graphs, target)
        for name, content in files.items():
            (beside / name).write_bytes(content)
        card = card_of(trained, target, graphs, files)
        card["hashes"] = {name: _hash(content) for name, content in files.items()}
        _write(beside / CARD, card)
        _write(beside / RECORD, _record(trained, target, graphs, card["hashes"]))
        progress(2, 3)
        exported = load_package(beside, threads=target.threads)
        kind = kind_of(network, trained.settings)
        card.update(measured(network, exported, kind, target.precision))
        _write(beside / CARD, card)
        (beside / "card.md").write_text(as_markdown(card))
    progress(3, 3)
    return read_package(folder)


def _check_folder(folder: Path) -> None:
    """Only a package, or nothing, may be replaced."""
    free = not folder.exists() or (folder / RECORD).is_file()
    if not free and not (folder.is_dir() and not any(folder.iterdir())):
        raise DataError(f"{folder} holds something else than a package; choose another name")


def _files(network: nn.Module, graphs: Sequence[MadeGraph], target: Target) -> dict[str, bytes]:
    """Content of graphs and weights by name."""
    files = {
        f"graph-{index}.{ending}": content
        for index, made in enumerate(graphs)
        for ending, content in made.files.items()
    }
    held = [] if target.runtime == "torch" else [made.signature for made in graphs]
    state = outside(network, held)
    inside = set(state) - set(outside(network, [made.signature for made in graphs]))
    if target.precision == "bf16":
        state = {name: _halved(state[name], name in inside) for name in state}
    tensors = {name: value.contiguous() for name, value in state.items()}
    return {**files, WEIGHTS: save(tensors)}


def _halved(value: Tensor, inside: bool) -> Tensor:
    """Matrices of a graph in bfloat16, as they are used."""
    return value.to(torch.bfloat16) if inside and value.ndim > 1 else value


def _record(
    trained: Trained, target: Target, graphs: Sequence[MadeGraph], hashes: Mapping[str, str]
) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "model": trained.name,
        "settings": asdict(configure(trained.name, trained.settings)),
        "weights": trained.sha256,
        "runtime": target.runtime,
        "precision": target.precision,
        "graphs": [
            {
                **asdict(made.signature),
                "files": [f"graph-{index}.{ending}" for ending in made.files],
            }
            for index, made in enumerate(graphs)
        ],
        "files": dict(hashes),
    }


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _write(file: Path, record: Mapping[str, Any]) -> None:
    file.write_text(json.dumps(record, indent=1, allow_nan=False) + "\n")
