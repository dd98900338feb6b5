"""How long a step takes the processor: all variants in turns on the same examples.

In turns, because other programs slow a busy machine by a tenth or two for minutes; the quickest of
several times, because nothing makes a step quicker than it is.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from feathermr.models.table import build
from feathermr.training.continuous import answers
from feathermr.training.example import Example, Examples
from feathermr.training.losses import make_loss
from feathermr.training.module import make_optimiser
from feathermr.training.recipe import Recipe


class Learner:
    """What a step of a training does, without what all trainings do alike."""

    def __init__(self, recipe: Recipe, examples: Examples) -> None:
        self.examples = examples
        self.network = build(recipe.model, recipe.settings, recipe.seed)
        self.optimiser = make_optimiser(recipe.optimiser, self.network.parameters())
        self.loss = make_loss(recipe.loss.name, recipe.loss.settings)

    def step(self, number: int) -> float:
        """Seconds of the processor in one step."""
        begun = time.process_time()
        example = self.examples[number]
        if not isinstance(example, Example):
            raise TypeError(type(example).__name__)
        total = sum(
            self.loss(image, example.target).total for image in answers(self.network, example)
        )
        total.backward()
        self.optimiser.step()
        self.optimiser.zero_grad()
        return time.process_time() - begun


def seconds_per_step(
    trainings: Mapping[str, tuple[Recipe, Examples]], steps: int, rounds: int
) -> dict[str, float]:
    """Mean over so many steps of the quickest of as many times as there are rounds, by name."""
    learners = {name: Learner(*training) for name, training in trainings.items()}
    total = dict.fromkeys(learners, 0.0)
    for number in range(steps):
        quickest = dict.fromkeys(learners, float("inf"))
        for _ in range(rounds):
            for name, learner in learners.items():
                quickest[name] = min(quickest[name], learner.step(number))
        for name, seconds in quickest.items():
            total[name] += seconds / steps
    return total
