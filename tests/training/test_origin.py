"""A training that starts from weights, and what is refused."""

import json
from pathlib import Path

import pytest
import torch

from feathermr.core.errors import DataError, UsageError
from feathermr.models.weights import SHIPPED, load_weights, save_weights
from feathermr.training.origin import origin
from feathermr.training.recipe import load_recipe, named_recipe
from feathermr.training.run_folder import RunFolder
from feathermr.training.train import TrainingRun
from training.small import small_recipe, trained
from training.test_resume import PowerCutError, assert_same

STILL = {"optimiser.learning_rate": "1e-12"}


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return trained(tmp_path_factory.mktemp("first") / "run")


def start_from(given: object) -> TrainingRun:
    return TrainingRun(accelerator="cpu", start=str(given))


def test_it_starts_from_the_weights_with_a_new_schedule(first: RunFolder, tmp_path: Path) -> None:
    for given in (first.path, first.weights):
        folder = trained(tmp_path / given.name, STILL, start_from(given))
        weights, before = (load_weights(one.weights) for one in (folder, first))
        for name, value in before.network.state_dict().items():
            torch.testing.assert_close(weights.network.state_dict()[name], value)
        assert load_recipe(folder.recipe).origin == before.sha256
        assert weights.card["recipe"]["origin"] == before.sha256
        saved = torch.load(folder.last, weights_only=True)
        assert saved["global_step"] == 8  # new steps, and a new optimiser
        assert saved["optimizer_states"][0]["state"][0]["step"] == 8
    assert load_recipe(first.recipe).origin == ""


def test_weights_that_ship_go_by_their_name() -> None:
    for name in ("kronecker-unet", "kronecker-cascade"):
        recipe = named_recipe(name)
        found = origin(name, recipe)
        assert found.sha256 == load_weights(SHIPPED[name]).sha256


def test_a_resumed_run_keeps_its_origin(first: RunFolder, tmp_path: Path) -> None:
    copy = tmp_path / "weights.safetensors"
    copy.write_bytes(first.weights.read_bytes())
    whole = trained(tmp_path / "whole", run=start_from(copy))

    def power_cut(done: int, total: int) -> None:
        if done == 5:
            raise PowerCutError

    for name in ("given", "left out"):
        out = tmp_path / name
        with pytest.raises(PowerCutError):
            trained(out, run=start_from(copy), progress=power_cut)
        run = start_from(copy) if name == "given" else TrainingRun(accelerator="cpu")
        folder = trained(out, run=run, resume=True)
        assert load_recipe(folder.recipe).origin == load_weights(copy).sha256
        assert_same(whole, folder)
    save_weights(copy, load_weights(first.path).network.state_dict(), "unet", *described(first))
    with pytest.raises(UsageError, match=r"has origin = .*resume it with what it began with"):
        trained(tmp_path / "given", run=start_from(copy), resume=True)


def described(folder: RunFolder) -> tuple[dict[str, object], dict[str, object]]:
    found = load_weights(folder.path)
    return dict(found.settings), {"summary": "another card"}


def test_a_run_that_had_no_checkpoint_yet_does_not_start_from_nothing(
    first: RunFolder, tmp_path: Path
) -> None:
    def power_cut(done: int, total: int) -> None:
        if done == 1:
            raise PowerCutError

    with pytest.raises(PowerCutError):
        trained(tmp_path / "run", run=start_from(first.path), progress=power_cut)
    with pytest.raises(UsageError, match="has origin = "):
        trained(tmp_path / "run", resume=True)
    recipe = load_recipe(RunFolder(tmp_path / "run").recipe)
    with pytest.raises(UsageError, match="give them with --from"):
        trained(tmp_path / "again", {"origin": recipe.origin})


def test_what_does_not_fit_is_one_sentence(first: RunFolder, tmp_path: Path) -> None:
    recipe = small_recipe()
    with pytest.raises(UsageError, match=r"there are no weights nothing.*kronecker-cascade"):
        origin("nothing", recipe)
    with pytest.raises(UsageError, match="'kronecker-unet', and the recipe trains 'unet'"):
        origin("kronecker-unet", recipe)
    with pytest.raises(UsageError, match=r"has width = 4, unlike the recipe's; set it with --set"):
        origin(str(first.path), small_recipe({"settings.width": "6"}))
    (tmp_path / "no.safetensors").write_bytes(b"no")
    with pytest.raises(DataError, match="cannot be read"):
        origin(str(tmp_path / "no.safetensors"), recipe)
    with pytest.raises(UsageError, match="trains 'unet'"):
        trained(tmp_path / "run", run=start_from("kronecker-unet"))
    assert not (tmp_path / "run").exists()


def test_the_record_says_how_fast_the_run_was(first: RunFolder) -> None:
    speed = json.loads(first.environment.read_text())["runs"][-1]["speed"]
    assert speed["steps"] == 7  # the first one starts everything
    parts = speed["seconds_per_step"]
    assert list(parts) == ["waiting", "network", "gradient", "optimiser"]
    assert min(parts.values()) > 0
    assert speed["examples_per_second"] == pytest.approx(2 / sum(parts.values()), rel=0.01)
