"""The examples of a training through a cache, in a folder named after what they depend on."""

import hashlib
import json
from pathlib import Path

from torch import nn

from feathermr.models.table import build
from feathermr.models.unrolled import Started
from feathermr.training.cache.packing import FORMAT
from feathermr.training.cache.reuse import Reused
from feathermr.training.cache.started import WithStarts
from feathermr.training.cache.stored import Stored
from feathermr.training.example import Examples
from feathermr.training.reading import plain
from feathermr.training.recipe import Recipe
from feathermr.training.sources import Sources

#: values of ``data`` that no example depends on
APART = ("cache", "credits", "validation")


def kept(found: Sources, recipe: Recipe, path: Path | None, place: Path) -> Sources:
    """Sources that keep their examples in files, and reuse those to train on.

    Args:
        found: the sources that draw.
        recipe: of the training; as it is when its ``data.cache`` is off.
        path: of the data.
        place: of the cache: a folder in it, named by `fingerprint`, gets the files.

    Raises:
        DataError: files that are there already were drawn otherwise.
    """
    config = recipe.data.cache
    if not config.reuse:
        return found
    network = build(recipe.model, recipe.settings, recipe.seed).eval()
    folder = place / fingerprint(recipe, path, network)

    def stored(examples: Examples, part: str) -> Stored:
        source = WithStarts(examples, network) if isinstance(network, Started) else examples
        return Stored(source, folder / part, config.gigabytes)

    train = stored(found.train, "train")
    train.check()
    validation = stored(found.validation, f"validation-{recipe.data.validation}")
    return found._replace(train=Reused(train, config, recipe.seed), validation=validation)


def fingerprint(recipe: Recipe, path: Path | None, network: nn.Module) -> str:
    """A name that changes with anything that an example depends on.

    Of a network that is how it begins alone, so that networks which begin alike share examples.

    Args:
        recipe: of the training.
        path: of the data.
        network: of the recipe.
    """
    data = {key: value for key, value in plain(recipe.data).items() if key not in APART}
    source = "" if path is None else str(path.resolve())
    start = [recipe.model, network.start] if isinstance(network, Started) else []
    record = [FORMAT, recipe.seed, data, source, start]
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()[:16]
