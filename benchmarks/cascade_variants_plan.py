"""Which variants of the default network of still images are compared, and their recipes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import feathermr
from feathermr.training.recipe import Recipe

RECIPE = "kronecker-cascade"
#: smaller and fewer slices a step than in the recipe, so that a short time has many steps
BATCH, SIZES = 2, (72, 120)
#: of the rise of the learning rate, a share of all steps: the recipe's 100 steps are for long runs
WARM_UP = 0.1


@dataclass(frozen=True)
class Variant:
    """One change of the recipe.

    Attributes:
        title: in the table.
        changes: values of the recipe's dotted keys.
        real: real images are among the objects.
        first: number of the first weights; beyond 0 they are others than the seed's.
        like: another variant whose number of steps it gets, in place of its time.
    """

    title: str
    changes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    real: bool = True
    first: int = 0
    like: str = ""

    @property
    def words(self) -> str:
        """What ``--set`` is given for it."""
        return ", ".join(f"{key}={value}" for key, value in self.changes.items())


#: by the name of its folder; ``base`` is what the others are compared with, and ``again`` says how
#: far two trainings of the same are apart
VARIANTS: Mapping[str, Variant] = {
    "base": Variant("the recipe as it is"),
    "again": Variant("the same from other first weights", first=1),
    "sense": Variant("start from CG-SENSE alone", {"settings.start": "sense"}),
    "shared": Variant("all steps have the same weights", {"settings.shared": "true"}),
    "dense": Variant(
        "dense layers, about as many parameters",
        {"settings.kronecker": "1", "settings.width": "24"},
    ),
    "wide": Variant(
        "two steps, wider", {"settings.steps": "2", "settings.width": "40"}
    ),
    "deep": Variant(
        "five steps, narrower", {"settings.steps": "5", "settings.width": "24"}
    ),
    "short": Variant("the recipe as it is, as few steps as the row above", like="deep"),
    "one-weight": Variant(
        "one weight of consistency for all frequencies", {"settings.bands": "false"}
    ),
    "adam": Variant(
        "Adam instead of Muon",
        {"optimiser.name": "adam", "optimiser.learning_rate": "1e-3"},
    ),
    "simulator": Variant("no real images among the objects (no `--data`)", real=False),
}  # fmt: skip


def recipe_of(variant: Variant, steps: int, examples: int) -> Recipe:
    """Its recipe: so many steps on so many examples that were all drawn before."""
    changes = {
        "trainer.steps": steps,
        "trainer.validate_every": steps,
        "trainer.log_every": min(50, steps),
        "schedule.warm_up": WARM_UP,
        "data.simulated.batch": BATCH,
        "data.simulated.sizes": list(SIZES),
        "data.validation": 1,
        "data.cache.reuse": 10**6,
        "data.cache.first": examples,
        "data.cache.window": examples,
    }
    given = {key: str(value) for key, value in changes.items()}
    return feathermr.named_recipe(RECIPE, {**given, **variant.changes})
