"""Train a network by a recipe, on simulated scans or on data of your own.

The folder gets the weights, their metrics and curves, and checkpoints to go on from.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import feathermr
from feathermr.cli.options import checked_folder, command_line, count, positive, seed, settings
from feathermr.cli.terminal import progress_bars, say
from feathermr.core.optional import require
from feathermr.training.data_kind import data_kind

RECIPES_HELP = "name of a recipe that ships, or a file that ends in .yaml"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``feathermr train``."""
    parser.add_argument("recipe", nargs="?", metavar="RECIPE", help=RECIPES_HELP)
    parser.add_argument("--list", action="store_true", help="list the recipes and leave")
    parser.add_argument("--out", type=Path, help="folder (default: runs/RECIPE)")
    parser.add_argument(
        "--data",
        type=Path,
        metavar="PATH",
        help="to train on: a folder of fastMRI's files or of pictures, or an .npz file of films",
    )
    parser.add_argument(
        "--resume", action="store_true", help="go on from the folder's last checkpoint, if any"
    )
    parser.add_argument(
        "--from",
        dest="start",
        metavar="WEIGHTS",
        help="start from the weights of a run, of a file, or that ship by this name",
    )
    parser.add_argument(
        "--teacher",
        type=Path,
        metavar="RUN",
        help="training run, or weights, of a network to distil from (default: as the recipe says)",
    )
    group = parser.add_argument_group("how long")
    group.add_argument("--steps", type=count, help="of the optimiser in all (default: recipe's)")
    group.add_argument("--max-minutes", type=positive, metavar="M", help="of this run")
    group = parser.add_argument_group("what is trained")
    group.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="another value in the recipe, e.g. optimiser.learning_rate=1e-3; may be repeated",
    )
    _add_place(parser)


def _add_place(parser: argparse.ArgumentParser) -> None:
    """Arguments that say where a training runs, and on what."""
    group = parser.add_argument_group("where")
    group.add_argument(
        "--accelerator", choices=("auto", "cpu", "gpu"), default="auto", help="default: auto"
    )
    group.add_argument(
        "--workers", type=seed, metavar="W", help="processes that draw examples (default: by cores)"
    )
    group.add_argument(
        "--cache",
        type=Path,
        metavar="DIR",
        help="of examples that are kept, if the recipe keeps any (default: in the run's folder)",
    )
    group.add_argument("--devices", type=count, default=1, help="on this machine (default: 1)")
    group.add_argument("--nodes", type=count, default=1, help="machines (default: 1)")
    group.add_argument(
        "--precision",
        choices=("32-true", "bf16-mixed", "16-mixed"),
        help="of the computation (default: recipe's)",
    )


def run(options: argparse.Namespace) -> None:
    """Train."""
    if options.list or options.recipe is None:
        for name in feathermr.RECIPES:
            say(f"{name}: {feathermr.named_recipe(name).summary}")
        return
    for module in ("lightning", "tensorboard"):
        require(module)
    changes = settings(options.set)
    if options.steps:
        changes["trainer.steps"] = str(options.steps)
    if options.precision:
        changes["trainer.precision"] = options.precision
    path = Path(options.recipe)
    folder = checked_folder(options.out or Path("runs") / path.stem)
    recipe = _recipe(path, changes)
    if options.data and "data.source" not in changes:
        recipe = _recipe(path, _for_data(recipe, options.data) | changes)
    with progress_bars() as bars:
        feathermr.train(
            recipe,
            folder,
            feathermr.TrainingRun(
                data=options.data,
                workers=_workers(options),
                devices=options.devices,
                nodes=options.nodes,
                accelerator=options.accelerator,
                minutes=options.max_minutes,
                teacher=options.teacher,
                start=options.start,
                cache=options.cache,
                command=command_line(),
            ),
            resume=options.resume,
            progress=bars.start,
            say=say,
        )


def _recipe(path: Path, changes: dict[str, str]) -> feathermr.Recipe:
    """The recipe of a file, or the one that ships by that name."""
    if path.suffix in (".yaml", ".yml"):
        return feathermr.load_recipe(path, changes)
    return feathermr.named_recipe(str(path), changes)


def _for_data(recipe: feathermr.Recipe, path: Path) -> dict[str, str]:
    """What a recipe for simulated data or for pictures needs to be trained on what lies there."""
    data = recipe.data
    if data.source not in ("simulated", "images"):
        return {}
    kind = data_kind(path)
    if kind == "images" and data.source == "simulated" and data.simulated.real:
        return {}  # they are objects of simulated scans
    changes: dict[str, str] = {"data.source": kind}
    own, images = data.simulated, data.images
    if data.source == "images":
        scale, kernel = images.multiple, images.kernel
    else:
        scale, kernel = own.magnify, own.kernel
    if kind == "fastmri":
        changes |= {"data.fastmri.magnify": str(scale), "data.fastmri.kernel": kernel}
    if kind == "images" and data.source == "simulated":
        task = "undersampling" if scale == 1 else "super-resolution"
        changes |= {"data.images.task": task, "data.images.kernel": kernel}
        changes |= {"data.images.scale": str(max(scale, 2)), "data.images.batch": str(own.batch)}
    return changes


def _workers(options: argparse.Namespace) -> int:
    """As asked for; else one a core that the trainings leave free, up to eight each."""
    if options.workers is not None:
        return int(options.workers)
    return min(8, max(0, (os.cpu_count() or 1) // int(options.devices) - 1))
