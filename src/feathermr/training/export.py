"""The weights that a training leaves, with what a reader must know of them."""

import json
from collections.abc import Mapping
from pathlib import Path

from safetensors.torch import save_file

from feathermr import __version__
from feathermr.core.atomic import written_file
from feathermr.training.module import Training
from feathermr.training.reading import plain
from feathermr.training.recipe import Recipe


def export_weights(
    module: Training, recipe: Recipe, step: int, values: Mapping[str, float], path: Path
) -> None:
    """Write the averaged weights.

    Args:
        module: of the training.
        recipe: of the training.
        step: after which the weights were taken.
        values: the validation's metrics.
        path: of the file.
    """
    card = {
        "model": recipe.model,
        "settings": recipe.settings,
        "trained_on": plain(recipe),
        "step": step,
        "validation": dict(values),
        "feathermr": __version__,
    }
    weights = {
        name: value.detach().cpu().contiguous()
        for name, value in module.averaged.model.state_dict().items()
    }
    with written_file(path) as beside:
        save_file(weights, beside, {"card": json.dumps(card)})
