"""Examples by the number of the step: which rank meets which, and from where a resumed run goes on.

Step ``s`` of rank ``r`` of ``w`` meets the example at index ``s w + r``. Nothing else decides, so
ranks and workers never share an index, and a run resumed at any step goes on as if it had not
been interrupted.
"""

import signal
from collections.abc import Callable, Iterator, Mapping
from typing import Any, final

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from feathermr.operators import KERNELS
from feathermr.training.continuous import ContinuousExample
from feathermr.training.example import Example, Examples, LowResolution, Posed

#: an example as a mapping: what a trainer can move between devices
Batch = Mapping[str, Tensor]
#: batches that a worker makes before they are asked for, so that one that takes long delays nothing
AHEAD = 4


def to_batch(example: Posed) -> Batch:
    """The tensors of an example by name.

    Raises:
        TypeError: a kind of example that this does not know.
    """
    match example:
        case Example():
            known = {} if example.starts is None else {"starts": example.starts}
            return {
                "kspace": example.kspace,
                "mask": example.mask,
                "coil_maps": example.coil_maps,
                "target": example.target,
                **known,
            }
        case ContinuousExample():
            return {
                **to_batch(example.acquired),
                "times": example.times,
                "cyclic": torch.tensor(example.cyclic),
            }
        case LowResolution():
            return {
                "low": example.low,
                "target": example.target,
                "scale": torch.tensor(example.scale),
                "kernel": torch.tensor(KERNELS.index(example.kernel)),
            }
        case _:
            raise TypeError(type(example).__name__)


def to_example(batch: Batch) -> Posed:
    """The inverse of `to_batch`."""
    if "low" in batch:
        kernel = KERNELS[int(batch["kernel"])]
        return LowResolution(batch["low"], batch["target"], int(batch["scale"]), kernel)
    starts = batch.get("starts")
    example = Example(batch["kspace"], batch["mask"], batch["coil_maps"], batch["target"], starts)
    if "times" in batch:
        return ContinuousExample(example, batch["times"], bool(batch["cyclic"]))
    return example


@final
class StepSampler:
    """The indices that a rank meets, from the step on that the training has reached.

    Args:
        steps: of the whole training, those before a resumption counted.
        reached: asked when the iteration begins: the step to go on from.
        rank: of this process.
        ranks: number of processes.
    """

    def __init__(self, steps: int, reached: Callable[[], int], rank: int, ranks: int) -> None:
        self.steps, self.reached, self.rank, self.ranks = steps, reached, rank, ranks

    def __len__(self) -> int:
        """Steps in all, also when the iteration begins later: that is how steps are counted."""
        return self.steps

    def __iter__(self) -> Iterator[int]:
        for step in range(self.reached(), self.steps):
            yield step * self.ranks + self.rank


class ResumableLoader(DataLoader[Batch]):
    """A loader whose place is that of the training: it has no state of its own to store."""

    def state_dict(self) -> dict[str, Any]:
        """Nothing."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Nothing to do."""


@final
class Batches(Dataset[Batch]):
    """Examples as batches.

    Args:
        examples: by index.
    """

    def __init__(self, examples: Examples) -> None:
        self.examples = examples

    def __len__(self) -> int:
        """Number of batches."""
        return len(self.examples)

    def __getitem__(self, index: int) -> Batch:
        """The batch at ``index``."""
        return to_batch(self.examples[index])


def leave_signals_to_the_trainer(worker: int) -> None:
    """Ctrl-C reaches all processes of a terminal; the trainer ends its workers when it is ready."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def as_it_is(batch: Any) -> Any:
    """Examples come as ready batches."""
    return batch


def training_loader(examples: Examples, sampler: StepSampler, workers: int) -> ResumableLoader:
    """Batches in the sampler's order, `AHEAD` for each worker."""
    return ResumableLoader(
        Batches(examples),
        batch_size=None,
        sampler=sampler,
        num_workers=workers,
        collate_fn=as_it_is,
        worker_init_fn=leave_signals_to_the_trainer,
        persistent_workers=workers > 0,
        prefetch_factor=AHEAD if workers else None,
    )


def validation_loader(examples: Examples, workers: int, rank: int, ranks: int) -> DataLoader[Batch]:
    """Every ``ranks``-th batch, from ``rank`` on."""
    return DataLoader(
        Batches(examples),
        batch_size=None,
        sampler=range(rank, len(examples), ranks),
        num_workers=workers,
        collate_fn=as_it_is,
        worker_init_fn=leave_signals_to_the_trainer,
    )
