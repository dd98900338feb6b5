"""Weights of fastMRI's trained U-Net, read when a user asks for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from feathermr.core.errors import DataError
from feathermr.models.one_shot import OneShot
from feathermr.models.unet import Unet, UnetConfig

FIRST = "down_sample_layers.0.layers.0.weight"
PREFIX = "unet."


def load_fastmri_unet(path: str | Path, *, consistency: int = 0) -> OneShot:
    """The model of a U-Net that fastMRI's code has trained.

    Width, depth and channels are those of the weights. One channel is a network of magnitudes,
    which sees them with zero mean and unit variance and leaves the phase alone; two channels are
    real and imaginary part.

    Args:
        path: a file of ``torch.save``: the state dict itself, or a training checkpoint that holds
            it as ``state_dict`` with names that start with ``unet.``. Nothing but tensors and
            plain values is unpickled.
        consistency: CG iterations of a step at the end, its weight not learned; 0 for none.

    Raises:
        DataError: the file holds something else.
    """
    found = _tensors(Path(path))
    if FIRST not in found:
        raise DataError(
            f"{path} is not a U-Net of fastMRI: there is no '{FIRST}' in it; give the file of its "
            "state dict, or a checkpoint of its training"
        )
    config = _config(found, path, consistency)
    network = Unet(config)
    wanted = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    came = {name: tuple(value.shape) for name, value in found.items()}
    wrong = sorted(name for name in wanted | came if wanted.get(name) != came.get(name))
    if wrong:
        name = wrong[0]
        raise DataError(
            f"{path} is not a U-Net of fastMRI of width {config.width} and depth {config.depth}: "
            f"'{name}' should be {wanted.get(name, 'absent')} but is {came.get(name, 'absent')}"
        )
    network.load_state_dict(found)
    return OneShot(network, consistency=consistency, magnitude=config.channels == 1)


def _tensors(path: Path) -> dict[str, Tensor]:
    """The state dict of a file."""
    try:
        content: Any = torch.load(path, map_location="cpu", weights_only=True)
    except OSError:
        raise
    except Exception as error:  # what torch raises of a broken file is of many kinds
        raise DataError(
            f"{path} cannot be read as weights: it is broken, or holds more than tensors; save "
            "the state dict alone with torch.save"
        ) from error
    if isinstance(content, dict) and isinstance(content.get("state_dict"), dict):
        content = content["state_dict"]
    if not isinstance(content, dict):
        raise DataError(f"{path} holds a {type(content).__name__}, not a state dict")
    named = {str(name): value for name, value in content.items() if isinstance(value, Tensor)}
    inner = {name: value for name, value in named.items() if name.startswith(PREFIX)}
    return {name.removeprefix(PREFIX): value for name, value in inner.items()} or named


def _config(found: dict[str, Tensor], path: str | Path, consistency: int) -> UnetConfig:
    """What the shapes say."""
    first = found[FIRST]
    levels = {name.split(".")[1] for name in found if name.startswith("down_sample_layers.")}
    if first.ndim != 4 or first.shape[1] not in (1, 2):
        raise DataError(
            f"{path} is a U-Net whose first weight is of shape {tuple(first.shape)}; it must take "
            "one channel, the magnitude, or two, real and imaginary part"
        )
    width, channels = first.shape[:2]
    return UnetConfig(channels, width, len(levels), consistency=consistency)
