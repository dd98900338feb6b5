"""Variants of the default network of still images, each trained for the same processor time.

python benchmarks/cascade_variants.py --data IMAGES --scans FILE [FILE ...] --images FOLDER
                                      [--seconds 300] [--examples 300] [--out out/cascade-variants]

All variants learn from the same examples, drawn before. Steps of all of them in turns say how long
each takes the processor; from that the number of steps follows that takes ``--seconds`` of it, and
with it the schedule. Other programs on the machine do not count, though they slow it somewhat: what
each training then took is stored too. The networks alone, without total variation beside
them, reconstruct complete scans, undersampled, and magnitude images with a scanner's phase.

``--scans``: complex .npy files, images (y, x) or k-space (coil, y, x). ``--images``: a folder of
im-*.mat. Scans that choose should not be those that a final result is reported on.

What is finished is kept in ``--out``: the same command goes on after an interruption. It writes
docs/results/cascade-variants.json and the table in docs/training.md after each variant.
"""

import argparse
import json
import shutil
from pathlib import Path

import torch
from cascade_variants_page import update
from cascade_variants_plan import RECIPE, VARIANTS, recipe_of
from cascade_variants_scans import complete_scans, image_scans, scores
from cascade_variants_timing import seconds_per_step
from study_runs import is_done, trained, write

import feathermr
from feathermr.core.environment import environment
from feathermr.models.table import build
from feathermr.models.weights import load_weights, save_weights
from feathermr.training.cache.keeping import kept
from feathermr.training.sources import open_sources
from feathermr.training.train import TrainingRun

DOCS = Path(__file__).resolve().parents[1] / "docs"
RESULT, PAGE = DOCS / "results" / "cascade-variants.json", DOCS / "training.md"
#: examples that a step is timed on, and how often on each
TRIAL, ROUNDS = 8, 3


def run_of(options, variant):
    """Where its examples come from, and its first weights."""
    start = first_weights(options, variant) if variant.first else None
    return TrainingRun(
        data=options.data if variant.real else None,
        accelerator="cpu",
        start=start,
        cache=options.out / "cache",
    )


def first_weights(options, variant):
    """A file of first weights by another seed."""
    recipe = recipe_of(variant, 1, options.examples)
    path = options.out / f"first-{variant.first}.safetensors"
    if not path.exists():
        network = build(recipe.model, recipe.settings, recipe.seed + variant.first)
        save_weights(path, network.state_dict(), recipe.model, recipe.settings)
    return str(path)


def draw(options):
    """All examples, once; a network that begins otherwise gets the same ones with its starts."""
    drawn = {}
    for name, variant in VARIANTS.items():
        recipe, run = recipe_of(variant, 1, options.examples), run_of(options, variant)
        key = variant.real, recipe.settings.get("start")
        if key in drawn:
            continue
        found = drawn.get((variant.real, None)) or open_sources(recipe, run.data)
        cached = kept(found, recipe, run.data, run.cache)
        for examples in (cached.train.stored, cached.validation):
            for number in range(options.examples if examples is not cached.validation else 1):
                if not examples.path(number).exists():
                    examples.get(number)
        drawn[key] = cached._replace(train=cached.train.stored)
        print(f"examples for {name} are drawn", flush=True)


def used(folder):
    """Seconds of the processor in the steps of a training, and the steps that they were."""
    runs = json.loads(folder.environment.read_text())["runs"]
    speeds = [one["speed"] for one in runs if "speed" in one]
    steps = sum(one["steps"] for one in speeds)
    return sum(one["steps"] * one["processor_seconds_per_step"] for one in speeds), steps


def planned(options):
    """Seconds of the processor in a step of each variant, in turns, and where; done once."""
    path = options.out / "plan.json"
    if path.exists():
        return json.loads(path.read_text())
    trainings = {}
    for name, variant in VARIANTS.items():
        if variant.like:
            continue
        recipe, run = recipe_of(variant, 1, options.examples), run_of(options, variant)
        cached = kept(open_sources(recipe, run.data), recipe, run.data, run.cache)
        trainings[name] = recipe, cached.train
    steps = seconds_per_step(trainings, TRIAL, ROUNDS)
    print({name: round(seconds, 3) for name, seconds in steps.items()}, flush=True)
    plan = {"seconds_per_step": steps, "environment": dict(environment())}
    write(path, plan)
    return plan


def measured(options, name, steps, scans):
    """Train a variant, let it reconstruct, and keep both."""
    variant, place = VARIANTS[name], options.out / name
    path = options.out / f"{name}.json"
    titles = {"title": variant.title, "changes": variant.words}
    if path.exists():
        return {**json.loads(path.read_text()), **titles}
    if place.exists() and not is_done(place) and not (place / "checkpoints" / "last.ckpt").exists():
        shutil.rmtree(place)  # it was cut off before its first checkpoint
    recipe = recipe_of(variant, steps, options.examples)
    folder = trained(recipe, place, run_of(options, variant))
    method = feathermr.make_method("network", {"weights": str(place), "phase": "none"})
    network = load_weights(folder.weights).network
    seconds, timed = used(folder)
    record = {
        "parameters": sum(one.numel() for one in network.parameters()),
        "steps": steps,
        "seconds": round(seconds * steps / timed, 1),
        "scores": scores(method, scans),
    }
    write(path, record)
    return {**record, **titles}


def safe(options, scans):
    """What total variation gives; computed once."""
    path = options.out / "tv.json"
    if not path.exists():
        write(path, scores(feathermr.make_method("tv", {"phase": "none"}), scans))
    return json.loads(path.read_text())


def parsed():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="real images as objects")
    parser.add_argument("--scans", type=Path, nargs="+", default=[], help="complete scans, .npy")
    parser.add_argument("--images", type=Path, help="folder of magnitude images im-*.mat")
    parser.add_argument("--most", type=int, default=0, help="so many images at most; 0 for all")
    parser.add_argument("--seconds", type=float, default=300.0, help="of the processor, a variant")
    parser.add_argument("--examples", type=int, default=300, help="batches that all learn from")
    parser.add_argument("--out", type=Path, default=Path("out/cascade-variants"))
    options = parser.parse_args()
    if not options.scans and options.images is None:
        parser.error("nothing to choose by: give --scans or --images")
    return options


def main():
    options = parsed()
    torch.set_num_threads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    scans = list(complete_scans(options.scans))
    if options.images is not None:
        scans += image_scans(options.images, options.most)
    draw(options)
    plan = planned(options)
    record = {
        "recipe": RECIPE,
        "seed": recipe_of(VARIANTS["base"], 1, options.examples).seed,
        "seconds": options.seconds,
        "examples": options.examples,
        "groups": {scan.name: scan.group for scan in scans},
        "tv": safe(options, scans),
        "variants": {},
        "environment": plan["environment"],
    }
    for name, variant in VARIANTS.items():
        steps = round(options.seconds / plan["seconds_per_step"][variant.like or name])
        record["variants"][name] = measured(options, name, steps, scans)
        RESULT.write_text(json.dumps(record, indent=1) + "\n")
        update(PAGE, record)
        print(f"{name} is done: {steps} steps", flush=True)


if __name__ == "__main__":
    main()
