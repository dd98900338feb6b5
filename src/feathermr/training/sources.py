"""The examples of a recipe: those to train on, and the fixed ones to validate with."""

from pathlib import Path
from typing import NamedTuple, final

from feathermr.core.errors import UsageError
from feathermr.training.example import Example, Examples
from feathermr.training.fastmri_data import open_fastmri
from feathermr.training.recipe import Recipe
from feathermr.training.simulated import SimulatedExamples


class Sources(NamedTuple):
    """Where a training's examples come from.

    Attributes:
        train: without end.
        validation: few, always the same.
        notes: sentences that a user has to read.
    """

    train: Examples
    validation: Examples
    notes: tuple[str, ...] = ()


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

    def __getitem__(self, index: int) -> Example:
        """The example at ``index``."""
        if not 0 <= index < self.count:
            raise IndexError(index)
        return self.examples[index * len(self.examples) // self.count]


def open_sources(recipe: Recipe, folder: Path | None) -> Sources:
    """Examples of training and of validation, of different objects or cases.

    Args:
        recipe: of the training.
        folder: of the data, when the recipe's come from one.

    Raises:
        UsageError: a folder is missing, or given to a recipe that simulates.
        DataError: the folder cannot be used.
    """
    data = recipe.data
    if data.source == "fastmri":
        if folder is None:
            raise UsageError("this recipe trains on fastMRI's files; give their folder: --data")
        found = open_fastmri(folder, data.fastmri, recipe.seed)
        return Sources(found.train, Some(found.validation, data.validation), found.notes)
    if folder is not None:
        raise UsageError("this recipe simulates its data; leave the folder of data out")
    drawn, seed = data.simulated, recipe.seed
    validation = SimulatedExamples(drawn, seed, "validation", data.validation)
    return Sources(SimulatedExamples(drawn, seed), validation)
