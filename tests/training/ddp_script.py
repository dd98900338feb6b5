"""Train on two processes and leave each one's weights: run by ``test_ddp.py``."""

import json
import sys
from pathlib import Path

import torch
from lightning import Callback, LightningModule, Trainer

from feathermr.training import train as training
from feathermr.training.example import Example
from feathermr.training.simulated import SimulatedExamples
from feathermr.training.train import TrainingRun
from training.small import FIXED_SIZE, silently, small_recipe

OUT = Path(sys.argv[-1])
MET: list[int] = []
make_trainer, example = training.make_trainer, SimulatedExamples.__getitem__


def noted(examples: SimulatedExamples, index: int) -> Example:
    if examples.split == "train":
        MET.append(index)
    return example(examples, index)


class Witness(Callback):
    """Notes what a rank ends with and what it met."""

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        rank = trainer.global_rank
        torch.save(pl_module.state_dict(), OUT / f"rank{rank}.pt")
        (OUT / f"rank{rank}.json").write_text(json.dumps(MET))


def with_witness(*arguments: object) -> Trainer:
    trainer = make_trainer(*arguments)  # type: ignore[arg-type]
    trainer.callbacks.append(Witness())
    return trainer


if __name__ == "__main__":
    torch.set_num_threads(1)
    training.make_trainer = with_witness
    SimulatedExamples.__getitem__ = noted  # type: ignore[method-assign]
    run = TrainingRun(accelerator="cpu", devices=2)
    training.train(small_recipe(FIXED_SIZE), OUT / "run", run, say=silently)
