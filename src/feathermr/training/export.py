"""The weights that a training leaves, with what a reader must know of them."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from feathermr import __version__
from feathermr.models.weights import save_weights
from feathermr.training.ema import AveragedModel
from feathermr.training.reading import plain
from feathermr.training.recipe import Recipe

TRAINED_ON = {
    "simulated": "simulated scans only: numerical phantoms with simulated coils, phase and noise",
    "films": "a file of films, with simulated phase, coils and noise, undersampled retrospectively",
    "images": "a folder of pictures, with simulated phase and noise; see the recipe for the task",
    "fastmri": "a folder of measured scans in fastMRI's layout, undersampled retrospectively",
}


MIXED = (
    "simulated scans of numerical phantoms and of real images (their sources and licences: credits "
    "of the recipe's data), with simulated coils, phase and noise"
)


def export_weights(
    averaged: AveragedModel, recipe: Recipe, step: int, values: Mapping[str, float], path: Path
) -> Path:
    """Write the averaged weights.

    Args:
        averaged: of the training.
        recipe: of the training.
        step: after which the weights were taken.
        values: the validation's metrics.
        path: of the file.
    """
    settings = dict(recipe.loss.settings)
    if settings.get("vgg_weights"):  # where a file lay concerns nobody else
        settings["vgg_weights"] = Path(str(settings["vgg_weights"])).name
    natural = Path(recipe.data.images.natural).name
    data = replace(recipe.data, images=replace(recipe.data.images, natural=natural))
    shown = replace(recipe, loss=replace(recipe.loss, settings=settings), data=data)
    card = {
        "summary": recipe.summary,
        "trained_on": MIXED if recipe.data.credits else TRAINED_ON[recipe.data.source],
        "step": step,
        "validation": {name: round(value, 6) for name, value in values.items()},
        "recipe": plain(shown),
        "feathermr": __version__,
    }
    return save_weights(path, averaged.model.state_dict(), recipe.model, recipe.settings, card)
