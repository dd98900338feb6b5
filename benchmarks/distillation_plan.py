"""What the study of distillation trains: tasks, teachers, students, and the parts of the method."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from feathermr.training.recipe import Recipe, named_recipe

ACCELERATIONS = (4, 8)
ANATOMIES = ("brain", "knee", "abdomen", "heart")
#: natural-like pictures beside bodies, in training
TRAINED_ON = "{natural: 0.25, texture: 0.15, brain: 0.2, knee: 0.15, abdomen: 0.15, heart: 0.1}"
PARTS = ("response", "features", "relations", "edges", "correction", "dynamic")
#: each has all that the one before has, and one part more
VARIANTS: Mapping[str, tuple[str, ...]] = {
    "alone": (),
    "+ response": PARTS[:1],
    "+ features": PARTS[:3],
    "+ edges": PARTS[:4],
    "+ corrected teacher": PARTS[:5],
    "+ dynamic weights": PARTS,
}
FULL = "+ dynamic weights"
#: closest to what the recipes have on, which leave the features out
DEFAULT = "+ edges"
WEIGHTS: Mapping[str, str] = {
    "response": "0.5",
    "features": "0.01",
    "relations": "0.01",
    "edges": "0.5",
    "correction": "0.1",
    "dynamic": "true",
}


@dataclass(frozen=True)
class Task:
    """One kind of measurement.

    Attributes:
        name: for files.
        title: for tables.
        suffix: of the recipes.
        scale: of super-resolution; 1 for k-space.
        pixels: along each side of the images.
        patch: of the teacher's tokens.
        rate: of learning, the best of those tried for the student alone on the validation set.
    """

    name: str
    title: str
    suffix: str
    scale: int
    pixels: int
    patch: int
    rate: str


TASKS = (
    Task("kspace", "from k-space", "", 1, 96, 2, "2e-3"),
    Task("x2", "super-resolution x2", "-x2", 2, 64, 1, "4e-3"),
    Task("x4", "super-resolution x4", "-x4", 4, 96, 1, "4e-3"),
)


@dataclass(frozen=True)
class Size:
    """How much is done.

    Attributes:
        name: of the size.
        teacher: the transformer's settings.
        student: the student's settings.
        teacher_steps: of its training.
        steps: of each student's.
        seeds: of the students.
        subjects: of each anatomy, to test with; as many natural-like pictures as of all.
    """

    name: str
    teacher: Mapping[str, str]
    student: Mapping[str, str]
    teacher_steps: int
    steps: int
    seeds: tuple[int, ...] = (0, 1, 2)
    subjects: int = 6


SIZES = {
    "study": Size(
        "study",
        {"embedding": "96", "blocks": "4", "depth": "2", "heads": "6", "consistency": "6"},
        {},
        1500,
        500,
    ),
    "quick": Size(
        "quick",
        {"embedding": "12", "blocks": "4", "depth": "1", "heads": "2", "consistency": "2"},
        {"width": "8", "steps": "2"},
        4,
        4,
        (0, 1),
        1,
    ),
}
#: ``delta`` and ``eta`` of the student before training
FIRST = "[0.5, 1.0]"
#: the last of the teacher's blocks
TAUGHT = "{denoiser.deep: network.blocks.3}"


def data(task: Task) -> dict[str, str]:
    """What both learn from."""
    return {
        "data.simulated.batch": "2",
        "data.simulated.sizes": f"[{task.pixels}, {task.pixels}]",
        "data.simulated.anatomies": TRAINED_ON,
        "data.simulated.zoom": "0",
        "data.simulated.coils": "[1]",
        "data.simulated.patterns": "{random: 0.5, equispaced: 0.5}",
        "data.simulated.accelerations": f"[{ACCELERATIONS[0]}, {ACCELERATIONS[1]}]",
        "data.simulated.between": "false",
        "data.validation": "12",
        "trainer.checkpoint_every": "250",
        "trainer.precision": "bf16-mixed",
    }


def teacher_recipe(task: Task, size: Size) -> Recipe:
    """Of the transformer."""
    changes = {
        **data(task),
        **{f"settings.{key}": value for key, value in size.teacher.items()},
        "settings.patch": str(task.patch),
        "settings.sparse": str(task.scale == 1).lower(),
        "settings.scale": str(task.scale),
        "loss.name": "log-mse",
        "optimiser.learning_rate": "1e-3",
        "schedule.warm_up": "50",
        "trainer.steps": str(size.teacher_steps),
        "trainer.validate_every": str(max(1, size.teacher_steps // 10)),
        "trainer.average": "0.995",
    }
    return named_recipe(f"swinir-teacher{task.suffix}", changes)


def student_recipe(task: Task, size: Size, variant: str, seed: int) -> Recipe:
    """Of a student; without a teacher if no part is on."""
    parts = VARIANTS[variant]
    changes = {
        **data(task),
        "model": "chpnet-tiny",
        **{f"settings.{key}": value for key, value in size.student.items()},
        "settings.first": FIRST,
        "settings.sparse": str(task.scale == 1).lower(),
        "settings.scale": str(task.scale),
        "seed": str(seed),
        "optimiser.learning_rate": task.rate,
        "schedule.warm_up": "30",
        "trainer.steps": str(size.steps),
        "trainer.validate_every": str(max(1, size.steps // 5)),
        "trainer.average": "0.99",
        "distillation.teacher": "",
        "distillation.layers": TAUGHT if parts else "{}",
    }
    for part in PARTS:
        off = "false" if part == "dynamic" else "0"
        changes[f"distillation.{part}"] = WEIGHTS[part] if part in parts else off
    return named_recipe(f"chpnet{task.suffix}-distill", changes)
