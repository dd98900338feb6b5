"""The dual U-Net taken apart: each of its recipes trained by the same small budget.

    python benchmarks/cine_ablations.py                      # some 15 minutes of one core
    python benchmarks/cine_ablations.py --steps 2000 --width 32 --seeds 0 1 2
    python benchmarks/cine_ablations.py --steps 2 --test 1 --output out/try     # a smoke test

Every training is one of `feathermr.training.train` with its own folder; a finished one is never
done again, and an interrupted one goes on. ``ablations.json`` collects them, and
``cine_study.py --ablations FOLDER`` puts them on the page.
"""

from __future__ import annotations

import argparse
import csv
import json
import time
from pathlib import Path
from typing import Any

import torch

from feathermr.core.atomic import written_file
from feathermr.core.environment import environment
from feathermr.models.weights import load_weights
from feathermr.nn.cost import parameter_count
from feathermr.training.recipe import Recipe, named_recipe
from feathermr.training.train import TrainingRun, train

ROOT = Path(__file__).resolve().parents[1]
RECIPES = (
    "cine-dual-unet",
    "cine-dual-unet-l1",
    "cine-dual-unet-plain",
    "cine-dual-unet-no-attention",
    "cine-dual-unet-2",
    "cine-dual-unet-3",
)


def changes(options: argparse.Namespace) -> dict[str, str]:
    """What all recipes have otherwise, so that they fit a small budget."""
    smallest, largest = options.sizes
    return {
        "settings.width": str(options.width),
        "data.simulated.sizes": f"[{smallest}, {largest}]",
        "data.simulated.batch": str(options.batch),
        "data.validation": str(options.test),
        "optimiser.learning_rate": f"{options.learning_rate:g}",
        "trainer.steps": str(options.steps),
        "trainer.validate_every": str(max(1, options.steps // 2)),
        "trainer.precision": "bf16-mixed",
    }


def trained(recipe: Recipe, name: str, folder: Path) -> dict[str, Any]:
    """Train unless it is done, and what came out."""
    done = folder / "done.json"
    if not done.exists():
        begun, fresh = time.process_time(), not folder.exists()
        train(recipe, folder, TrainingRun(accelerator="cpu"), resume=not fresh)
        seconds = round(time.process_time() - begun, 1) if fresh else None
        with written_file(done) as beside:
            beside.write_text(json.dumps({"seconds": seconds}) + "\n")
    with (folder / "scores.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    films = {key: [float(line[key]) for line in lines] for key in lines[0] if key != "film"}
    network = load_weights(folder).network
    return {
        "recipe": name, "seed": recipe.seed, "parameters": parameter_count(network),
        "films": films, **json.loads(done.read_text()),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--steps", type=int, default=240, help="of each training")
    parser.add_argument("--width", type=int, default=16, help="of the U-Nets' first level")
    parser.add_argument("--sizes", nargs=2, type=int, default=(64, 80), help="of the films")
    parser.add_argument("--batch", type=int, default=2, help="films a step")
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--test", type=int, default=8, help="batches to validate and to test with")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--only", nargs="+", choices=RECIPES, default=list(RECIPES))
    parser.add_argument("--output", type=Path, default=ROOT / "out" / "cine-ablations")
    options = parser.parse_args()
    torch.set_num_threads(1)
    changed = changes(options)
    found: dict[str, list[Any]] = {}
    for seed in options.seeds:
        for name in options.only:
            recipe = named_recipe(name, {**changed, "seed": str(seed)})
            folder = options.output / f"{name}-{options.width}-{options.steps}-{seed}"
            print(f"{name}, seed {seed}", flush=True)
            found.setdefault(name, []).append(trained(recipe, name, folder))
    record = {
        "format": "feathermr cine ablations 1", "environment": dict(environment()),
        "changes": changed, "seeds": options.seeds, "recipes": found,
    }  # fmt: skip
    with written_file(options.output / "ablations.json") as beside:
        beside.write_text(json.dumps(record, allow_nan=False) + "\n")
    print(f"wrote {options.output / 'ablations.json'}")


if __name__ == "__main__":
    main()
