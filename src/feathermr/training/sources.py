"""The examples of a recipe: those to train on, and the fixed ones to validate with."""

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, final

from feathermr.core.errors import UsageError
from feathermr.training.example import Examples, Posed
from feathermr.training.fastmri_data import open_fastmri
from feathermr.training.film_data import open_films
from feathermr.training.image_config import ImagesConfig
from feathermr.training.image_data import open_images
from feathermr.training.real_objects import credits_of, open_real_objects
from feathermr.training.recipe import Recipe
from feathermr.training.simulated import SimulatedConfig, SimulatedExamples

#: batches of simulated examples where the recipe asks for all that a file or a folder has
VALIDATION = 16
SIMULATED = "no file of films was given (--data), so simulated ones are trained on"
NO_PICTURES = "no folder of pictures was given (--data), so simulated ones are trained on"
NO_IMAGES = (
    "no folder of real images was given (--data), so the simulator draws all objects; the weights "
    "that ship saw real images too"
)
NATURAL = "natural"


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
    if data.source == "images" and path is not None:
        images = open_images(path, data.images, recipe.seed)
        return Sources(images.train, Some(images.validation, data.validation), images.notes)
    if path is not None and not data.simulated.real:
        raise UsageError("this recipe simulates its data; leave --data out")
    return _simulated(recipe, path)


def as_trained(recipe: Recipe, path: Path | None) -> Recipe:
    """The recipe with the source that the examples really have, and the credits of real images.

    Args:
        recipe: of the training.
        path: of the data.
    """
    data = recipe.data
    if path is not None and data.source == "simulated":
        return replace(recipe, data=replace(data, credits=credits_of(path)))
    if path is not None or data.source not in ("films", "images"):
        return recipe
    drawn = data.simulated
    if data.source == "images":
        drawn = like_pictures(drawn, data.images)
    count = data.validation or VALIDATION
    return replace(
        recipe, data=replace(data, source="simulated", simulated=drawn, validation=count)
    )


def like_pictures(drawn: SimulatedConfig, images: ImagesConfig) -> SimulatedConfig:
    """The simulator's settings with the task of pictures, natural-like ones mixed in.

    Args:
        drawn: gives the bodies, sizes and all that pictures do not have.
        images: gives the rest.
    """
    bodies = drawn.anatomies
    if NATURAL not in bodies and images.share:
        unit = (1 - images.share) / sum(bodies.values())
        bodies = {name: unit * share for name, share in bodies.items()} | {NATURAL: images.share}
    return replace(
        drawn,
        anatomies=bodies,
        coils=(1,),
        patterns=images.patterns,
        accelerations=images.accelerations,
        between=False,
        batch=images.batch,
        magnify=images.multiple,
        kernel=images.kernel,
    )


def _simulated(recipe: Recipe, path: Path | None) -> Sources:
    """Simulated examples; what is validated and tested with are bodies, unless none are drawn.

    Args:
        recipe: of the training.
        path: of a folder of real images, some of which are objects then.
    """
    data, seed = as_trained(recipe, None).data, recipe.seed
    drawn, count = data.simulated, data.validation
    bodies = {name: share for name, share in drawn.anatomies.items() if name != NATURAL}
    fixed = replace(drawn, anatomies=bodies or drawn.anatomies)
    real = {} if path is None else open_real_objects(path, seed)
    train = SimulatedExamples(drawn, seed, real=real.get("train"))
    validation = SimulatedExamples(fixed, seed, "validation", count, real=real.get("validation"))
    notes = {"films": (SIMULATED,), "images": (NO_PICTURES,)}.get(recipe.data.source, ())
    if drawn.real and path is None:
        notes = (*notes, NO_IMAGES)
    test = SimulatedExamples(fixed, seed, "test", count) if drawn.frames[1] > 1 else None
    return Sources(train, validation, notes, test)
