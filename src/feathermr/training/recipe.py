"""Everything that a training depends on, as a tree of frozen records; and the recipes that ship."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import yaml

from feathermr.core.atomic import written_file
from feathermr.core.errors import DataError, UsageError
from feathermr.core.registry import look_up
from feathermr.training.cache.config import CacheConfig
from feathermr.training.distill.settings import DistillationRecipe
from feathermr.training.fastmri_data import FastmriConfig
from feathermr.training.film_data import FilmConfig
from feathermr.training.image_config import ImagesConfig
from feathermr.training.reading import extended, override, plain, read
from feathermr.training.schedule import ScheduleConfig
from feathermr.training.simulated import SimulatedConfig

#: name -> file beside this one
RECIPES: Mapping[str, str] = {
    "unet": "unet.yaml",
    "kronecker-unet": "kronecker-unet.yaml",
    "swinmr": "swinmr.yaml",
    "kronecker-swinmr": "kronecker-swinmr.yaml",
    "modl": "modl.yaml",
    "kronecker-modl": "kronecker-modl.yaml",
    "kronecker-cascade": "kronecker-cascade.yaml",
    "kronecker-cine": "kronecker-cine.yaml",
    "lb-unet": "lb-unet.yaml",
    "efficient-unet": "efficient-unet.yaml",
    "kronecker-unet-fastmri": "kronecker-unet-fastmri.yaml",
    "cine-dual-unet": "cine-dual-unet.yaml",
    "cine-dual-unet-l1": "cine-dual-unet-l1.yaml",
    "cine-dual-unet-plain": "cine-dual-unet-plain.yaml",
    "cine-dual-unet-no-attention": "cine-dual-unet-no-attention.yaml",
    "cine-dual-unet-2": "cine-dual-unet-2.yaml",
    "cine-dual-unet-3": "cine-dual-unet-3.yaml",
    "swinir-teacher": "swinir-teacher.yaml",
    "swinir-teacher-x2": "swinir-teacher-x2.yaml",
    "swinir-teacher-x3": "swinir-teacher-x3.yaml",
    "swinir-teacher-x4": "swinir-teacher-x4.yaml",
    "chpnet": "chpnet.yaml",
    "chpnet-x2": "chpnet-x2.yaml",
    "chpnet-x3": "chpnet-x3.yaml",
    "chpnet-x4": "chpnet-x4.yaml",
    "chpnet-distill": "chpnet-distill.yaml",
    "chpnet-x2-distill": "chpnet-x2-distill.yaml",
    "chpnet-x3-distill": "chpnet-x3-distill.yaml",
    "chpnet-x4-distill": "chpnet-x4-distill.yaml",
    "kronecker-modl-distill": "kronecker-modl-distill.yaml",
    "liif-rdn3d": "liif-rdn3d.yaml",
    "liif-unet3d": "liif-unet3d.yaml",
    "liif-conv2d": "liif-conv2d.yaml",
}

#: part of a training's metrics by which the best weights are chosen -> whether more is better
MONITORS: Mapping[str, bool] = {"loss": False, "psnr": True, "ssim": True, "nmse": False}

Precision = Literal["32-true", "bf16-mixed", "16-mixed", "64-true"]


@dataclass(frozen=True)
class DataRecipe:
    """Where examples come from.

    Attributes:
        source: ``simulated``; ``fastmri``: a folder of files that the command line names;
            ``films``: a file that it names, or simulated films when it names none; ``images``: a
            folder of pictures, or simulated ones.
        simulated: what the simulator draws.
        fastmri: which slices of a folder are used, and how they are undersampled.
        films: how the films of a file are dealt out and undersampled.
        images: how the pictures of a folder are dealt out, and what is taken from them.
        credits: sources and licences of the real images that are objects of simulated scans, as
            their folder names them (``credits.txt``); found when a training begins.
        validation: number of batches of the fixed validation set; 0 for all that the data have.
        cache: how often an example is met; off as long as its ``reuse`` is 0.
    """

    source: Literal["simulated", "fastmri", "films", "images"] = "simulated"
    simulated: SimulatedConfig = field(default_factory=lambda: SimulatedConfig(batch=8))
    fastmri: FastmriConfig = field(default_factory=FastmriConfig)
    films: FilmConfig = field(default_factory=FilmConfig)
    images: ImagesConfig = field(default_factory=ImagesConfig)
    credits: tuple[str, ...] = ()
    validation: int = 16
    cache: CacheConfig = field(default_factory=CacheConfig)

    def __post_init__(self) -> None:
        if self.validation < 0 or (self.validation == 0 and self.source == "simulated"):
            raise UsageError("validation is a number of batches, at least 1")


@dataclass(frozen=True)
class LossRecipe:
    """What is made small.

    Attributes:
        name: in the table of losses.
        settings: values for its fields.
        earlier: weight of the image after each step of an unrolled model, beside the one after it;
            0 to train the last image only.
    """

    name: str = "composite"
    settings: dict[str, Any] = field(default_factory=dict)
    earlier: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.earlier <= 1:
            raise UsageError(f"earlier must be from 0 to 1, not {self.earlier:g}")


@dataclass(frozen=True)
class OptimiserRecipe:
    """How weights follow the gradient.

    Attributes:
        name: Adam, Adam with decoupled weight decay, or `Muon`.
        learning_rate: the largest.
        weight_decay: pull of all weights to zero.
        betas: decay of the averages of the gradient and of its square.
        clip: largest Euclidean norm of the gradient; 0 for any.
    """

    name: Literal["adam", "adamw", "muon"] = "adam"
    learning_rate: float = 2e-4
    weight_decay: float = 0.0
    betas: tuple[float, float] = (0.9, 0.999)
    clip: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.learning_rate < 10:
            raise UsageError(f"learning_rate must be between 0 and 10, not {self.learning_rate:g}")
        if self.weight_decay < 0 or self.clip < 0:
            raise UsageError("weight_decay and clip must be at least 0")
        if not all(0 <= beta < 1 for beta in self.betas):
            raise UsageError("betas must be from 0 to below 1")


@dataclass(frozen=True)
class TrainerRecipe:
    """How long, how exactly, and what is written when.

    Attributes:
        steps: of the optimiser in all.
        validate_every: steps.
        checkpoint_every: steps; the validations are checkpoints anyhow.
        checkpoint_minutes: longest time without a checkpoint.
        log_every: steps that one row of the metrics averages.
        average: decay of the moving average of the weights; 0 for none.
        precision: of the computation; the weights themselves stay in single precision when mixed.
        monitor: the validation's metric that chooses the best weights.
        patience: validations without a new best after which the training ends; 0 for never.
    """

    steps: int = 50_000
    validate_every: int = 1000
    checkpoint_every: int = 500
    checkpoint_minutes: float = 10.0
    log_every: int = 50
    average: float = 0.999
    precision: Precision = "32-true"
    monitor: str = "psnr"
    patience: int = 0

    def __post_init__(self) -> None:
        look_up(MONITORS, self.monitor, "metric to monitor")
        counts = (self.steps, self.validate_every, self.checkpoint_every, self.log_every)
        if min(counts) < 1 or self.patience < 0 or self.checkpoint_minutes <= 0:
            raise UsageError("steps and intervals must be at least 1, patience at least 0")
        if not 0 <= self.average < 1:
            raise UsageError(f"average must be from 0 to below 1, not {self.average:g}")


@dataclass(frozen=True)
class Recipe:
    """A training, complete: the same recipe, data and number of ranks give the same weights.

    Attributes:
        model: in the table of models.
        summary: one line for people.
        settings: values for the fields of the model's configuration.
        seed: of the first weights and of everything random.
        data: where examples come from.
        loss: what is made small.
        optimiser: how.
        schedule: of the learning rate.
        trainer: how long, and what is written when.
        distillation: from a teacher; off as long as there is none.
        origin: SHA-256 of the weights that the training starts from, as ``--from`` found it; empty
            for first weights drawn by the seed.
    """

    model: str
    summary: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    seed: int = 0
    data: DataRecipe = field(default_factory=DataRecipe)
    loss: LossRecipe = field(default_factory=LossRecipe)
    optimiser: OptimiserRecipe = field(default_factory=OptimiserRecipe)
    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)
    trainer: TrainerRecipe = field(default_factory=TrainerRecipe)
    distillation: DistillationRecipe = field(default_factory=DistillationRecipe)
    origin: str = ""

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise UsageError(f"seed must be at least 0, not {self.seed}")


class _StrictLoader(yaml.SafeLoader):  # type: ignore[misc]
    """Plain values only, and no key twice."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        """Refuse a key that comes twice."""
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"the key '{key}' comes twice")
        found: dict[Hashable, Any] = super().construct_mapping(node, deep)
        return found


def load_recipe(path: Path, changes: Mapping[str, str] | None = None) -> Recipe:
    """The recipe in a YAML file.

    Args:
        path: the file.
        changes: values of dotted keys, as texts: ``{"optimiser.learning_rate": "1e-3"}``.

    Raises:
        DataError: no such file, or not YAML.
        UsageError: a key or value that a recipe does not have.
    """
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise DataError(f"cannot read the recipe {path}: {reason}") from None
    return parse_recipe(text, path.name, changes)


def named_recipe(name: str, changes: Mapping[str, str] | None = None) -> Recipe:
    """A recipe that ships; see `load_recipe`.

    Example:
        >>> named_recipe("kronecker-unet", {"trainer.steps": "100"}).trainer.steps
        100
    """
    file = look_up(RECIPES, name, "recipe")
    return parse_recipe(_shipped(file), file, changes)


def parse_recipe(text: str, source: str, changes: Mapping[str, str] | None = None) -> Recipe:
    """The recipe that a text says; ``source`` names it in errors.

    ``base: NAME`` takes all that the text leaves out from a recipe that ships.
    """
    return read(Recipe, override(_complete(text, source), changes or {}))


def _complete(text: str, source: str) -> dict[str, Any]:
    """What a text says, with what its base says, and the base of that."""
    given = _parsed(text, source)
    base = given.pop("base", None)
    if base is None:
        return given
    if not isinstance(base, str):
        raise UsageError(f"base must be the name of a recipe, not {base!r}")
    file = look_up(RECIPES, base, "recipe")
    return extended(Recipe, _complete(_shipped(file), file), given)


def _shipped(file: str) -> str:
    return (files(__package__) / "recipes" / file).read_text()


def _parsed(text: str, source: str) -> dict[str, Any]:
    try:
        given = yaml.load(text, Loader=_StrictLoader)
    except yaml.YAMLError as error:
        raise DataError(f"{source} is no YAML: {' '.join(str(error).split())}") from None
    if not isinstance(given, Mapping):
        raise DataError(f"{source} must be keys with values")
    return dict(given)


def save_recipe(recipe: Recipe, path: Path) -> None:
    """Write the recipe with every value; `load_recipe` gives an equal one."""
    with written_file(path) as beside:
        beside.write_text(yaml.safe_dump(plain(recipe), sort_keys=False, width=100))
