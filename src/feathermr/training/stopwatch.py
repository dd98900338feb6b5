"""How fast a training is, and what its time goes to."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from lightning import Callback, LightningModule, Trainer
from torch import Tensor

from feathermr.training.run_folder import RunFolder

#: parts of a step, in the order in which they follow each other
PARTS = ("waiting", "network", "gradient", "optimiser")


class Stopwatch(Callback):
    """Measures the parts of each step, as the process that trains sees them.

    ``waiting`` for the examples, ``network`` and loss, ``gradient``, and ``optimiser`` with the
    moving average. What a GPU is told to do is not waited for: there the time shows up where the
    process next needs a result. Validations and the first step, which starts the workers, are left
    out.

    Args:
        folder: of the run, which keeps the record.
        say: told one line at the end.
    """

    def __init__(self, folder: RunFolder, say: Callable[[str], None]) -> None:
        self.folder, self.say = folder, say
        self.seconds = dict.fromkeys(PARTS, 0.0)
        self.steps = self.examples = 0
        self.processor = 0.0
        self.mark: tuple[float, float] | None = None

    def _lap(self, part: str) -> None:
        now = time.perf_counter(), time.process_time()
        if self.mark is not None:
            self.seconds[part] += now[0] - self.mark[0]
            self.processor += now[1] - self.mark[1]
            self.mark = now

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """The examples are here."""
        self._lap("waiting")

    def on_before_backward(
        self, trainer: Trainer, pl_module: LightningModule, loss: Tensor
    ) -> None:
        """The loss is known."""
        self._lap("network")

    def on_after_backward(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """The gradient is known."""
        self._lap("gradient")

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """The weights have changed."""
        if self.mark is not None:
            self._lap("optimiser")
            self.steps += 1
            self.examples += int(batch["target"].shape[0]) * trainer.world_size
        self.mark = time.perf_counter(), time.process_time()

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """What follows is the next step."""
        if self.mark is not None:
            self.mark = time.perf_counter(), time.process_time()

    def speed(self) -> Mapping[str, Any]:
        """Examples (slices or films) a second, and seconds of a step by part.

        The processor's seconds are those of this process and its threads, without its workers.
        """
        total = sum(self.seconds.values())
        return {
            "steps": self.steps,
            "examples_per_second": round(self.examples / total, 3),
            "seconds_per_step": {
                part: round(value / self.steps, 5) for part, value in self.seconds.items()
            },
            "processor_seconds_per_step": round(self.processor / self.steps, 5),
        }

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Note it and say it."""
        self._tell(trainer)

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """The same when the training was interrupted."""
        self._tell(trainer)

    def _tell(self, trainer: Trainer) -> None:
        if not self.steps or not trainer.is_global_zero:
            return
        speed = self.speed()
        self.folder.note_speed(speed)
        parts = ", ".join(
            f"{part} {1000 * value:.0f}" for part, value in speed["seconds_per_step"].items()
        )
        self.say(
            f"speed: {speed['examples_per_second']:.3g} examples a second; milliseconds of a step: "
            f"{parts}"
        )
