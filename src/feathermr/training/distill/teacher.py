"""Where the teacher of a distillation comes from, and where a corrected one is kept."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from torch import nn

from feathermr.core.errors import UsageError
from feathermr.models.weights import read_card, save_weights
from feathermr.training.keeper import TrainingInterruptedError
from feathermr.training.recipe import Recipe, named_recipe
from feathermr.training.run_folder import RunFolder


def teacher_recipe(recipe: Recipe) -> Recipe:
    """That of the teacher: on the student's data and seed, without a teacher of its own."""
    parts = recipe.distillation
    own = named_recipe(parts.teacher)
    steps = parts.teacher_steps or own.trainer.steps
    trainer = replace(own.trainer, steps=steps)
    if steps < own.trainer.validate_every:
        trainer = replace(trainer, validate_every=steps)
    settings = {**own.settings, **parts.teacher_settings}
    return replace(own, settings=settings, data=recipe.data, seed=recipe.seed, trainer=trainer)


def trained_teacher(
    recipe: Recipe,
    folder: RunFolder,
    given: Path | None,
    train_first: Callable[[Recipe, Path], RunFolder],
) -> Path | None:
    """The file of the teacher's weights; none for a training without teacher.

    Args:
        recipe: of the student.
        folder: of its run; a teacher that has to be trained first gets the folder ``teacher`` in
            it, and is trained on when that was interrupted.
        given: weights or run folder of a teacher that is trained already.
        train_first: trains by a recipe into a folder.

    Raises:
        UsageError: the file or folder that was given is not there.
        TrainingInterruptedError: the time was over before the teacher had all its steps.
    """
    if given is not None:
        if not given.exists():
            raise UsageError(f"there is no teacher {given}; give a training run or its weights")
        return RunFolder(given).weights if given.is_dir() else given
    if not recipe.distillation.teacher:
        return None
    own = teacher_recipe(recipe)
    place = RunFolder(folder.path / "teacher")
    if _steps(place) < own.trainer.steps:
        train_first(own, place.path)
    if _steps(place) < own.trainer.steps and not own.trainer.patience:
        raise TrainingInterruptedError(
            f"the time was over after step {_steps(place)} of {own.trainer.steps} of the teacher; "
            "the same command with --resume goes on from there"
        )
    return place.weights


def export_teacher(teacher: nn.Module, file: Path, corrected: Path) -> Path:
    """Write the corrected teacher beside its student.

    Args:
        teacher: after the training.
        file: with its weights before, and their card.
        corrected: to be written.
    """
    before = read_card(file)
    card = {**before["card"], "corrected": "while it taught; see the student's recipe"}
    state = teacher.state_dict()
    return save_weights(corrected, state, str(before["model"]), before["settings"], card)


def _steps(folder: RunFolder) -> int:
    """Steps of a training until its last validation; 0 before it."""
    return max((row.step for row in folder.rows() if row.part == "validation"), default=0)
