"""Distillation taken apart: ``make study-distillation``.

    python benchmarks/distillation_study.py               # train what is missing, then the page
    python benchmarks/distillation_study.py --only x2     # one task: kspace, x2 or x4
    python benchmarks/distillation_study.py --page        # only the page, from what is stored
    python benchmarks/distillation_study.py --quick       # a smoke test, written elsewhere

A teacher is trained for each task, then the same student by itself and with one part of the method
after the other, three times each and by the same number of steps. Every training is one of
`feathermr.training.train` with its own folder (``out/distillation``); a finished one is never done
again, and an interrupted one goes on. ``docs/results/distillation.md`` is written from
``docs/results/distillation.json``, which collects them.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import torch
from distillation_measure import (
    Group,
    Solve,
    classical,
    compared_networks,
    costs,
    groups,
    scores,
)
from distillation_page import page
from distillation_picture import draw
from distillation_plan import (
    FULL,
    SIZES,
    TASKS,
    VARIANTS,
    Size,
    Task,
    student_recipe,
    teacher_recipe,
)
from study_runs import is_done, trained, write

from feathermr.core.atomic import written_file
from feathermr.core.environment import environment
from feathermr.models.weights import SHIPPED, load_weights
from feathermr.training.run_folder import RunFolder
from feathermr.training.train import TrainingRun

ROOT = Path(__file__).resolve().parents[1]


def trainings(task: Task, size: Size, folder: Path) -> None:
    """The teacher of a task and all its students, seed after seed."""
    teacher = trained(teacher_recipe(task, size), folder / f"{task.name}-teacher")
    for seed in size.seeds:
        for variant, parts in VARIANTS.items():
            place = place_of(folder, task, variant, seed)
            recipe = student_recipe(task, size, variant, seed)
            known = teacher.path if parts else None
            trained(recipe, place, TrainingRun(accelerator="cpu", teacher=known))


def place_of(folder: Path, task: Task, variant: str, seed: int) -> Path:
    return folder / f"{task.name}-{list(VARIANTS).index(variant)}-{seed}"


def finished(size: Size, folder: Path, task: Task) -> list[int]:
    """The seeds of which every variant is trained: only those are compared."""
    return [
        seed
        for seed in size.seeds
        if all(is_done(place_of(folder, task, one, seed)) for one in VARIANTS)
    ]


def network(file: Path) -> Solve:
    return load_weights(file).network


@torch.no_grad()
def tested(group: Group, task: Task, size: Size, folder: Path) -> dict[str, Any]:
    """The scores of every method in one group of test images."""
    teacher = network(folder / f"{task.name}-teacher")
    students = {
        variant: {
            str(seed): {"scores": scores(network(place_of(folder, task, variant, seed)), group)}
            for seed in finished(size, folder, task)
        }
        for variant in VARIANTS
    }
    record = {
        "classical": classical(task, size, group),
        "teacher": {"scores": scores(teacher, group)},
        "students": students,
    }
    corrected = RunFolder(place_of(folder, task, FULL, size.seeds[0])).teacher
    ships = SHIPPED.get(f"chpnet-{task.name}")
    if ships is not None:
        record["ships"] = {"scores": scores(network(ships), group)}
    if corrected.exists():
        record["corrected"] = {"scores": scores(network(corrected), group)}
    return record


def collected(
    size: Size, folder: Path, real: list[Path], label: str, before: dict[str, Any]
) -> dict[str, Any]:
    """Everything that is finished, as one record; of the tasks ``before`` what was found then."""
    tasks: dict[str, Any] = {}
    for task in TASKS:
        if task.name in before:
            tasks[task.name] = before[task.name]
            continue
        done = folder / f"{task.name}-teacher" / "done.json"
        if not done.exists():
            continue
        print(f"testing {task.title}", flush=True)
        tasks[task.name] = {
            "title": task.title,
            "seeds": finished(size, folder, task),
            "teacher_validation": json.loads(done.read_text())["validation"],
            "groups": {
                group.name: tested(group, task, size, folder)
                for group in groups(task, size, real, label)
            },
            "costs": costs(task, compared_networks(task, size)) if size.name == "study" else {},
            "commit": environment()["Commit"],
        }
    note = (
        f"Real: {label}; k-space is simulated from the images themselves (an inverse crime, which "
        "favours all methods alike)."
    )
    return {
        "format": "feathermr distillation study 1", "environment": dict(environment()),
        "size": {**vars(size), "teacher": " ".join(f"{k} {v}" for k, v in size.teacher.items())},
        "real": note if real else "", "tasks": tasks,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="tiny, a minute")
    parser.add_argument("--only", nargs="*", default=[], help="of kspace, x2, x4; others stay")
    parser.add_argument("--train", action="store_true", help="train only, no page")
    parser.add_argument("--page", action="store_true", help="only test and write the page")
    parser.add_argument("--render", action="store_true", help="only the page, from the JSON")
    parser.add_argument("--real", nargs="*", type=Path, default=[], help="files of real images")
    parser.add_argument(
        "--real-label", default="real images", help="what they show, and of how many"
    )
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--output", type=Path, help="folder, instead of docs and out")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    size = SIZES["quick" if options.quick else "study"]
    runs = (options.output or ROOT / "out") / "distillation" / size.name
    if not (options.page or options.render):
        for task in TASKS:
            if not options.only or task.name in options.only:
                trainings(task, size, runs)
    if options.train:
        return
    docs = options.output or (ROOT / "out" if options.quick else ROOT / "docs")
    stored = docs / "results" / "distillation.json"
    if not options.render:
        before = {}
        if options.only and stored.exists():
            known = json.loads(stored.read_text())["tasks"]
            before = {name: one for name, one in known.items() if name not in options.only}
        write(stored, collected(size, runs, options.real, options.real_label, before))
    record = json.loads(stored.read_text())
    if not options.render:
        draw(size, runs, docs / "images" / "distillation.png")
    with written_file(docs / "results" / "distillation.md") as beside:
        beside.write_text(page(record))
    print(f"wrote {docs / 'results' / 'distillation.md'}")


if __name__ == "__main__":
    main()
