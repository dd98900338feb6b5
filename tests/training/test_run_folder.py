"""The folder of a run: the table of metrics, and what may be resumed."""

import csv
import errno
import json
from pathlib import Path

import pytest
import torch

from feathermr.core.errors import DataError, UsageError
from feathermr.models.weights import load_weights
from feathermr.training.run_folder import Row, RunFolder, series
from feathermr.training.train import AtomicCheckpoints
from training.small import small_recipe, trained

ROWS = [Row(step, "train", "loss", 1 / step) for step in range(1, 6)]


def test_rows_come_back_and_those_beyond_a_step_are_forgotten(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    assert folder.rows() == []
    folder.append(ROWS[:2])
    folder.append(ROWS[2:])
    folder.forget_after(3)
    assert series(folder.rows(), "train", "loss") == pytest.approx({1: 1, 2: 1 / 2, 3: 1 / 3})
    with folder.metrics.open(newline="") as file:
        assert next(csv.reader(file)) == ["step", "part", "name", "value"]


def test_a_last_line_that_was_cut_off_is_left_out(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.append(ROWS)
    folder.metrics.write_text(folder.metrics.read_text()[:-12])
    assert [row.step for row in folder.rows()] == [1, 2, 3, 4]


def test_only_the_same_recipe_is_resumed_but_it_may_last_longer(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    folder.begin(small_recipe(), "feathermr train")
    folder.go_on(small_recipe({"trainer.steps": "99"}), "feathermr train --resume")
    assert len(json.loads(folder.environment.read_text())["runs"]) == 2
    with pytest.raises(UsageError, match=r"has settings.width = 4, not 8"):
        folder.go_on(small_recipe({"settings.width": "8", "trainer.steps": "99"}), "")
    with pytest.raises(UsageError, match="holds something already"):
        folder.begin(small_recipe(), "")


def test_a_checkpoint_that_cannot_be_written_leaves_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "last.ckpt"
    files = AtomicCheckpoints()
    files.save_checkpoint({"step": torch.tensor(1)}, path)

    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(DataError, match=r"cannot write .*No space left"):
        files.save_checkpoint({"step": torch.tensor(2)}, path)
    assert files.load_checkpoint(path) == {"step": 1}
    assert list(tmp_path.iterdir()) == [path]


def test_a_broken_checkpoint_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "last.ckpt").write_bytes(b"nonsense")
    with pytest.raises(DataError, match="is not a checkpoint"):
        AtomicCheckpoints().load_checkpoint(tmp_path / "last.ckpt")


def test_a_run_leaves_all_that_is_needed_to_judge_and_repeat_it(tmp_path: Path) -> None:
    folder = trained(tmp_path / "run", curves=True)
    assert folder.curves.read_bytes().startswith(b"\x89PNG")
    found = load_weights(folder.path)
    assert (found.name, found.card["recipe"]["seed"]) == ("unet", 0)
    assert found.card["trained_on"].startswith("simulated scans only")
    best = torch.load(folder.best, weights_only=True)
    prefix = "averaged.model."
    averaged = {
        name.removeprefix(prefix): value
        for name, value in best["state_dict"].items()
        if name.startswith(prefix)
    }
    assert found.card["step"] == best["global_step"]
    state = found.network.state_dict()
    assert averaged.keys() == state.keys()
    assert all(torch.equal(value, averaged[name]) for name, value in state.items())
    rows = folder.rows()
    assert list(series(rows, "train", "loss")) == [3, 6, 8]
    for name in ("loss", "psnr", "ssim", "nmse"):
        assert list(series(rows, "validation", name)) == [4, 8]
    assert list((folder.path / "tensorboard").glob("events.*"))
