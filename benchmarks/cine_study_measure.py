"""Reconstruct and score the films of the heart study; every finished piece is stored."""

from __future__ import annotations

import hashlib
import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from cine_study_scans import Source, undersampled
from cine_study_tuning import LADDERS, STARTS, climb
from torch import Tensor, nn

from feathermr import Acquisition, make_method
from feathermr.core.atomic import written_file
from feathermr.core.errors import FeatherError
from feathermr.metrics import score_all
from feathermr.models.weights import SHIPPED, load_weights, read_card
from feathermr.nn.cost import multiply_adds, parameter_count
from feathermr.nn.memory import peak_bytes
from feathermr.recon.methods import METHODS

SCORES = ("psnr", "ssim", "nmse", "psnr-moving", "psnr-still", "wall-motion")
#: what settings are chosen by
TUNED_BY = ("psnr",)
#: scores are of whole films: one data range, one value
POLICY = "volume"
DECIMALS = 6


@dataclass(frozen=True)
class Contestant:
    """A method with settings, under its name in tables.

    Attributes:
        name: in tables.
        method: in ``METHODS``.
        settings: of it.
        weights: SHA-256 of a network's file.
    """

    name: str
    method: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    weights: str = ""

    def record(self) -> dict[str, Any]:
        """What decides its images, without where a file lies."""
        settings = {key: value for key, value in self.settings.items() if key != "weights"}
        return {"method": self.method, "settings": settings, "weights": self.weights}


@dataclass(frozen=True)
class Store:
    """Finished pieces of work, one file each.

    Attributes:
        folder: of the files.
    """

    folder: Path

    def path(self, name: str, key: Any) -> Path:
        """Of the piece that the key decides; the name is for people."""
        text = json.dumps(key, sort_keys=True)
        return self.folder / f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:12]}.json"

    def read(self, name: str, key: Any) -> dict[str, Any] | None:
        """What is stored; nothing when it is not."""
        path = self.path(name, key)
        return json.loads(path.read_text())["found"] if path.exists() else None

    def write(self, name: str, key: Any, found: Mapping[str, Any]) -> None:
        """Store a piece with its key."""
        with written_file(self.path(name, key)) as beside:
            beside.write_text(json.dumps({"key": key, "found": found}, allow_nan=False) + "\n")


def network(name: str, given: str) -> Contestant | None:
    """A trained network of a file or folder, or one that ships; none when there is neither."""
    if given:
        trained = load_weights(Path(given))
        return Contestant(name, "network", {"weights": given}, trained.sha256)
    if name in METHODS and name in SHIPPED and SHIPPED[name].exists():
        return Contestant(name, name, {}, hashlib.sha256(SHIPPED[name].read_bytes()).hexdigest())
    return None


def card(contestant: Contestant) -> dict[str, Any]:
    """What is known of a network."""
    given = contestant.settings.get("weights")
    path = Path(given) if given else SHIPPED[contestant.method]
    path = path / "model.safetensors" if path.is_dir() else path
    trained = load_weights(path)
    return {
        "sha256": trained.sha256, "model": trained.name,
        "parameters": parameter_count(trained.network), "file": dict(read_card(path)),
    }  # fmt: skip


def scored(
    store: Store, source: Source, acceleration: float, contestant: Contestant,
    metrics: Sequence[str] = SCORES,
) -> dict[str, Any]:  # fmt: skip
    """Scores of one method on one film, from the store if they are there; why, when it failed."""
    key = {
        "film": source.record(), "acceleration": acceleration, "contestant": contestant.record(),
        "scores": metrics, "policy": POLICY,
    }  # fmt: skip
    name = f"{source.name}-{acceleration:g}x-{contestant.name}"
    if (found := store.read(name, key)) is not None:
        return found
    given = undersampled(source, acceleration)
    try:
        found = scores(given, source.name, contestant, metrics)
    except FeatherError as error:
        return {"failed": str(error)}
    store.write(name, key, found)
    return found


def scores(
    given: Acquisition, name: str, contestant: Contestant, metrics: Sequence[str]
) -> dict[str, Any]:
    """Scores of one method on one film."""
    image = make_method(contestant.method, contestant.settings)(given).image
    if given.reference is None:
        raise ValueError(f"{name} has no reference")
    found = score_all(
        image, given.reference, policy=POLICY, alignment="none", method=contestant.name, scan=name,
        subject=name, metrics=metrics,
    )  # fmt: skip
    return {one.metric: round(one.mean, DECIMALS) for one in found}


def tuned(
    store: Store, films: tuple[Source, ...], acceleration: float, method: str
) -> dict[str, Any]:
    """The best settings of a classical method on tuning films, by mean PSNR of whole films."""

    def score(settings: Mapping[str, float]) -> float:
        values = []
        for film in films:
            one = Contestant(method, method, settings)
            found = scored(store, film, acceleration, one, TUNED_BY)
            values.append(found.get(TUNED_BY[0], float("-inf")))
        return round(sum(values) / len(values), DECIMALS)

    chosen, tried = climb(LADDERS[method], STARTS[method], score)
    return {"chosen": chosen, "tried": tried}


class Reconstructing(nn.Module):
    """A method as a module, so that its operations can be counted."""

    def __init__(self, contestant: Contestant) -> None:
        super().__init__()
        self.contestant = contestant

    def forward(self, scan: Acquisition) -> Tensor:
        return make_method(self.contestant.method, self.contestant.settings)(scan).image


def measured_costs(
    store: Store, source: Source, acceleration: float, contestants: Sequence[Contestant],
    repeats: int,
) -> dict[str, Any]:  # fmt: skip
    """Seconds, operations and memory of a film by method, measured in one run, or stored.

    The methods take turns, so that a slow moment of the machine falls on all of them.
    """
    key = {
        "film": source.record(), "acceleration": acceleration, "repeats": repeats,
        "contestants": [one.record() for one in contestants], "threads": torch.get_num_threads(),
    }  # fmt: skip
    name = f"cost-{source.name}-{acceleration:g}x"
    if (stored := store.read(name, key)) is not None:
        return stored
    given = undersampled(source, acceleration)
    found: dict[str, Any] = {}
    working = []
    for one in contestants:
        try:
            found[one.name] = operations(given, one)
            working.append((one, []))
        except FeatherError as error:
            found[one.name] = {"failed": str(error)}
    for _ in range(repeats):
        for one, seconds in working:
            seconds.append(make_method(one.method, one.settings)(given).seconds)
    for one, seconds in working:
        found[one.name]["seconds"] = round(statistics.median(seconds), 4)
    if len(working) == len(contestants):
        store.write(name, key, found)
    return found


def operations(given: Acquisition, contestant: Contestant) -> dict[str, Any]:
    """Multiply-adds of a frame, and bytes; neither depends on the machine's mood."""
    module = Reconstructing(contestant)
    counted = multiply_adds(module, given) / given.n_frames
    return {
        "multiply_adds": counted,
        "memory": peak_bytes(lambda: module(given), given.kspace.device),
    }
