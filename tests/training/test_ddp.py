"""Two processes train as one with twice the batch."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from feathermr.core.errors import UsageError
from feathermr.training import train as training
from feathermr.training.batches import StepSampler
from feathermr.training.example import Example, Examples, join
from feathermr.training.recipe import Recipe
from feathermr.training.sources import Sources, open_sources
from feathermr.training.train import TrainingRun
from training.small import FIXED_SIZE, trained

TESTS = Path(__file__).resolve().parents[1]


class Pairs:
    """Two examples at a time."""

    def __init__(self, examples: Examples) -> None:
        self.examples = examples

    def __len__(self) -> int:
        return len(self.examples) // 2

    def __getitem__(self, index: int) -> Example:
        return join([self.examples[2 * index], self.examples[2 * index + 1]])


def in_pairs(recipe: Recipe, folder: Path | None) -> Sources:
    found = open_sources(recipe, folder)
    return Sources(Pairs(found.train), found.validation)


def test_ranks_and_resumed_runs_share_no_index_and_leave_none_out() -> None:
    def met(rank: int, start: int) -> list[int]:
        return list(StepSampler(4, lambda: start, rank, 3))

    assert sorted(met(0, 0) + met(1, 0) + met(2, 0)) == list(range(12))
    assert met(1, 2) == met(1, 0)[2:]


def test_too_few_batches_to_validate_with_are_refused_before_anything_is_written(
    tmp_path: Path,
) -> None:
    with pytest.raises(UsageError, match="3 processes share 2 batches"):
        trained(tmp_path / "run", run=TrainingRun(accelerator="cpu", devices=3))
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_two_processes_train_as_one_with_twice_the_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = {**os.environ, "PYTHONPATH": str(TESTS), "OMP_NUM_THREADS": "1"}
    script = TESTS / "training" / "ddp_script.py"
    ran = subprocess.run(
        [sys.executable, str(script), str(tmp_path)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr
    states = [torch.load(tmp_path / f"rank{rank}.pt", weights_only=True) for rank in (0, 1)]
    assert all(torch.equal(value, states[1][name]) for name, value in states[0].items())
    met = [set(json.loads((tmp_path / f"rank{rank}.json").read_text())) for rank in (0, 1)]
    assert met[0] >= {0, 2, 4, 6, 8}
    assert met[1] >= {1, 3, 5, 7, 9}
    assert not met[0] & met[1]

    monkeypatch.setattr(training, "open_sources", in_pairs)
    alone = trained(tmp_path / "alone", FIXED_SIZE)
    weights = torch.load(alone.last, weights_only=True)["state_dict"]
    for name, value in weights.items():
        torch.testing.assert_close(states[0][name], value, atol=2e-5, rtol=1e-4)
