"""Train a model by a recipe into a folder."""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.plugins.io import TorchCheckpointIO
from torch import nn

from feathermr.core.atomic import written_file
from feathermr.core.errors import DataError, UsageError
from feathermr.core.progress import Progress
from feathermr.models.table import build
from feathermr.models.weights import Trained, load_weights
from feathermr.recon.compare import StartProgress, no_progress
from feathermr.training.batches import StepSampler, training_loader, validation_loader
from feathermr.training.cache.keeping import kept
from feathermr.training.distill.module import Distillation
from feathermr.training.distill.teacher import export_teacher, trained_teacher
from feathermr.training.example import Examples
from feathermr.training.film_pictures import sentence, show_films
from feathermr.training.keeper import Keeper, TrainingInterruptedError
from feathermr.training.kernels import keep_kernels
from feathermr.training.losses import Loss, make_loss
from feathermr.training.module import Training
from feathermr.training.origin import with_origin
from feathermr.training.recipe import Recipe
from feathermr.training.recorder import Recorder
from feathermr.training.run_folder import RunFolder
from feathermr.training.sources import Sources, as_trained, open_sources
from feathermr.training.stopwatch import Stopwatch


@dataclass(frozen=True)
class TrainingRun:
    """How a training is run here; none of it changes what is trained, but the number of ranks.

    Attributes:
        data: folder of the data, for recipes that need one.
        workers: processes that make examples beside the training; 0 for none.
        devices: processes of the training on this machine.
        nodes: machines.
        accelerator: ``cpu``, ``gpu`` or ``auto``.
        minutes: until it ends by itself; none for any.
        teacher: weights of a trained network, or the folder of its run, to distil from.
        start: weights to start from, by the name of a network that ships, or a file or the folder
            of a run; none for random ones. Optimiser and schedule begin anew.
        cache: folder of the examples that are kept, where the recipe keeps any; none for one in the
            run's folder.
        command: that was typed, for the record.
    """

    data: Path | None = None
    workers: int = 0
    devices: int = 1
    nodes: int = 1
    accelerator: str = "auto"
    minutes: float | None = None
    teacher: Path | None = None
    start: str | None = None
    cache: Path | None = None
    command: str = ""


class AtomicCheckpoints(TorchCheckpointIO):
    """Checkpoints that are complete or not there, and hold nothing but plain values."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None
    ) -> None:
        """Write beside, then rename."""
        with written_file(Path(path)) as beside:
            try:
                torch.save(checkpoint, beside)
            except RuntimeError as error:  # what torch makes of a full disk
                raise OSError(f"the disk is full or not there ({error})") from error

    def load_checkpoint(
        self, path: Any, map_location: Any = "cpu", weights_only: bool | None = True
    ) -> dict[str, Any]:
        """Read it; nothing is unpickled."""
        try:
            loaded: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        except Exception as error:
            raise DataError(f"{path} is not a checkpoint of this program: {error}") from None
        return loaded


def train(
    recipe: Recipe,
    out: Path,
    run: TrainingRun,
    *,
    resume: bool = False,
    progress: StartProgress = no_progress,
    say: Callable[[str], None] = print,
) -> RunFolder:
    """Train, and write a folder with weights, metrics, curves and checkpoints.

    A training on films ends with those that it kept apart: their scores, pictures and animations.
    A distillation whose teacher is not given begins by training one.

    Args:
        recipe: what is trained.
        out: the folder; new or empty, or of an earlier run that is resumed.
        run: where and how long.
        resume: go on from the last checkpoint in the folder; begin when there is none.
        progress: asked for a progress over the steps.
        say: told what a person wants to know.

    Raises:
        UsageError: the folder is not empty, or data or devices do not fit.
        TrainingInterruptedError: by Ctrl-C or a signal, or when the time is over before a teacher
            is ready; the training can be resumed.
    """
    keep_kernels()
    folder = RunFolder(out)
    found = open_sources(recipe, run.data)
    recipe = as_trained(recipe, run.data)
    recipe, start = with_origin(recipe, run.start, folder, resume=resume)
    loss = make_loss(recipe.loss.name, recipe.loss.settings)
    keeper = Keeper(folder, recipe, run.minutes)
    callbacks = [Recorder(folder, recipe, progress, say), Stopwatch(folder, say), keeper]
    with quiet(), torch.random.fork_rng(devices=[]):
        trainer = make_trainer(recipe, run, folder, callbacks)
        place = run.cache or folder.examples
        loaders = make_loaders(trainer, recipe, run, kept(found, recipe, run.data, place))
        notes = [note for note in (loss.note, *found.notes) if note]
        taught_first = bool(recipe.distillation.teacher) and run.teacher is None
        if taught_first and trainer.is_global_zero:
            _begin(folder, recipe, run, notes, say, resume=resume)
        source = _teacher(recipe, folder, run, progress, say)
        module = _module(recipe, loss, source, found, start)
        if trainer.is_global_zero:
            if not taught_first:
                _begin(folder, recipe, run, notes, say, resume=resume)
            say(_what(module.model, recipe, run))
        checkpoint = str(folder.last) if resume and folder.last.exists() else None
        try:
            trainer.fit(module, *loaders, ckpt_path=checkpoint)
        except TrainingInterruptedError:
            if trainer.is_global_zero:
                raise
            sys.exit(1)  # the first of the processes says so
    if trainer.is_global_zero:
        if found.test is not None:
            device = trainer.strategy.root_device
            say(_shown(folder, found.test, device, progress("films")))
        if isinstance(module, Distillation) and source and recipe.distillation.correction:
            export_teacher(module.teacher, source, folder.teacher)
            say(f"corrected teacher: {folder.teacher}")
        say(f"weights: {folder.weights}\ncurves: {folder.curves}")
        say(f"to use them: feathermr reconstruct scan.h5 -m {folder.path}")
    return folder


def _module(
    recipe: Recipe, loss: Loss, teacher: Path | None, found: Sources, start: Trained | None
) -> Training:
    """A training, or a distillation from a teacher."""
    model = build(recipe.model, recipe.settings, recipe.seed)
    if start is not None:
        model.load_state_dict(start.network.state_dict())
    if teacher is None:
        return Training(model, loss, recipe)
    return Distillation(model, load_weights(teacher).network, loss, recipe, found.validation[0])


def _what(model: nn.Module, recipe: Recipe, run: TrainingRun) -> str:
    """A sentence on what is trained."""
    size = sum(one.numel() for one in model.parameters())
    start = f", from {run.start}" if run.start else ""
    return f"training {recipe.model}, {size:,} parameters, {recipe.trainer.steps:,} steps{start}"


def _shown(folder: RunFolder, test: Examples, device: torch.device, progress: Progress) -> str:
    """A sentence on the films that were kept apart; they are in the folder then."""
    best = load_weights(folder.weights).network
    summary = show_films(folder.path, best, test, device, progress)
    return f"films that were kept apart: {sentence(summary)}"


def _begin(
    folder: RunFolder,
    recipe: Recipe,
    run: TrainingRun,
    notes: list[str],
    say: Callable[[str], None],
    *,
    resume: bool,
) -> None:
    """Write what is known before the first step, and say what a user has to read."""
    begin = folder.go_on if resume and folder.recipe.exists() else folder.begin
    begin(recipe, run.command)
    for note in notes:
        say(f"note: {note}")


def _teacher(
    recipe: Recipe,
    folder: RunFolder,
    run: TrainingRun,
    progress: StartProgress,
    say: Callable[[str], None],
) -> Path | None:
    """The teacher's weights, which may have to be trained first; none without a teacher."""

    def train_first(own: Recipe, place: Path) -> RunFolder:
        if run.devices * run.nodes > 1:
            raise UsageError(
                "several processes train no teacher first; train it by itself, then give it with "
                "--teacher"
            )
        say(f"the teacher is trained first, in {place}")
        own_run = replace(run, teacher=None, start=None)
        return train(own, place, own_run, resume=True, progress=progress, say=say)

    return trained_teacher(recipe, folder, run.teacher, train_first)


def make_loaders(
    trainer: lightning.Trainer,
    recipe: Recipe,
    run: TrainingRun,
    found: Sources,
) -> tuple[Any, Any]:
    """The loaders of training and validation, for this rank.

    Raises:
        UsageError: a rank has nothing to validate with.
    """
    place = trainer.global_rank, trainer.world_size
    if len(found.validation) < trainer.world_size:
        raise UsageError(
            f"{trainer.world_size} processes share {len(found.validation)} batches to validate "
            "with; set data.validation to at least as many"
        )
    sampler = StepSampler(recipe.trainer.steps, lambda: trainer.global_step, *place)
    return (
        training_loader(found.train, sampler, run.workers),
        validation_loader(found.validation, min(run.workers, 1), *place),
    )


def make_trainer(
    recipe: Recipe, run: TrainingRun, folder: RunFolder, callbacks: list[lightning.Callback]
) -> lightning.Trainer:
    """Lightning's trainer for a recipe.

    Raises:
        UsageError: a device or precision that is not here.
    """
    settings, accelerator = recipe.trainer, run.accelerator
    if accelerator == "auto":
        accelerator = "gpu" if torch.cuda.is_available() else "cpu"
    try:
        return lightning.Trainer(
            default_root_dir=folder.path,
            accelerator=accelerator,
            devices=run.devices,
            num_nodes=run.nodes,
            strategy="ddp" if run.devices * run.nodes > 1 else "auto",
            precision=settings.precision,
            max_steps=settings.steps,
            max_epochs=-1,
            val_check_interval=settings.validate_every,
            check_val_every_n_epoch=None,
            num_sanity_val_steps=0,
            gradient_clip_val=recipe.optimiser.clip or None,
            use_distributed_sampler=False,
            logger=TensorBoardLogger(folder.path, name="tensorboard", version=""),
            callbacks=callbacks,
            plugins=[AtomicCheckpoints()],
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
    except (
        lightning.fabric.utilities.exceptions.MisconfigurationException,
        ValueError,
        RuntimeError,
    ) as error:
        raise UsageError(f"the training cannot run like this: {error}") from None


@contextmanager
def quiet() -> Iterator[None]:
    """Without the trainer's remarks on itself."""
    loggers = [logging.getLogger(name) for name in ("lightning.pytorch", "lightning.fabric")]
    levels = [one.level for one in loggers]
    for one in loggers:
        one.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"lightning\..*")
            yield
    finally:
        for one, level in zip(loggers, levels, strict=True):
            one.setLevel(level)
