"""Examples a second of a training on one core: drawn at each use, and drawn once and met again.

python benchmarks/training_speed.py [--recipe kronecker-cascade] [--steps 64] [--reuse 8]

Each case is a process with one thread that draws, keeps and learns; it trains twice, and the second
time counts. The cache is full before the first step, and new examples are drawn while it is
measured as often as in a long training. Rates are by processor time, so that other programs on the
machine disturb them little.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import feathermr
from feathermr.core.environment import environment
from feathermr.training.cache.keeping import kept
from feathermr.training.sources import open_sources

RESULT = Path(__file__).resolve().parents[1] / "docs" / "results" / "training-speed.json"
#: examples that are kept, and that are there before the first step: so few that new ones are drawn
#: as often, from the first step on, as in a long training
KEPT = 8
#: of oneDNN: as many as it keeps by itself
FEW_KERNELS = {"ONEDNN_PRIMITIVE_CACHE_CAPACITY": "1024"}


def quietly(line):
    """Say nothing."""


def cases(options):
    """Name of each case: precision, reuse, and what is otherwise in its environment."""
    return {
        "drawn at each use, half precision, few kernels": ("bf16-mixed", 0, FEW_KERNELS),
        "drawn at each use": ("32-true", 0, {}),
        "drawn once, half precision": ("bf16-mixed", options.reuse, {}),
        "drawn once": ("32-true", options.reuse, {}),
    }


def recipe_of(options, precision, reuse):
    changes = {
        "trainer.steps": options.steps,
        "trainer.validate_every": options.steps,
        "trainer.precision": precision,
        "data.validation": 1,
        "data.cache.reuse": reuse,
        "data.cache.first": KEPT,
        "data.cache.window": KEPT,
    }
    return feathermr.named_recipe(
        options.recipe, {key: str(value) for key, value in changes.items()}
    )


def trained(recipe, place):
    """The speed of a training as its record has it, by the processor's time."""
    run = feathermr.TrainingRun(accelerator="cpu", cache=place / "cache")
    if recipe.data.cache.reuse:
        train = kept(open_sources(recipe, None), recipe, None, run.cache).train
        for number in range(KEPT):
            train.stored[number]
    folder = feathermr.train(recipe, place / "run", run, say=quietly)
    speed = json.loads(folder.environment.read_text())["runs"][-1]["speed"]
    wall = sum(speed["seconds_per_step"].values())
    used = speed["processor_seconds_per_step"]
    return {
        "examples_per_processor_second": round(speed["examples_per_second"] * wall / used, 3),
        "processor_seconds_per_step": round(used, 4),
        "of_which": {
            part: round(value / wall * used, 4) for part, value in speed["seconds_per_step"].items()
        },
        "seconds_per_step": round(wall, 4),
    }


def measured(options, name):
    """A case, in a process of its own."""
    others = cases(options)[name][2]
    words = [sys.executable, __file__, "--case", name, "--recipe", options.recipe]
    words += ["--steps", str(options.steps), "--reuse", str(options.reuse)]
    surroundings = {**os.environ, "OMP_NUM_THREADS": "1", **others}
    ran = subprocess.run(words, env=surroundings, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(ran.stdout.splitlines()[-1])


def work(options):
    """Train twice, and print the speed of the second time."""
    precision, reuse, _ = cases(options)[options.case]
    recipe = recipe_of(options, precision, reuse)
    for _ in range(2):
        with TemporaryDirectory() as place:
            found = trained(recipe, Path(place))
    print(json.dumps(found))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipe", default="kronecker-cascade")
    parser.add_argument("--steps", type=int, default=64)
    parser.add_argument("--reuse", type=int, default=8)
    parser.add_argument("--case", help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, default=RESULT)
    options = parser.parse_args()
    if options.case:
        work(options)
        return
    found = {}
    for name in cases(options):
        found[name] = measured(options, name)
        print(f"{name}: {json.dumps(found[name])}", flush=True)
    rates = {name: one["examples_per_processor_second"] for name, one in found.items()}
    first = next(iter(rates.values()))
    print({name: round(rate / first, 2) for name, rate in rates.items()})
    record = {
        "recipe": options.recipe,
        "reuse": options.reuse,
        "steps": options.steps,
        "cases": found,
        "environment": dict(environment()),
    }
    options.out.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
