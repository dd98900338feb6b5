"""The examples of a recipe: those to train on, and the fixed ones to validate with."""

from pathlib import Path

from feathermr.core.errors import UsageError
from feathermr.training.example import Examples
from feathermr.training.recipe import Recipe
from feathermr.training.simulated import SimulatedExamples


def sources(recipe: Recipe, folder: Path | None) -> tuple[Examples, Examples]:
    """Examples of training and of validation, of different objects or cases.

    Args:
        recipe: of the training.
        folder: of the data, when the recipe's come from one.

    Raises:
        UsageError: a folder is missing, or given to a recipe that simulates.
    """
    data = recipe.data
    if data.source == "simulated":
        if folder is not None:
            raise UsageError(
                "this recipe simulates its data; with --data add --set data.source=fastmri"
            )
        return (
            SimulatedExamples(data.simulated, recipe.seed),
            SimulatedExamples(data.simulated, recipe.seed, "validation", data.validation),
        )
    raise UsageError("no data yet")
