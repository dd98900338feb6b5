"""Films at any time, all methods side by side: ``make study-implicit``.

    python benchmarks/implicit_study.py                       # train what is missing, then the page
    python benchmarks/implicit_study.py --train --only rdn3d  # some trainings, no page
    python benchmarks/implicit_study.py --page                # no training, from what is finished
    python benchmarks/implicit_study.py --render              # only the page, from the JSON
    python benchmarks/implicit_study.py --tune inr            # settings on tuning films, printed
    python benchmarks/implicit_study.py --quick               # a smoke test, written elsewhere

``--films`` are the files of the real film and ``--raw`` is a real undersampled scan. Trainings and
scores are kept in ``out/implicit`` and never done again. ``docs/results/implicit.md`` is written
from ``docs/results/implicit.json``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from cine_study_measure import Store
from implicit_study_family import raw_scan, shown, sweep
from implicit_study_measure import (
    CLASSICAL,
    LADDERS,
    Contestant,
    classical,
    film_of,
    scored,
    tuned,
)
from implicit_study_page import ALONE, SHIPS, page
from implicit_study_picture import animate, draw, draw_family
from implicit_study_plan import FRAMES, SIZES, VARIANTS, Size, folder_name, recipe
from implicit_study_scans import Film, Group, groups, truth
from study_runs import is_done, trained, write

from feathermr import Acquisition, load
from feathermr.core.atomic import written_file
from feathermr.core.environment import environment
from feathermr.core.seeding import seeded
from feathermr.models.table import build
from feathermr.models.weights import SHIPPED, load_weights, save_weights
from feathermr.nn.cost import parameter_count
from feathermr.training.run_folder import RunFolder

ROOT = Path(__file__).resolve().parents[1]
SHIPPED_NAME = "liif-rdn3d"
FIELDS = ("factors",)


def trainings(size: Size, folder: Path, only: Sequence[str]) -> None:
    """All variants, or some."""
    for variant in VARIANTS:
        if not only or variant in only:
            trained(recipe(variant, size), folder / folder_name(variant))


def network(name: str, weights: Path) -> Contestant:
    """A trained network."""
    found = load_weights(weights)
    return Contestant(name, "network", {"weights": str(weights)}, weights=found.sha256)


def untrained(folder: Path) -> Path:
    """Weights of a network whose decoder says nothing: the start and the motion alone."""
    path = folder / "untrained.safetensors"
    with seeded(0, "untrained"):
        model = build("liif-rdn3d")
    with torch.no_grad():
        for parameter in model.decoder.last.parameters():  # type: ignore[union-attr]
            parameter.zero_()
    return save_weights(path, model.state_dict(), "liif-rdn3d")


def contestants(folder: Path, frames: int) -> list[Contestant]:
    """All methods that need no tuning and take films of so many frames."""
    found = [Contestant("inr", "inr"), network(ALONE, untrained(folder))]
    if SHIPPED_NAME in SHIPPED:
        found.append(network(SHIPS, SHIPPED[SHIPPED_NAME]))
    for variant in VARIANTS:
        place = folder / folder_name(variant)
        if is_done(place) and FRAMES.get(variant, frames) == frames:
            found.append(network(variant, place))
    return found


def measured(store: Store, group: Group, size: Size) -> dict[str, Any]:
    """All scores of one group of films."""
    rows: dict[str, Any] = {}
    chosen: dict[str, Any] = {}
    for acceleration in size.accelerations:
        methods = []
        for name in CLASSICAL:
            print(f"tuning {name}, {group.key}, {acceleration:g}x", file=sys.stderr)
            found = tuned(store, group.tuning, (acceleration,), name)["chosen"]
            chosen[f"{name}, {acceleration:g}x"] = found
            methods.append(classical(name, found))
        methods += contestants(store.folder.parent, group.test[0].frames)
        row: dict[str, dict[str, list[float]]] = {}
        for method in methods:
            print(f"{method.name}, {group.key}, {acceleration:g}x", file=sys.stderr)
            values = [scored(store, film, acceleration, method) for film in group.test]
            row[method.name] = {key: [one[key] for one in values] for key in values[0]}
        rows[f"{acceleration:g}"] = row
    return {
        "title": group.title, "test": [film.name for film in group.test], "accelerations": rows,
        "times": group.test[0].times, "tuned": chosen,
    }  # fmt: skip


def known_networks(folder: Path) -> dict[str, Any]:
    """What every training took and came to."""
    found = {}
    for variant in VARIANTS:
        place = folder / folder_name(variant)
        if is_done(place):
            weights = RunFolder(place).path
            found[variant] = json.loads((place / "done.json").read_text()) | {
                "parameters": parameter_count(load_weights(weights).network),
                "steps": recipe(variant, SIZES[folder.name]).trainer.steps,
                "sha256": hashlib.sha256((place / "model.safetensors").read_bytes()).hexdigest(),
            }
    return found


def collected(
    size: Size, folder: Path, paths: list[Path], raw: Acquisition | None
) -> dict[str, Any]:
    """The whole record."""
    store = Store(folder / "scores")
    every = groups(size, paths)
    hearts = every[0].test[:1]
    record: dict[str, Any] = {
        "format": "feathermr implicit study 1", "environment": dict(environment()),
        "size": asdict(size), "networks": known_networks(folder),
        "groups": {group.key: measured(store, group, size) for group in every},
        "families": [
            sweep(film, acceleration) for film in hearts for acceleration in size.accelerations
        ],
    }  # fmt: skip
    if raw is not None:
        record["raw"] = raw_scan(raw, FIELDS, folds=1)
    return record


def pictures(record: dict[str, Any], film: Film, folder: Path, images: Path) -> None:
    """Of the first simulated heart at the last acceleration."""
    acceleration = float(list(record["groups"][f"simulated-{film.frames}"]["accelerations"])[-1])
    chosen = record["groups"][f"simulated-{film.frames}"]["tuned"]
    methods = [classical("temporal-tv", chosen[f"temporal-tv, {acceleration:g}x"])]
    methods += [
        one
        for one in contestants(folder, film.frames)
        if one.name in ("inr", SHIPS, "rdn3d", "conv2d from zero filling")
    ]
    reference = truth(film).reference
    assert reference is not None
    films = {"truth": reference[0]}
    for one in methods:
        films[one.name] = film_of(film, acceleration, one)[0][0]
    draw(films, images / "implicit-study.png")
    animate(films, images / "implicit-study.gif")
    draw_family(shown(film, acceleration), images / "implicit-family.png")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="tiny, a minute")
    parser.add_argument("--train", action="store_true", help="train only, no page")
    parser.add_argument("--page", action="store_true", help="only test and write the page")
    parser.add_argument("--render", action="store_true", help="only the page, from the JSON")
    parser.add_argument("--only", nargs="*", default=[], help="variants to train")
    parser.add_argument("--tune", choices=tuple(LADDERS), help="choose settings, print them")
    parser.add_argument("--films", nargs="*", type=Path, default=[], help="files of the real film")
    parser.add_argument("--raw", type=Path, help="a real undersampled scan of several coils")
    parser.add_argument("--layout", default="", help="the raw scan's axes, with commas")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--output", type=Path, help="folder, instead of docs and out")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    size = SIZES["quick" if options.quick else "study"]
    folder = (options.output or ROOT / "out") / "implicit" / size.name
    if options.tune:
        films = [film for group in groups(size, options.films) for film in group.tuning]
        found = tuned(Store(folder / "scores"), films, size.accelerations, options.tune)
        print("\n".join(f"{value:.3f} dB  {settings}" for settings, value in found["tried"]))
        print(f"chosen: {found['chosen']}")
        return
    if not (options.page or options.render):
        trainings(size, folder, options.only)
    if options.train:
        return
    docs = options.output or (ROOT / "out" if options.quick else ROOT / "docs")
    stored = docs / "results" / "implicit.json"
    if not options.render:
        layout = tuple(options.layout.split(",")) if options.layout else None
        raw = load(options.raw, layout=layout) if options.raw else None
        record = collected(size, folder, options.films, raw)
        write(stored, record)
        pictures(record, groups(size, [])[0].test[0], folder, docs / "images")
    with written_file(docs / "results" / "implicit.md") as beside:
        beside.write_text(page(json.loads(stored.read_text())))
    print(f"wrote {docs / 'results' / 'implicit.md'}")


if __name__ == "__main__":
    main()
