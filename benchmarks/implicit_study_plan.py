"""What the study of films at any time trains, and on which films it looks at all methods."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from feathermr.training.recipe import Recipe, named_recipe

#: what is trained: the recipe and what differs in it; all by the same steps, rate and data
VARIANTS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "rdn3d": ("liif-rdn3d", {}),
    "unet3d": ("liif-unet3d", {}),
    "conv2d": ("liif-conv2d", {}),
    "rdn3d, ReLU": ("liif-rdn3d", {"settings.activation": "relu"}),
    "rdn3d, C = 8": ("liif-rdn3d", {"settings.features": "8"}),
    "rdn3d, C = 16": ("liif-rdn3d", {"settings.features": "16"}),
    "rdn3d, C = 64": ("liif-rdn3d", {"settings.features": "64"}),
    "rdn3d from zero filling": ("liif-rdn3d", {"settings.start": "zero-filled"}),
    "unet3d from zero filling": ("liif-unet3d", {"settings.start": "zero-filled"}),
    "conv2d from zero filling": ("liif-conv2d", {"settings.start": "zero-filled"}),
    "conv2d of 4 frames": (
        "liif-conv2d",
        {"settings.frames": "4", "data.simulated.frames": "[4, 4]"},
    ),
}
#: that needs so many frames
FRAMES: Mapping[str, int] = {"conv2d": 8, "conv2d from zero filling": 8, "conv2d of 4 frames": 4}


@dataclass(frozen=True)
class Size:
    """How much is done.

    Attributes:
        name: of the size.
        steps: of each training.
        settings: of the networks.
        subjects: simulated hearts that all methods are tested on.
        tuning: those that settings are chosen on.
        shape: (y, x) of all films.
        times: at which the truth is known, over one heart beat.
        frames: acquired ones of simulated films.
        film_frames: acquired ones of the real film, which divide its number of frames.
        accelerations: of every film.
    """

    name: str = "study"
    steps: int = 300
    settings: Mapping[str, str] = field(default_factory=dict)
    subjects: int = 5
    tuning: int = 3
    shape: tuple[int, int] = (128, 128)
    times: int = 32
    frames: tuple[int, ...] = (8, 4)
    film_frames: tuple[int, ...] = (10, 5)
    accelerations: tuple[float, ...] = (3, 6)


SIZES = {
    "study": Size(),
    "quick": Size(
        "quick", 2,
        {"settings.width": "4", "settings.blocks": "2", "settings.layers": "1",
         "settings.growth": "4", "settings.decoder_width": "8"},
        1, 1, (48, 40), 16, (8,), (10,), (3,),
    ),
}  # fmt: skip


def recipe(variant: str, size: Size) -> Recipe:
    """Of one variant: hearts and some textures by one coil, which is what it is tested on."""
    name, own = VARIANTS[variant]
    changes = {
        "data.simulated.anatomies": "{heart: 0.8, texture: 0.2}",
        "data.simulated.coils": "[1]",
        "data.simulated.patterns": "{kt-laplacian: 1}",
        "schedule.warm_up": "50",
        "trainer.steps": str(size.steps),
        "trainer.validate_every": str(max(1, size.steps // 4)),
        "trainer.average": "0.99",
        **dict(size.settings),
        **own,
    }
    if size.name == "quick":
        changes |= {"data.validation": "1", "data.simulated.sizes": "[48, 56]"}
    return named_recipe(name, changes)


def folder_name(variant: str) -> str:
    """Of the training of a variant."""
    return re.sub(r"[^a-z0-9]+", "-", variant.lower())
