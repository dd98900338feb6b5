"""What a training keeps and when it stops: checkpoints, best weights, time, interruption."""

import math
import signal
import threading
import time
from types import FrameType
from typing import Any, NoReturn

import torch
from lightning import Callback, LightningModule, Trainer

from feathermr.core.errors import DataError, FeatherError
from feathermr.training.ema import AveragedModel
from feathermr.training.export import export_weights
from feathermr.training.recipe import MONITORS, Recipe
from feathermr.training.recorder import validation_values
from feathermr.training.run_folder import RunFolder

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class TrainingInterruptedError(FeatherError):
    """A training was asked to end; its checkpoint is complete."""


class Keeper(Callback):
    """Saves the training at steps, after minutes, at validations and when it is interrupted.

    An interruption (Ctrl-C, or the signal by which schedulers end a job) is obeyed between two
    steps, so that the checkpoint is exact; a second Ctrl-C ends at once.

    Args:
        folder: of the run.
        recipe: when to save, and what is the best.
        minutes: of this run, until it is validated, saved and ended; none for any.
    """

    def __init__(self, folder: RunFolder, recipe: Recipe, minutes: float | None) -> None:
        self.folder, self.whole, self.recipe = folder, recipe, recipe.trainer
        self.limit = math.inf if minutes is None else 60 * minutes
        self.start = self.saved = time.monotonic()
        self.best: float | None = None
        self.stale = 0
        self.interrupted = False
        self.handlers: dict[signal.Signals, Any] = {}

    def state_dict(self) -> dict[str, Any]:
        """The best so far, and for how many validations."""
        return {"best": self.best, "stale": self.stale}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """The inverse."""
        self.best, self.stale = state_dict["best"], int(state_dict["stale"])

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Listen to interruptions."""
        self.saved = time.monotonic()
        if threading.current_thread() is threading.main_thread():
            self.handlers = {one: signal.signal(one, self._interrupt) for one in SIGNALS}

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Leave interruptions to whom they belonged."""
        self._stop_listening()

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """The same when the training failed."""
        self._stop_listening()

    def _stop_listening(self) -> None:
        for one, handler in self.handlers.items():
            signal.signal(one, signal.SIG_DFL if handler is None else handler)
        self.handlers = {}

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        if self.interrupted:
            raise KeyboardInterrupt
        self.interrupted = True

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Save or stop if it is time; a step that is validated is saved afterwards."""
        step, now = trainer.global_step, time.monotonic()
        over, late, interrupted = self._on_any_rank(
            trainer,
            now - self.start > self.limit,
            now - self.saved > 60 * self.recipe.checkpoint_minutes,
            self.interrupted,
        )
        if over or step >= trainer.max_steps:
            trainer.should_stop = True  # after one more validation
        validated = trainer.should_stop or step % self.recipe.validate_every == 0
        due = late or step % self.recipe.checkpoint_every == 0
        if validated:
            return  # it is saved when it has been judged
        if interrupted or due:
            self._save(trainer, pl_module)
        if interrupted:
            self._leave(trainer)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Keep the best, save, and stop when nothing gets better."""
        values = validation_values(trainer)
        value, patience = values[self.recipe.monitor], self.recipe.patience
        better = self.best is None or (
            value > self.best if MONITORS[self.recipe.monitor] else value < self.best
        )
        self.best, self.stale = (value, 0) if better else (self.best, self.stale + 1)
        self._save(trainer, pl_module)
        if better:
            trainer.save_checkpoint(self.folder.best)
        averaged = pl_module.averaged
        if better and trainer.is_global_zero and isinstance(averaged, AveragedModel):
            export_weights(averaged, self.whole, trainer.global_step, values, self.folder.weights)
        if patience and self.stale >= patience:
            trainer.should_stop = True
        if self._on_any_rank(trainer, self.interrupted)[0] and not trainer.should_stop:
            self._leave(trainer)

    @staticmethod
    def _leave(trainer: Trainer) -> NoReturn:
        raise TrainingInterruptedError(
            f"interrupted after step {trainer.global_step} of {trainer.max_steps}; the same "
            "command with --resume goes on from there"
        )

    def _save(self, trainer: Trainer, module: LightningModule) -> None:
        """The last checkpoint; never one of a training that has gone wrong."""
        if not all(bool(torch.isfinite(one).all()) for one in module.parameters()):
            raise DataError(
                f"the weights are no longer finite after step {trainer.global_step}; the last "
                "checkpoint is from before: start anew with a smaller optimiser.learning_rate"
            )
        trainer.save_checkpoint(self.folder.last)
        self.saved = time.monotonic()

    @staticmethod
    def _on_any_rank(trainer: Trainer, *here: bool) -> list[bool]:
        """Whether each holds on any rank; all ranks decide alike."""
        if trainer.world_size == 1:
            return list(here)
        flags = torch.tensor(here, dtype=torch.float32, device=trainer.strategy.root_device)
        return [bool(flag) for flag in trainer.strategy.reduce(flags, reduce_op="max")]
