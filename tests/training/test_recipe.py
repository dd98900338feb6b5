"""Recipes: every key is checked, every value has a type and a range."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from feathermr.core.errors import DataError, UsageError
from feathermr.models.table import configure
from feathermr.training.losses import make_loss
from feathermr.training.recipe import (
    RECIPES,
    LossRecipe,
    load_recipe,
    named_recipe,
    parse_recipe,
    save_recipe,
)
from feathermr.training.schedule import ScheduleConfig, learning_rate_factor

#: recipes of networks that are not the paper's
OWN = {
    "kronecker-cascade",
    "kronecker-cine",
    *(name for name in RECIPES if name.startswith(("cine", "chpnet", "liif", "swinir"))),
    "kronecker-modl-distill",
}
FILES = Path(parse_recipe.__code__.co_filename).parent / "recipes"


def test_the_table_lists_every_file() -> None:
    assert sorted(RECIPES.values()) == sorted(path.name for path in FILES.glob("*.yaml"))


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_that_ships_is_complete(name: str, tmp_path: Path) -> None:
    recipe = named_recipe(name)
    configure(recipe.model, recipe.settings)
    make_loss(recipe.loss.name, recipe.loss.settings)
    assert recipe.summary
    save_recipe(recipe, tmp_path / "recipe.yaml")
    assert load_recipe(tmp_path / "recipe.yaml") == recipe


def test_the_recipes_have_the_paper_s_numbers() -> None:
    for name in set(RECIPES) - OWN:
        recipe = named_recipe(name)
        assert recipe.optimiser.name == "adam"
        assert recipe.optimiser.learning_rate == 2e-4
        assert (recipe.schedule.name, recipe.schedule.factor) == ("step", 0.5)
        assert recipe.trainer.average == 0.999
        assert recipe.loss.settings == {"image": 15, "fourier": 0.1, "perceptual": 0.0025}
        assert (recipe.data.simulated.batch, recipe.data.fastmri.batch) == (8, 8)
    fastmri = named_recipe("kronecker-unet-fastmri").data.fastmri
    assert (fastmri.validation, fastmri.test, fastmri.central_slices) == (64, 200, 20)
    assert (fastmri.crop, fastmri.accelerations) == ((320, 320), (4, 8, 16))


def test_the_recipes_for_films_are_one_change_from_each_other() -> None:
    base = named_recipe("cine-dual-unet")
    assert (base.optimiser.learning_rate, base.optimiser.weight_decay) == (1e-4, 1e-4)
    assert (base.schedule.name, base.schedule.warm_up, base.loss.name) == ("cosine", 0.05, "mse")
    assert (base.data.films.batch, base.data.films.center, base.data.films.parts) == (
        10,
        11,
        (4, 1, 2),
    )
    changes: dict[str, dict[str, Any]] = {
        "l1": {"loss": LossRecipe("l1")},
        "plain": {
            "settings": {"dropout": 0},
            "schedule": replace(base.schedule, name="constant", warm_up=0),
        },
        "no-attention": {"settings": {"attention": False}},
        "2": {"settings": {"cascades": 2}},
        "3": {"settings": {"cascades": 3}},
    }
    for name, change in changes.items():
        found = named_recipe(f"cine-dual-unet-{name}")
        assert replace(found, summary=base.summary) == replace(base, **change)


def test_the_recipes_for_any_time_differ_in_the_encoder_alone() -> None:
    base = named_recipe("liif-rdn3d")
    simulated = base.data.simulated
    assert (simulated.frames, simulated.accelerations) == ((4, 8), (3.0, 6.0))
    assert simulated.queries[0] >= 6
    assert "kt-laplacian" in simulated.patterns
    fixed = replace(base.data, simulated=replace(simulated, frames=(8, 8)))
    for name, data in (("liif-unet3d", base.data), ("liif-conv2d", fixed)):
        found = named_recipe(name)
        assert found.model == name
        assert replace(found, model=base.model, summary=base.summary) == replace(base, data=data)


def test_a_recipe_takes_from_its_base_what_it_leaves_out() -> None:
    text = "base: unet\nsettings: {width: 8}\ndata: {simulated: {patterns: {random: 1}}}"
    base, found = named_recipe("unet"), parse_recipe(text, "x.yaml")
    simulated = replace(base.data.simulated, patterns={"random": 1.0})
    assert found == replace(
        base, settings={"width": 8}, data=replace(base.data, simulated=simulated)
    )
    for wrong, sentence in (
        ("base: unett", "no recipe is called 'unett'; did you mean 'unet'"),
        ("base: 3", "base must be the name of a recipe, not 3"),
        ("base: unet\nsteps: 3", "the recipe has no key 'steps'"),
    ):
        with pytest.raises(UsageError, match=sentence):
            parse_recipe(wrong, "x.yaml")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("models: unet", "the recipe has no key 'models'; did you mean 'model'?"),
        ("summary: x", "model is missing; give it a value"),
        ("model: unet\noptimiser: {rate: 1}", "optimiser has no key 'rate'"),
        ("model: unet\nseed: half", "seed must be a whole number, not 'half'"),
        ("model: unet\nseed: true", "seed must be a whole number, not True"),
        ("model: unet\nseed: -1", "seed must be at least 0"),
        ("model: 3", "model must be a text, not 3"),
        ("model: unet\nsettings: [1]", "settings must be keys with values"),
        ("model: unet\ndata: 3", "data must be keys with values, not 3"),
        ("model: unet\ndata: {simulated: {sizes: [32]}}", "sizes must have 2 values, not 1"),
        ("model: unet\ndata: {simulated: {sizes: 32}}", "sizes must be a list, not 32"),
        ("model: unet\ndata: {simulated: {anatomies: {foot: 1}}}", "anatomy is called 'foot'"),
        ("model: unet\noptimiser: {name: adm}", "cannot be 'adm'; did you mean 'adam'?"),
        ("model: unet\noptimiser: {learning_rate: 0}", "learning_rate must be between"),
        ("model: unet\noptimiser: {learning_rate: .nan}", "must be a number, not nan"),
        ("model: unet\noptimiser: {betas: [0.9, 1]}", "betas must be from 0 to below 1"),
        ("model: unet\ntrainer: {steps: 0}", "steps and intervals must be at least 1"),
        ("model: unet\ntrainer: {monitor: lpips}", "no metric to monitor is called 'lpips'"),
        ("model: unet\ntrainer: {average: 1}", "average must be from 0 to below 1"),
        ("model: unet\nschedule: {factor: 2}", "factor must be above 0"),
    ],
)
def test_a_wrong_key_or_value_is_refused_by_name(text: str, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_recipe(text, "recipe.yaml")
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("model: [", "is no YAML"),
        ("model: unet\nmodel: modl", "the key 'model' comes twice"),
        ("- unet", "must be keys with values"),
        ("!!python/object/apply:os.system [echo]", "is no YAML"),
    ],
)
def test_a_file_that_is_no_recipe_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        parse_recipe(text, "recipe.yaml")


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot read the recipe"):
        load_recipe(tmp_path / "none.yaml")


def test_values_can_be_set_by_dotted_keys() -> None:
    recipe = named_recipe(
        "unet",
        {
            "optimiser.learning_rate": "1e-3",
            "settings.width": "16",
            "data.simulated.sizes": "[64, 96]",
            "data.simulated.between": "false",
            "schedule.name": "cosine",
            "loss.settings.image": "2",
        },
    )
    assert recipe.optimiser.learning_rate == 1e-3
    assert recipe.settings == {"width": 16}
    assert recipe.data.simulated.sizes == (64, 96)
    assert recipe.data.simulated.between is False
    assert recipe.schedule.name == "cosine"
    assert recipe.loss.settings["image"] == 2
    with pytest.raises(UsageError, match="'model' is a value and has no keys"):
        named_recipe("unet", {"model.width": "3"})
    with pytest.raises(UsageError, match="did you mean 'learning_rate'"):
        named_recipe("unet", {"optimiser.learning_rat": "3"})


def test_yaml_s_texts_are_numbers_where_numbers_are_wanted() -> None:
    recipe = parse_recipe("model: unet\noptimiser: {learning_rate: 3e-4}", "x.yaml")
    assert recipe.optimiser.learning_rate == 3e-4


def test_an_unknown_recipe_brings_the_nearest_name() -> None:
    with pytest.raises(UsageError, match="did you mean 'kronecker-unet'"):
        named_recipe("kroneker-unet")


def test_the_learning_rate_rises_and_falls_as_its_schedule_says() -> None:
    cosine = ScheduleConfig("cosine", warm_up=3, floor=0.1)
    factors = [learning_rate_factor(cosine, step, 23) for step in range(23)]
    assert factors[:4] == pytest.approx([0.25, 0.5, 0.75, 1.0])
    assert factors[3:] == sorted(factors[3:], reverse=True)
    assert factors[-1] == pytest.approx(0.1)
    share = ScheduleConfig("cosine", warm_up=0.125, floor=0.1)
    assert [learning_rate_factor(share, step, 24) for step in range(24)] == [
        learning_rate_factor(cosine, step, 24) for step in range(24)
    ]
    constant = ScheduleConfig("constant")
    assert {learning_rate_factor(constant, step, 9) for step in range(9)} == {1.0}
    fifths = ScheduleConfig("step")
    assert [learning_rate_factor(fifths, step, 10) for step in (1, 2, 9)] == [1, 0.5, 0.0625]


def test_a_base_may_have_a_base() -> None:
    recipe = named_recipe("chpnet-x4-distill")
    assert recipe.model == named_recipe("chpnet").model
    assert recipe.settings == {"scale": 4}
    assert recipe.data.simulated.magnify == 4
    assert recipe.data.simulated.snr == named_recipe("swinir-teacher").data.simulated.snr
    assert recipe.distillation.teacher == "swinir-teacher-x4"
    assert recipe.distillation.layers == named_recipe("chpnet-distill").distillation.layers
