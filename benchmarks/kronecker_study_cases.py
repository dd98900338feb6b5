"""The scans of the Kronecker study: fixed objects, split by case; masks and noise drawn anew."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from feathermr.acquisition import Acquisition, Header
from feathermr.core.seeding import generator
from feathermr.phantom import acquire, coil_maps, noise_level, sample_noise, scanner_signal, scene
from feathermr.sampling import PATTERNS
from feathermr.training.example import Example, join, pose_example

SEED = 2026
SNR = 30.0
ACCELERATIONS = (4, 8, 16)
#: of the objects, one after the other, so that every share of them holds both
ANATOMIES = ("knee", "brain")
KINDS = ("random", "equispaced")
#: central lines are this share of the axis over the acceleration: 8 % at 4x, 4 % at 8x
CENTER = 0.32


@dataclass(frozen=True)
class Scan:
    """One undersampled scan of the validation or the test.

    Attributes:
        subject: the object's name.
        acceleration: of its mask.
        acquisition: samples and mask; one coil.
        example: the same, scaled for a network, with its target.
    """

    subject: str
    acceleration: int
    acquisition: Acquisition
    example: Example

    @property
    def name(self) -> str:
        return f"{self.subject} {self.acceleration}x"


def subject(split: str, number: int) -> str:
    return f"{split} {ANATOMIES[number % len(ANATOMIES)]} {number}"


def objects(split: str, count: int, pixels: int) -> list[Tensor]:
    """Complete k-space (1, 1, 1, y, x) without noise of each object of a split.

    The objects of two splits are never the same, since the split is part of their seed.
    """
    found = []
    for number in range(count):
        source = generator(SEED, split, "object", number)
        shape = (pixels, pixels)
        body = scene(ANATOMIES[number % len(ANATOMIES)], 1, shape, source)
        maps = coil_maps(1, 1, shape, source)
        found.append(acquire(scanner_signal(body, source), maps, shape))
    return found


def undersampled(
    complete: Tensor, acceleration: int, kind: str, source: torch.Generator
) -> Acquisition:
    """One scan of an object: a mask over the columns, as fastMRI's, and noise."""
    lines = complete.shape[-1]
    mask = PATTERNS[kind](
        (1, 1, *complete.shape[-2:]),
        acceleration=acceleration,
        center=max(2, round(CENTER / acceleration * lines)),
        axis=-1,
        generator=source,
    )
    noise = sample_noise(tuple(complete.shape), source)
    noisy = complete + noise_level(complete, SNR) * noise
    return Acquisition(
        kspace=torch.where(mask, noisy, torch.zeros((), dtype=noisy.dtype)),
        mask=mask,
        header=Header(source="simulator", origin="simulated"),
    )


def fixed_scans(split: str, count: int, pixels: int) -> list[Scan]:
    """Every object of a split at every acceleration, with a mask and noise that never change."""
    scans = []
    for number, complete in enumerate(objects(split, count, pixels)):
        for acceleration in ACCELERATIONS:
            source = generator(SEED, split, "scan", number, acceleration)
            kind = KINDS[number // len(ANATOMIES) % len(KINDS)]
            taken = undersampled(complete, acceleration, kind, source)
            example = pose_example(taken, complete)
            scans.append(Scan(subject(split, number), acceleration, taken, example))
    return scans


def training_batch(complete: list[Tensor], batch: int, step: int, seed: int) -> Example:
    """The batch of one step: it depends on ``(seed, step)`` and the objects alone.

    Objects come in a new order in every pass; acceleration, kind of mask, mask and noise are drawn
    for each.
    """
    examples = []
    for place in range(step * batch, (step + 1) * batch):
        turn, position = divmod(place, len(complete))
        order = torch.randperm(len(complete), generator=generator(seed, "order", turn))
        source = generator(seed, "step", place)
        drawn = torch.rand(2, generator=source).tolist()
        acceleration = ACCELERATIONS[int(drawn[0] * len(ACCELERATIONS))]
        kind = KINDS[int(drawn[1] * len(KINDS))]
        chosen = complete[int(order[position])]
        examples.append(pose_example(undersampled(chosen, acceleration, kind, source), chosen))
    return join(examples)
