"""A training with a cache: the same whoever draws, resumed bit for bit, with starts kept."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from feathermr.core.errors import DataError
from feathermr.models.table import build
from feathermr.training.batches import to_batch
from feathermr.training.cache.started import WithStarts
from feathermr.training.distill.module import Distillation
from feathermr.training.example import Example
from feathermr.training.losses import make_loss
from feathermr.training.module import Training
from feathermr.training.run_folder import RunFolder
from feathermr.training.simulated import SimulatedExamples
from feathermr.training.train import TrainingRun
from training.small import TEXT, small_recipe, trained
from training.started_network import STARTED, Tiny, tiny_network
from training.test_resume import PowerCutError, assert_same

CACHE = {"data.cache.reuse": "2", "data.cache.window": "3", "data.cache.first": "2"}


@pytest.fixture(scope="module", autouse=True)
def network() -> Iterator[None]:
    with tiny_network():
        yield


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return trained(tmp_path_factory.mktemp("whole") / "run", CACHE, text=STARTED)


def examples_of(folder: RunFolder, part: str = "train") -> list[int]:
    return sorted(int(one.stem) for one in folder.examples.glob(f"*/{part}*/*.safetensors"))


def test_a_run_cut_off_goes_on_bit_for_bit_with_and_without_its_files(
    whole: RunFolder, tmp_path: Path
) -> None:
    def power_cut(done: int, total: int) -> None:
        if done == 5:
            raise PowerCutError

    for name in ("kept", "lost"):
        with pytest.raises(PowerCutError):
            trained(tmp_path / name, CACHE, text=STARTED, progress=power_cut)
        folder = RunFolder(tmp_path / name)
        if name == "lost":
            for file in folder.examples.glob("*/*/*"):
                file.unlink()
        assert_same(whole, trained(folder.path, CACHE, text=STARTED, resume=True))


def test_workers_draw_and_the_run_is_the_same(whole: RunFolder, tmp_path: Path) -> None:
    run = TrainingRun(accelerator="cpu", workers=2, cache=tmp_path / "cache")
    folder = trained(tmp_path / "run", CACHE, run, text=STARTED)
    assert_same(whole, folder)
    assert not folder.examples.exists()
    assert list((tmp_path / "cache").glob("*/train/*.safetensors"))


def test_another_run_draws_nothing_that_is_there(whole: RunFolder, tmp_path: Path) -> None:
    run = TrainingRun(accelerator="cpu", cache=whole.examples)
    before = Tiny.computed
    assert_same(whole, trained(tmp_path / "run", CACHE, run, text=STARTED))
    assert Tiny.computed == before + 1  # the check of one of them


def test_another_network_that_begins_alike_draws_nothing_and_one_that_does_not_draws_all(
    whole: RunFolder, tmp_path: Path
) -> None:
    run = TrainingRun(accelerator="cpu", cache=tmp_path / "cache")
    shutil.copytree(whole.examples, tmp_path / "cache")
    before = Tiny.computed
    trained(tmp_path / "wide", {**CACHE, "settings.scale": "2"}, run, text=STARTED)
    assert Tiny.computed == before + 1  # the check of one of them
    assert len(list((tmp_path / "cache").iterdir())) == 1
    trained(tmp_path / "other", {**CACHE, "settings.start": "other"}, run, text=STARTED)
    assert len(list((tmp_path / "cache").iterdir())) == 2
    assert Tiny.computed == before + 1 + len(list((tmp_path / "cache").glob("*/*/*"))) // 2


def test_starts_are_computed_once_an_example(tmp_path: Path) -> None:
    before = Tiny.computed
    folder = trained(tmp_path / "run", CACHE, text=STARTED)
    drawn = len(examples_of(folder)) + len(examples_of(folder, "validation"))
    assert examples_of(folder, "validation") == [0, 1]
    assert Tiny.computed - before == drawn


def test_a_step_begins_from_the_starts_that_the_example_brings() -> None:
    recipe = small_recipe(text=STARTED)
    model = build(recipe.model, recipe.settings)
    assert isinstance(model, Tiny)
    example = WithStarts(SimulatedExamples(recipe.data.simulated, 0), model)[1]
    batch = to_batch(example)
    module = Training(model, make_loss("l1"), recipe)
    before = Tiny.computed
    for earlier in (0.0, 0.5):
        given = module._compare(model, batch, earlier)[0]
        doubled = module._compare(model, {**batch, "starts": 2 * batch["starts"]}, earlier)[0]
        torch.testing.assert_close(doubled, 2 * given)
    assert Tiny.computed == before
    left_out = {key: value for key, value in batch.items() if key != "starts"}
    torch.testing.assert_close(module._compare(model, left_out)[0], given)


def test_a_teacher_does_not_begin_from_the_starts_of_its_student() -> None:
    recipe = small_recipe(text=STARTED)
    student, teacher = (build(recipe.model, recipe.settings, seed) for seed in (0, 1))
    assert isinstance(student, Tiny)
    example = WithStarts(SimulatedExamples(recipe.data.simulated, 0), student)[1]
    assert isinstance(example, Example)
    module = Distillation(student, teacher, make_loss("l1"), recipe, example)
    expected = teacher(example.kspace, example.encoding)
    assert example.starts is not None
    doubled = replace(example, starts=2 * example.starts)
    torch.testing.assert_close(module._taught(doubled), expected)


def test_a_cache_of_another_simulator_is_refused_and_the_run_is_not_begun(
    whole: RunFolder, tmp_path: Path
) -> None:
    for file in whole.examples.glob("*/train/*.safetensors"):
        target = tmp_path / "cache" / file.relative_to(whole.examples)
        target.parent.mkdir(parents=True, exist_ok=True)
        other = next(iter(sorted(file.parent.iterdir())))
        target.write_bytes(other.read_bytes())
    run = TrainingRun(accelerator="cpu", cache=tmp_path / "cache")
    with pytest.raises(DataError, match="another version"):
        trained(tmp_path / "run", CACHE, run, text=STARTED)
    assert not (tmp_path / "run").exists()


def test_any_network_is_trained_with_a_cache(tmp_path: Path) -> None:
    folder = trained(tmp_path / "run", CACHE, text=TEXT)
    assert folder.weights.exists()
    assert examples_of(folder)
    assert not torch.load(folder.last, weights_only=True)["state_dict"].keys() & {"starts"}
