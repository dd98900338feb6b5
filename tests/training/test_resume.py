"""A training that was cut off and resumed is the one that was not."""

import os
import signal
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from feathermr.core.errors import UsageError
from feathermr.core.progress import Progress
from feathermr.training.keeper import TrainingInterruptedError
from feathermr.training.run_folder import RunFolder
from feathermr.training.train import TrainingRun
from training.small import trained

DROPOUT = {"settings.dropout": "0.1"}


class PowerCutError(Exception):
    """Nothing can be saved any more."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return trained(tmp_path_factory.mktemp("whole") / "run", DROPOUT)


def begin(out: Path, progress: Progress) -> None:
    trained(out, DROPOUT, progress=progress)


def go_on(out: Path) -> RunFolder:
    return trained(out, DROPOUT, resume=True)


def assert_same(one: RunFolder, other: RunFolder) -> None:
    for a, b in ((one.last, other.last), (one.best, other.best)):
        states = [torch.load(path, weights_only=True) for path in (a, b)]
        assert states[0]["global_step"] == states[1]["global_step"]
        for part in ("state_dict", "optimizer_states", "lr_schedulers", "callbacks"):
            assert repr(states[0][part]) == repr(states[1][part])
        for name, value in states[0]["state_dict"].items():
            assert torch.equal(value, states[1]["state_dict"][name]), name
    weights = [load_file(folder.weights) for folder in (one, other)]
    assert all(torch.equal(value, weights[1][name]) for name, value in weights[0].items())
    assert one.metrics.read_text() == other.metrics.read_text()


@pytest.mark.parametrize("step", [5, 7])
def test_a_run_cut_off_at_any_step_goes_on_bit_for_bit(
    whole: RunFolder, tmp_path: Path, step: int
) -> None:
    def power_cut(done: int, total: int) -> None:
        if done == step:
            raise PowerCutError

    with pytest.raises(PowerCutError):
        begin(tmp_path / "run", power_cut)
    assert_same(whole, go_on(tmp_path / "run"))
    assert_same(whole, go_on(tmp_path / "run"))  # a finished run stays as it is


@pytest.mark.parametrize(("step", "number"), [(4, signal.SIGINT), (5, signal.SIGTERM)])
def test_an_interrupted_run_saves_the_step_it_is_at_and_goes_on_bit_for_bit(
    whole: RunFolder, tmp_path: Path, step: int, number: signal.Signals
) -> None:
    def interrupt(done: int, total: int) -> None:
        if done == step:
            os.kill(os.getpid(), number)

    handlers = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with pytest.raises(TrainingInterruptedError, match=f"after step {step} of 8.*--resume"):
        begin(tmp_path / "run", interrupt)
    assert handlers == (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM))
    saved = torch.load(RunFolder(tmp_path / "run").last, weights_only=True)
    assert saved["global_step"] == step
    assert_same(whole, go_on(tmp_path / "run"))


def test_a_folder_that_holds_something_is_not_written_to(whole: RunFolder) -> None:
    before = sorted(path.stat().st_mtime_ns for path in whole.path.rglob("*"))
    with pytest.raises(UsageError, match="--resume"):
        trained(whole.path)
    assert sorted(path.stat().st_mtime_ns for path in whole.path.rglob("*")) == before


def test_workers_make_the_same_examples(whole: RunFolder, tmp_path: Path) -> None:
    run = TrainingRun(accelerator="cpu", workers=2)
    assert_same(whole, trained(tmp_path / "run", DROPOUT, run))
