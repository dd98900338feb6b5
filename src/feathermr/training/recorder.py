"""What a training notes: rows of metrics, curves, TensorBoard, and lines for people."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import torch
from lightning import Callback, LightningModule, Trainer
from torch import Tensor

from feathermr.core.progress import Progress, silent
from feathermr.recon.compare import StartProgress
from feathermr.training.curves import draw_curves
from feathermr.training.recipe import Recipe
from feathermr.training.run_folder import Row, RunFolder


class Recorder(Callback):
    """Averages the training's losses between rows, and notes every validation.

    Args:
        folder: of the run.
        recipe: how many steps a row averages, and the title of the curves.
        progress: asked for a progress over the steps.
        say: told one line a validation.
    """

    def __init__(
        self,
        folder: RunFolder,
        recipe: Recipe,
        progress: StartProgress,
        say: Callable[[str], None],
    ) -> None:
        self.folder, self.every, self.title = folder, recipe.trainer.log_every, recipe.model
        self.start_progress, self.say = progress, say
        self.progress: Progress = silent
        self.sums: dict[str, float] = {}
        self.count = 0
        self.pending: dict[str, list[Tensor]] = {}
        self.start = time.monotonic()

    def state_dict(self) -> dict[str, Any]:
        """Sums since the last row: a resumed run notes the same rows."""
        self._collect()
        return {"sums": dict(self.sums), "count": self.count}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """The inverse."""
        self.sums, self.count = dict(state_dict["sums"]), int(state_dict["count"])

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Forget rows beyond the checkpoint."""
        if trainer.is_global_zero:
            self.folder.forget_after(trainer.global_step)
            self.progress = self.start_progress("steps")
        self.progress(trainer.global_step, trainer.max_steps)

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Add the losses; write a row when it is time."""
        for name, value in outputs["terms"].items():
            self.pending.setdefault(name, []).append(value)
        step = trainer.global_step
        if step % self.every == 0 or step == trainer.max_steps:
            self._collect()
            names = sorted(self.sums)
            means = torch.tensor(
                [self.sums[name] / self.count for name in names], dtype=torch.float64
            )
            means = self._over_ranks(trainer, means)
            values = dict(zip(names, means.tolist(), strict=True))
            values["learning_rate"] = trainer.optimizers[0].param_groups[0]["lr"]
            self._note(trainer, step, "train", values)
            self.sums, self.count = {}, 0
        self.progress(step, trainer.max_steps)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the rows and draw the curves."""
        step = trainer.global_step
        values = validation_values(trainer)
        self._note(trainer, step, "validation", values)
        if trainer.is_global_zero:
            draw_curves(self.folder, self.title)
            minutes = (time.monotonic() - self.start) / 60
            self.say(
                f"step {step}: loss {values['loss']:.4g}, PSNR {values['psnr']:.2f} dB, "
                f"SSIM {values['ssim']:.4f}, {minutes:.1f} min"
            )

    def _collect(self) -> None:
        """Move what is on the device to the sums, all at once."""
        counts = 0
        for name, values in self.pending.items():
            counts = len(values)
            for value in torch.stack(values).double().tolist():
                self.sums[name] = self.sums.get(name, 0.0) + value
        self.count += counts
        self.pending = {}

    def _note(self, trainer: Trainer, step: int, part: str, values: Mapping[str, float]) -> None:
        if trainer.is_global_zero:
            self.folder.append(Row(step, part, name, value) for name, value in values.items())
        for logger in trainer.loggers:
            named = {f"{part}/{name}": value for name, value in values.items()}
            logger.log_metrics(named, step)

    def _over_ranks(self, trainer: Trainer, values: Tensor) -> Tensor:
        if trainer.world_size == 1:
            return values
        moved = values.float().to(trainer.strategy.root_device)
        mean = trainer.strategy.reduce(moved, reduce_op="mean")
        return torch.as_tensor(mean).cpu()


def validation_values(trainer: Trainer) -> dict[str, float]:
    """The last validation's metrics by name."""
    return {
        name.removeprefix("validation/"): float(value)
        for name, value in trainer.callback_metrics.items()
        if name.startswith("validation/")
    }
