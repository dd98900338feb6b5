"""The weights that a training starts from, if not from random ones."""

from dataclasses import asdict, replace
from pathlib import Path

from feathermr.core.errors import UsageError
from feathermr.models.table import configure
from feathermr.models.weights import SHIPPED, Trained, load_weights
from feathermr.training.recipe import Recipe, load_recipe
from feathermr.training.run_folder import RunFolder


def origin(given: str, recipe: Recipe) -> Trained:
    """The trained network called ``given``: one that ships, a file, or the folder of a run.

    Raises:
        UsageError: there is none, or it is another network than the recipe's.
        DataError: it cannot be read.
    """
    path = SHIPPED.get(given, Path(given))
    if not path.exists():
        raise UsageError(
            f"there are no weights {given} to start from; give a file or run folder that feathermr "
            f"train wrote, or one of: {', '.join(SHIPPED)}"
        )
    found = load_weights(path)
    if found.name != recipe.model:
        raise UsageError(
            f"{given} holds the network '{found.name}', and the recipe trains '{recipe.model}'; "
            "start from weights of the same network"
        )
    has = asdict(configure(found.name, found.settings))
    wants = asdict(configure(recipe.model, recipe.settings))
    others = [f"{key} = {has[key]}" for key in has if has[key] != wants[key]]
    if others:
        raise UsageError(
            f"the network in {given} has {', '.join(others)}, unlike the recipe's; set it with "
            "--set settings.KEY=VALUE, or start from other weights"
        )
    return found


def with_origin(
    recipe: Recipe, given: str | None, folder: RunFolder, *, resume: bool
) -> tuple[Recipe, Trained | None]:
    """The recipe with the weights that it starts from on record, and the weights.

    A run that is resumed from a checkpoint keeps its origin, which need not be there any more.

    Args:
        recipe: of the training.
        given: what ``--from`` names.
        folder: of the run.
        resume: the run goes on from the last checkpoint in the folder.

    Raises:
        UsageError: the weights do not fit, or the recipe starts from others.
        DataError: they cannot be read.
    """
    found = None if given is None else origin(given, recipe)
    if found is None and resume and folder.last.exists() and folder.recipe.exists():
        return replace(recipe, origin=load_recipe(folder.recipe).origin), None
    digest = "" if found is None else found.sha256
    if recipe.origin and recipe.origin != digest:
        raise UsageError(
            f"this recipe starts from weights with the SHA-256 {recipe.origin}; give them with "
            "--from, or leave its origin out"
        )
    return replace(recipe, origin=digest), found
