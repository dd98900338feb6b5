"""The claims of Kronecker networks, tested: ``make study-kronecker``.

    python benchmarks/kronecker_study.py            # train what is missing, then write the page
    python benchmarks/kronecker_study.py --page     # only the page, from what is stored
    python benchmarks/kronecker_study.py --full     # default networks, 192 x 192: for a GPU's day
    python benchmarks/kronecker_study.py --quick    # a smoke test of seconds, written elsewhere

Each training is stored when it is finished (``out/kronecker-study``), and a finished one is never
done again, so the study can be stopped and gone on with at any time. The page
``docs/results/kronecker.md`` is written from ``docs/results/kronecker.json``, which collects them.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from kronecker_study_page import page
from kronecker_study_picture import draw_curves, draw_errors
from kronecker_study_plan import FAMILIES, MODELS, SIZES, Run, Size, runs, settings
from kronecker_study_training import (
    AVERAGE,
    CLIP,
    LOSS,
    Cases,
    choose_rate,
    choose_weights,
    classical_images,
    open_cases,
    scores,
    test_images,
    train,
)

from feathermr.core.atomic import written_file
from feathermr.core.environment import environment
from feathermr.models.table import build
from feathermr.nn.cost import cost, cost_problem

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("classical", "table", "limited", "sweep", "long", "cost")


class Store:
    """Finished pieces of work, one file each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def has(self, name: str) -> bool:
        return (self.folder / f"{name}.json").exists()

    def read(self, name: str) -> dict[str, Any]:
        return json.loads((self.folder / f"{name}.json").read_text())

    def write(self, name: str, record: dict[str, Any]) -> None:
        with written_file(self.folder / f"{name}.json") as beside:
            beside.write_text(json.dumps(record, allow_nan=False) + "\n")

    def keep_images(self, name: str, images: list[torch.Tensor]) -> None:
        """Of the first knee and the first brain at all accelerations, for the picture."""
        with written_file(self.folder / f"{name}.npy") as beside, beside.open("wb") as file:
            np.save(file, torch.cat(images[:6])[:, 0].abs().numpy().astype(np.float32))

    def names(self) -> list[str]:
        return sorted(path.stem for path in self.folder.glob("*.json"))


def study(size: Size, store: Store, only: list[str]) -> None:
    """Do what is wanted and missing."""
    begun = time.perf_counter()

    def say(line: str) -> None:
        print(f"[{time.perf_counter() - begun:5.0f} s] {line}", flush=True)

    def wanted(name: str, part: str) -> bool:
        return not store.has(name) and (not only or name in only or part in only)

    cases = open_cases(size)
    say("cases are ready")
    store.keep_images("target", [scan.example.target for scan in cases.test])
    if wanted("classical", "classical"):
        classical(size, store, cases)
        say("classical methods are done")
    for run in runs(size):
        if wanted(run.name, run.part):
            record = network(run, size, store, cases, say)
            mean = {r: float(np.mean(v["psnr"])) for r, v in record["scores"].items()}
            say(f"{run.name}: " + ", ".join(f"{v:.2f} dB at {r}x" for r, v in mean.items()))
    for row in MODELS:
        if wanted(f"cost-{row}", "cost"):
            store.write(f"cost-{row}", measure(size, row))
    say("done")


def classical(size: Size, store: Store, cases: Cases) -> None:
    """Zero filling, and the l1-wavelet with the best weight of the validation cases."""
    tried = choose_weights(size, cases.validation)
    chosen = {int(r): float(max(by, key=lambda weight: by[weight])) for r, by in tried.items()}
    record: dict[str, Any] = {"weights": tried, "chosen": chosen, "scores": {}}
    for name, weights in (("zero-filled", {}), ("l1-wavelet", chosen)):
        images = classical_images(cases.test, name, weights)
        record["scores"][name] = scores(images, cases.test)
        store.keep_images(name, images)
    store.write("classical", record)


def network(run: Run, size: Size, store: Store, cases: Cases, say: Any) -> dict[str, Any]:
    """Train one network and score it on the test cases."""
    family = FAMILIES.get(run.row, run.row)
    if not store.has(f"rate-{family}"):
        store.write(f"rate-{family}", dict(choose_rate(family, size, cases, say)))
    rate = store.read(f"rate-{family}")["chosen"]
    steps = size.limited_steps if run.part == "limited" else size.steps
    trained = train(run, size, cases, rate, steps)
    images = test_images(trained.model, cases.test)
    if run.part == "table":
        store.keep_images(run.name, images)
    record = {
        "part": run.part, "row": run.row, "seed": run.seed, "fraction": run.fraction,
        "settings": settings(size, run.row, run.part), "rate": rate, "steps": steps,
        "seconds": round(trained.seconds, 1), "curve": trained.curve,
        "scores": scores(images, cases.test),
    }  # fmt: skip
    store.write(run.name, record)
    return record


def measure(size: Size, row: str) -> dict[str, Any]:
    """Parameters, multiply-adds, memory and time of one slice of the study's size."""
    model = build(MODELS[row][0], settings(size, row))
    return vars(cost(model, *cost_problem(size.pixels), repeats=15))


def collect(size: Size, store: Store) -> dict[str, Any]:
    """Everything that is finished, as one record."""
    planned = [run.name for run in runs(size)]
    names = store.names()
    return {
        "format": "feathermr kronecker study 1",
        "environment": dict(environment()),
        "size": {key: value for key, value in vars(size).items() if key != "settings"},
        "loss": LOSS, "average": AVERAGE, "clip": CLIP,
        "classical": store.read("classical") if "classical" in names else {},
        "rates": {n.removeprefix("rate-"): store.read(n) for n in names if n.startswith("rate-")},
        "costs": {n.removeprefix("cost-"): store.read(n) for n in names if n.startswith("cost-")},
        "runs": {name: store.read(name) for name in planned if name in names},
        "missing": [name for name in planned if name not in names],
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="tiny, a few seconds")
    parser.add_argument("--full", action="store_true", help="default networks, for a GPU's day")
    parser.add_argument("--only", nargs="*", default=[], help=f"trainings, or {', '.join(PARTS)}")
    parser.add_argument("--page", action="store_true", help="only collect and write the page")
    parser.add_argument("--output", type=Path, help="folder, instead of docs")
    options = parser.parse_args()
    size = SIZES["quick" if options.quick else "full" if options.full else "study"]
    folder = options.output or (ROOT / "docs" if size.name == "study" else ROOT / "out")
    store = Store((options.output or ROOT / "out") / "kronecker-study" / size.name)
    torch.set_num_threads(torch.get_num_threads())
    if not options.page:
        study(size, store, options.only)
    stored = folder / "results" / "kronecker.json"
    with written_file(stored) as beside:
        beside.write_text(json.dumps(collect(size, store), allow_nan=False) + "\n")
    record = json.loads(stored.read_text())
    draw_errors(store.folder, folder / "images" / "kronecker-errors.png")
    draw_curves(record, folder / "images" / "kronecker-curves.png")
    with written_file(folder / "results" / "kronecker.md") as beside:
        beside.write_text(page(record))
    print(f"wrote {folder / 'results' / 'kronecker.md'}")


if __name__ == "__main__":
    main()
