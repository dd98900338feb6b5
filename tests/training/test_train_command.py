"""``feathermr train`` as a user meets it."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import feathermr
from commands import Ran
from feathermr.cli.main import main
from feathermr.models.weights import load_weights
from feathermr.training.recipe import RECIPES
from training.picture_folders import tumours
from training.small import TEXT

Train = Callable[..., Ran]


@pytest.fixture
def train(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Train:
    """Run the command in a folder with one recipe, ``small.yaml``."""
    monkeypatch.chdir(tmp_path)
    Path("small.yaml").write_text(TEXT.replace("steps: 8", "steps: 4"))

    def call(*words: object) -> Ran:
        arguments = ["train", *map(str, words)]
        if words and words[0] != "--list":
            arguments += ["--accelerator", "cpu", "--workers", "0"]
        code = main(arguments)
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return call


@pytest.mark.parametrize("words", [[], ["--list"]])
def test_recipes_are_listed(train: Train, words: list[str]) -> None:
    ran = train(*words)
    assert ran.code == 0
    assert [line.partition(":")[0] for line in ran.out.splitlines()] == list(RECIPES)


def test_a_run_says_where_its_results_are_and_how_to_use_them(train: Train) -> None:
    ran = train("small.yaml", "--set", "optimiser.learning_rate=1e-3", "--precision", "bf16-mixed")
    assert (ran.code, ran.err) == (0, "")
    assert "step 4: loss" in ran.out
    assert "weights: runs/small/model.safetensors" in ran.out
    assert "feathermr reconstruct scan.h5 -m runs/small" in ran.out
    recipe = feathermr.load_recipe(Path("runs/small/recipe.yaml"))
    assert (recipe.optimiser.learning_rate, recipe.trainer.precision) == (1e-3, "bf16-mixed")
    assert load_weights(Path("runs/small")).name == "unet"


def test_a_folder_is_used_again_only_to_go_on(train: Train) -> None:
    assert train("small.yaml", "--out", "run").code == 0
    ran = train("small.yaml", "--out", "run")
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert "--resume" in ran.err
    ran = train("small.yaml", "--out", "run", "--resume", "--steps", "6")
    assert ran.code == 0
    assert "step 6:" in ran.out
    assert "step 4:" not in ran.out
    ran = train("small.yaml", "--out", "run", "--resume", "--set", "seed=1")
    assert (ran.code, "seed = 0, not 1" in ran.err) == (2, True)


def test_a_run_starts_from_another_one_and_keeps_its_examples_where_it_is_told(
    train: Train,
) -> None:
    assert train("small.yaml", "--out", "first").code == 0
    words = ("--from", "first", "--cache", "kept", "--set", "data.cache.reuse=2")
    ran = train("small.yaml", "--out", "second", *words)
    assert (ran.code, ran.err) == (0, "")
    assert "4 steps, from first" in ran.out
    assert "examples a second; milliseconds of a step: waiting" in ran.out
    assert list(Path("kept").glob("*/train/*.safetensors"))
    assert not Path("second/examples").exists()
    ran = train("small.yaml", "--out", "third", "--from", "kronecker-cascade")
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert "'kronecker-cascade', and the recipe trains 'unet'" in ran.err
    assert not Path("third").exists()


def test_resume_begins_when_there_is_nothing_to_go_on_from(train: Train) -> None:
    assert train("small.yaml", "--out", "new", "--resume", "--max-minutes", "5").code == 0


def test_a_file_of_films_is_trained_on(train: Train) -> None:
    drawn = np.random.default_rng(0).uniform(0, 1, (5, 3, 40, 36))
    np.savez("cine.npz", dataset=drawn.astype(np.float32))
    more = ("--set", "data.films.center=4", "--set", "data.films.accelerations=[3]")
    ran = train("small.yaml", "--data", "cine.npz", *more)
    assert (ran.code, ran.err) == (0, "")
    assert "3 to train, 1 to validate, 1 to test" in ran.out
    assert "films that were kept apart: PSNR" in ran.out
    assert Path("runs/small/films.gif").exists()
    ran = train("small.yaml", "--data", "none.npz", "--out", "none")
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert "cannot read none.npz" in ran.err
    assert not Path("none").exists()


def test_a_folder_of_files_is_trained_on(train: Train) -> None:
    folder = Path("scans")
    folder.mkdir()
    for seed in range(3):
        knee = feathermr.simulate("knee", slices=2, shape=(40, 36), coils=1, seed=seed)
        feathermr.save_acquisition(knee, folder / f"knee{seed}.h5")
    ran = train(
        *("small.yaml", "--data", folder, "--set", "data.fastmri.validation=1"),
        *("--set", "data.fastmri.crop=[32,32]", "--set", "data.fastmri.accelerations=[2]"),
    )
    assert (ran.code, ran.err) == (0, "")
    assert "note: cases: 2 to train, 1 to validation" in ran.out
    card = load_weights(Path("runs/small")).card
    assert card["trained_on"].startswith("a folder of measured scans")


def test_a_folder_of_pictures_is_trained_on(train: Train) -> None:
    folder = tumours(Path("tumours"))
    ran = train(
        *("small.yaml", "--data", folder, "--set", "data.images.test=1"),
        *("--set", "data.images.crop=32", "--set", "data.images.accelerations=[2]"),
    )
    assert (ran.code, ran.err) == (0, "")
    assert "note: pictures: 4 to train, 2 to validate, 2 to test" in ran.out
    card = load_weights(Path("runs/small")).card
    assert card["trained_on"].startswith("a folder of pictures")
    Path("nothing").mkdir()
    ran = train("small.yaml", "--data", "nothing", "--out", "none")
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert "neither scans (.h5) nor pictures" in ran.err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["unett"], "did you mean 'unet'"),
        (["small.yaml", "--set", "steps=3"], "has no key 'steps'"),
        (["small.yaml", "--set", "settings.widths=3"], "did you mean 'width'"),
        (["small.yaml", "--set", "loss.name=l2"], "no loss is called 'l2'"),
        (["small.yaml", "--set", "seed"], "--set takes key=value"),
        (["kronecker-unet-fastmri"], "give their folder: --data"),
    ],
)
def test_wrong_usage_is_one_line_and_leaves_nothing(
    train: Train, words: list[str], sentence: str
) -> None:
    ran = train(*words)
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert sentence in ran.err
    assert not Path("runs").exists()


def test_a_missing_recipe_is_one_line(train: Train) -> None:
    ran = train("none.yaml")
    assert (ran.code, ran.err.count("\n")) == (1, 1)


def test_without_the_extra_the_command_that_installs_it_is_said(
    train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "lightning", None)
    ran = train("small.yaml")
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert "pip install 'feathermr[train]'" in ran.err
