"""What the Kronecker study trains, and for how long: three sizes of the same experiment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: per row of the table: the model's name and, of all sizes alike, what makes it this row
MODELS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "residual-unet": ("kronecker-unet", {"kronecker": 1}),
    "kronecker-unet": ("kronecker-unet", {"kronecker": 2}),
    "modl": ("modl", {"kronecker": 1}),
    "kronecker-modl": ("modl", {"kronecker": 2}),
    "swinmr": ("swinmr", {"kronecker": 1}),
    "kronecker-swinmr": ("swinmr", {"kronecker": 2}),
    "unet": ("unet", {}),
    "lb-unet": ("lb-unet", {}),
    "efficient-unet": ("efficient-unet", {}),
    "kronecker-cascade": ("kronecker-cascade", {}),
    "kronecker-unet-4": ("kronecker-unet", {"kronecker": 4}),
    "kronecker-unet-8": ("kronecker-unet", {"kronecker": 8}),
}
TITLES = {
    "zero-filled": "zero-filled",
    "l1-wavelet": "l1-wavelet",
    "lb-unet": "LB-UNet",
    "efficient-unet": "Efficient U-Net",
    "unet": "U-Net (fastMRI's)",
    "residual-unet": "residual U-Net",
    "kronecker-unet": "Kronecker U-Net",
    "swinmr": "SwinMR",
    "kronecker-swinmr": "Kronecker SwinMR",
    "modl": "MoDL",
    "kronecker-modl": "Kronecker MoDL",
    "kronecker-cascade": "Kronecker cascade (extra)",
    "kronecker-unet-4": "Kronecker U-Net, n = 4",
    "kronecker-unet-8": "Kronecker U-Net, n = 8",
}
#: the Kronecker network and the network of plain layers that it is otherwise equal to
TWINS = {
    "kronecker-unet": "residual-unet",
    "kronecker-swinmr": "swinmr",
    "kronecker-modl": "modl",
}
#: a network takes the learning rate of its family, which is tuned on the dense network
FAMILIES = {
    "kronecker-unet": "residual-unet",
    "kronecker-unet-4": "residual-unet",
    "kronecker-unet-8": "residual-unet",
    "kronecker-swinmr": "swinmr",
    "kronecker-modl": "modl",
}
TABLE = tuple(MODELS)[:10]
SWEEP = ("kronecker-unet-4", "kronecker-unet-8")
LIMITED = ("residual-unet", "kronecker-unet")


@dataclass(frozen=True)
class Size:
    """How large the study is.

    Attributes:
        name: of the size.
        pixels: of the images along each side.
        objects: of each split.
        batch: slices a step.
        steps: of each network of the table and of the sweep.
        limited_steps: of each network of the experiment with few cases.
        rate_steps: of each learning rate that is tried.
        rates: that are tried for each family.
        weights: of the l1-wavelet's sparsity that are tried at each acceleration.
        fractions: of the training cases.
        seeds: of the experiment with few cases.
        validations: of each training.
        settings: of each model.
        limited_settings: what the networks of the experiment with few cases have instead.
        note: what a reader must know of how these numbers were chosen.
    """

    name: str
    pixels: int
    objects: Mapping[str, int]
    batch: int
    steps: int
    limited_steps: int
    rate_steps: int
    rates: tuple[float, ...]
    weights: tuple[float, ...]
    fractions: tuple[float, ...]
    seeds: tuple[int, ...]
    validations: int
    settings: Mapping[str, Mapping[str, Any]]
    limited_settings: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""


QUICK = Size(
    name="quick",
    pixels=32,
    objects={"train": 4, "validation": 2, "test": 4},
    batch=2,
    steps=2,
    limited_steps=2,
    rate_steps=1,
    rates=(1e-3,),
    weights=(12.0,),
    fractions=(0.5, 1.0),
    seeds=(0, 1),
    validations=1,
    settings={
        "kronecker-unet": {"width": 8, "depth": 1, "consistency": 1},
        "modl": {"width": 8, "layers": 2, "steps": 1},
        "swinmr": {"embedding": 16, "blocks": 1, "depth": 1, "heads": 2, "patch": 4},
        "unet": {"width": 8, "depth": 2, "consistency": 1},
        "efficient-unet": {"width": 0.25, "consistency": 1},
        "lb-unet": {"width": 4, "consistency": 1},
        "kronecker-cascade": {"steps": 1, "width": 8, "levels": 2},
    },
)
#: for an hour of one core
STUDY = Size(
    name="study",
    pixels=128,
    objects={"train": 160, "validation": 12, "test": 40},
    batch=2,
    steps=1200,
    limited_steps=250,
    rate_steps=100,
    rates=(5e-4, 2e-3),
    weights=(1.5, 3.0, 6.0, 12.0, 24.0, 48.0, 96.0),
    fractions=(0.1, 0.5, 1.0),
    seeds=(0, 1, 2),
    validations=4,
    settings={
        "kronecker-unet": {"width": 24, "consistency": 1},
        "modl": {"width": 32, "steps": 3},
        "swinmr": {
            "embedding": 48, "blocks": 2, "depth": 2, "heads": 6, "patch": 4, "consistency": 1,
        },
        "unet": {"width": 12, "consistency": 1},
        "efficient-unet": {"width": 0.5, "consistency": 1},
        "lb-unet": {"width": 16, "consistency": 1},
        "kronecker-cascade": {"steps": 3},
    },
    limited_settings={"width": 16},
    note=(
        "The batch and the number of steps were changed once, for all networks alike, after a "
        "shorter trial of the two residual U-Nets whose test scores were seen; widths of networks "
        "that had not been trained yet were cut to fit the time. Nothing else was chosen by "
        "anything but the validation cases."
    ),
)  # fmt: skip
#: the networks as they are by default, for a GPU
FULL = Size(
    name="full",
    pixels=192,
    objects={"train": 420, "validation": 64, "test": 200},
    batch=8,
    steps=20_000,
    limited_steps=10_000,
    rate_steps=1000,
    rates=(2e-4, 5e-4, 1e-3),
    weights=STUDY.weights,
    fractions=(0.1, 0.5, 1.0),
    seeds=(0, 1, 2),
    validations=20,
    settings={name: {} for name in STUDY.settings},
)
SIZES = {size.name: size for size in (QUICK, STUDY, FULL)}


@dataclass(frozen=True)
class Run:
    """One training of the study.

    Attributes:
        name: of its file.
        part: ``table``, ``limited``, ``sweep``, or ``long``: few cases with the table's budget.
        row: in ``MODELS``.
        seed: of the first weights, the order of the objects, masks and noise.
        fraction: of the training cases.
    """

    name: str
    part: str
    row: str
    seed: int = 0
    fraction: float = 1.0


def settings(size: Size, row: str, part: str = "table") -> dict[str, Any]:
    """Of the network of a row."""
    model, own = MODELS[row]
    instead = size.limited_settings if part == "limited" else {}
    return {**size.settings[model], **instead, **own}


def runs(size: Size) -> list[Run]:
    """Every training, the most important first."""
    *table, extra = [Run(row, "table", row) for row in TABLE]
    limited = [
        Run(f"limited-{row}-{100 * fraction:g}-{seed}", "limited", row, seed, fraction)
        for seed in size.seeds
        for fraction in size.fractions
        for row in LIMITED
    ]
    sweep = [Run(row, "sweep", row) for row in SWEEP]
    fewest = min(size.fractions)
    long = [Run(f"long-{row}-{100 * fewest:g}", "long", row, 0, fewest) for row in LIMITED]
    return [*table, *limited, *sweep, extra, *long]
