"""The examples of a recipe: those to train on, and the fixed ones to validate with."""

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, final

from feathermr.core.errors import UsageError
from feathermr.training.example import Examples, Posed
from feathermr.training.fastmri_data import open_fastmri
from feathermr.training.film_data import open_films
from feathermr.training.recipe import Recipe
from feathermr.training.simulated import SimulatedExamples

#: batches of simulated films where the recipe asks for all that a file has
VALIDATION = 16
SIMULATED = "no file of films was given (--data), so simulated ones are trained on"


class Sources(NamedTuple):
    """Where a training's examples come from.

    Attributes:
        train: without end.
        validation: few, always the same.
        notes: sentences that a user has to read.
        test: films that nothing is chosen by, to be shown when the training ends.
    """

    train: Examples
    validation: Examples
    notes: tuple[str, ...] = ()
    test: Examples | None = None


@final
class Some:
    """A number of examples, evenly spread over all.

    Args:
        examples: all.
        count: how many; 0, or more than there are, for all.
    """

    def __init__(self, examples: Examples, count: int) -> None:
        self.examples = examples
        self.count = min(count, len(examples)) or len(examples)

    def __len__(self) -> int:
        """Number of examples."""
        return self.count

    def __getitem__(self, index: int) -> Posed:
        """The example at ``index``."""
        if not 0 <= index < self.count:
            raise IndexError(index)
        return self.examples[index * len(self.examples) // self.count]


def open_sources(recipe: Recipe, path: Path | None) -> Sources:
    """Examples of training and of validation, of different objects or cases.

    Args:
        recipe: of the training.
        path: of the data, when the recipe's come from a folder or a file.

    Raises:
        UsageError: the data are missing, or given to a recipe that simulates.
        DataError: the data cannot be used.
    """
    data = recipe.data
    if data.source == "fastmri":
        if path is None:
            raise UsageError("this recipe trains on fastMRI's files; give their folder: --data")
        found = open_fastmri(path, data.fastmri, recipe.seed)
        return Sources(found.train, Some(found.validation, data.validation), found.notes)
    if data.source == "films" and path is not None:
        films = open_films(path, data.films, recipe.seed)
        validation = Some(films.validation, data.validation)
        return Sources(films.train, validation, films.notes, films.test)
    if path is not None:
        raise UsageError("this recipe simulates its data; leave --data out")
    return _simulated(recipe)


def as_trained(recipe: Recipe, path: Path | None) -> Recipe:
    """The recipe with the source that the examples really have: without a file they are simulated.

    Args:
        recipe: of the training.
        path: of the data.
    """
    if recipe.data.source != "films" or path is not None:
        return recipe
    return replace(recipe, data=replace(recipe.data, source="simulated"))


def _simulated(recipe: Recipe) -> Sources:
    data, seed = recipe.data, recipe.seed
    drawn, count = data.simulated, data.validation or VALIDATION
    train = SimulatedExamples(drawn, seed)
    validation = SimulatedExamples(drawn, seed, "validation", count)
    notes = (SIMULATED,) if data.source == "films" else ()
    test = SimulatedExamples(drawn, seed, "test", count) if drawn.frames[1] > 1 else None
    return Sources(train, validation, notes, test)
