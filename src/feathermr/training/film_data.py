"""A file of complete films as examples to train, to validate and to test with.

The file has the layout of public heart films: a NumPy ``.npz`` with the array ``dataset``, (sample,
frame, x, y), of magnitudes. Here an image is (frame, y, x) and lines are skipped along y.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, final

import torch
from torch import Tensor

from feathermr.acquisition import Acquisition, Header
from feathermr.core.errors import UsageError
from feathermr.core.fft import fft
from feathermr.core.registry import look_up
from feathermr.core.seeding import generator
from feathermr.phantom import (
    at_scan_resolution,
    coil_correlation,
    coil_maps,
    noise_level,
    sample_noise,
    scanner_phase,
)
from feathermr.sampling import PATTERNS
from feathermr.training.example import Example, join, pose_example
from feathermr.training.film_file import read_films
from feathermr.training.splits import Split, by_case

#: of an endless source
ENDLESS = 2**31
#: along which lines are skipped
PHASE_AXIS = -2
CRIME = (
    "phase, coils and noise of these films are simulated, and their k-space is computed from the "
    "images that the result is compared with: scores are better than with measured k-space"
)
BLOCKS = (
    "the file names no subject, so its films are dealt out in blocks of neighbours, and whoever is "
    "at a border may be in two of them"
)


@dataclass(frozen=True)
class FilmConfig:
    """How the films of a file are dealt out and undersampled.

    Attributes:
        frames: that every film must have; 0 for any.
        parts: of the films, in proportion, to train, to validate and to test with.
        patterns: how often each sampling pattern is drawn.
        accelerations: each as likely.
        center: central lines that every frame has, or below 1 their share of all.
        coils: numbers of simulated coils, each as likely as it is often listed.
        estimated: how often the maps of several coils are estimated from the samples; else the
            true ones are given.
        snr: ends of the range of the signal-to-noise ratio, drawn evenly on a log scale; infinite
            for films as they are.
        batch: films an example; fewer in the last one of an epoch.
    """

    frames: int = 0
    parts: tuple[int, int, int] = (4, 1, 2)
    patterns: dict[str, float] = field(default_factory=lambda: {"kt-random": 1.0})
    accelerations: tuple[float, ...] = (5.0,)
    center: float = 11
    coils: tuple[int, ...] = (1,)
    estimated: float = 0.6
    snr: tuple[float, float] = (30.0, 150.0)
    batch: int = 1

    def __post_init__(self) -> None:
        for name, share in self.patterns.items():
            look_up(PATTERNS, name, "sampling pattern")
            if not 0 <= share < math.inf:
                raise UsageError(f"the share of the pattern {name} must be positive, not {share}")
        if sum(self.patterns.values()) == 0:
            raise UsageError("patterns must give at least one sampling pattern a share")
        if not self.accelerations or min(self.accelerations) < 1:
            raise UsageError(f"accelerations must be at least 1, not {self.accelerations}")
        if min(self.parts) < 1 or self.frames < 0 or self.center <= 0:
            raise UsageError("parts must be at least 1, frames at least 0, center above 0")
        if self.center >= 1 and self.center != int(self.center):
            raise UsageError(f"center is a whole number or a share, not {self.center:g}")
        if not self.coils or min(self.coils) < 1 or not 0 <= self.estimated <= 1:
            raise UsageError("coils must be at least 1, estimated from 0 to 1")
        if not 0 < self.snr[0] <= self.snr[1]:
            raise UsageError(f"snr must be positive and grow, not {self.snr}")
        if self.batch < 1:
            raise UsageError("batch must be at least 1")


class FilmData(NamedTuple):
    """The examples of a file.

    Attributes:
        train: without end; every film comes once an epoch, each time with another phase and mask.
        validation: each film once, always with the same phase and mask.
        test: likewise.
        notes: sentences that a user has to read.
    """

    train: FilmExamples
    validation: FilmExamples
    test: FilmExamples
    notes: tuple[str, ...]


def open_films(path: str | Path, config: FilmConfig, seed: int) -> FilmData:
    """Read a file of films and deal them out.

    Whole subjects go to a part when the file has an array ``subject`` (sample,); else each part is
    a block of neighbouring samples, so that slices of a subject stay together but at the borders.

    Args:
        path: of the ``.npz`` file.
        config: what is used.
        seed: of the split, the order, phases, noise and masks.

    Raises:
        DataError: the file cannot be used.
        UsageError: too few films or subjects for the split, or a mask that they cannot have.
    """
    films, subjects = read_films(Path(path), config.frames)
    split = dealt(len(films), subjects, config.parts, seed)
    uses = "train", "validate", "test"
    counts = ", ".join(f"{len(part)} to {use}" for part, use in zip(split, uses, strict=True))
    how = f"films by subject: {counts}" if subjects else f"{BLOCKS}: {counts}"
    train, validation, test = (
        FilmExamples(films, numbers, config, seed, endless=index == 0)
        for index, numbers in enumerate(split)
    )
    validation[0]  # a mask that does not fit is refused before the training begins
    return FilmData(train, validation, test, (how, CRIME))


def dealt(
    count: int, subjects: Sequence[str], parts: tuple[int, int, int], seed: int
) -> tuple[list[int], list[int], list[int]]:
    """Numbers of the films to train, to validate and to test with; none is in two.

    Args:
        count: of the films.
        subjects: one name a film, or none at all.
        parts: the proportion.
        seed: decides which subjects, or which blocks, go where.

    Raises:
        UsageError: too few.

    Example:
        >>> [len(part) for part in dealt(200, [], (4, 1, 2), seed=0)]
        [114, 29, 57]
    """
    shares = [part / sum(parts) for part in parts]
    if subjects:
        split: Split = by_case(subjects, validation=shares[1], test=shares[2], seed=seed)
        uses = (set(split.train), set(split.validation), set(split.test))
        train, validation, test = (
            [number for number, name in enumerate(subjects) if name in use] for use in uses
        )
        return train, validation, test
    if count < len(parts):
        raise UsageError(
            f"{count} film(s) cannot be dealt out to training, validation and test; use at least 3"
        )
    few = [max(1, round(share * count)) for share in shares[1:]]
    sizes = [count - sum(few), *few]
    blocks: list[list[int]] = [[], [], []]
    start = 0
    for place in torch.randperm(3, generator=generator(seed, "blocks")).tolist():
        blocks[place] = list(range(start, start + sizes[place]))
        start += sizes[place]
    return blocks[0], blocks[1], blocks[2]


@final
class FilmExamples:
    """Films as examples by index; each depends on ``(seed, index)`` alone.

    Args:
        films: (sample, frame, y, x), magnitudes.
        numbers: of the films that are used.
        config: what is used.
        seed: of order, phases, noise and masks.
        endless: go on in another order, with all that is drawn anew, after the last; else what is
            drawn belongs to the film.
    """

    def __init__(
        self, films: Tensor, numbers: Sequence[int], config: FilmConfig, seed: int, *, endless: bool
    ) -> None:
        self.films, self.numbers = films, tuple(numbers)
        self.config, self.seed, self.endless = config, seed, endless
        self.epoch_length = -(-len(self.numbers) // config.batch)

    def __len__(self) -> int:
        """Number of examples."""
        return ENDLESS if self.endless else self.epoch_length

    def __getitem__(self, index: int) -> Example:
        """The example at ``index``."""
        if not 0 <= index < len(self):
            raise IndexError(index)
        epoch, place = divmod(index, self.epoch_length)
        numbers = self._order(epoch)[place * self.config.batch : (place + 1) * self.config.batch]
        coils = self._coils(index)
        return join([self._example(number, epoch, coils) for number in numbers])

    def _order(self, epoch: int) -> list[int]:
        if not self.endless:
            return list(self.numbers)
        source = generator(self.seed, "order", epoch)
        order = torch.randperm(len(self.numbers), generator=source).tolist()
        return [self.numbers[place] for place in order]

    def _coils(self, index: int) -> tuple[int, bool]:
        """Number of coils of an example, and whether their maps are estimated."""
        source, choices = generator(self.seed, "coils", index), self.config.coils
        coils = choices[_integer(len(choices), source)]
        return coils, coils > 1 and _uniform(source) < self.config.estimated

    def _example(self, number: int, epoch: int, coils: tuple[int, bool]) -> Example:
        config, (n_coils, estimated) = self.config, coils
        use = "train" if self.endless else "fixed"
        source = generator(self.seed, "film", use, epoch, number)
        shape = (int(self.films.shape[-2]), int(self.films.shape[-1]))
        film = self.films[number][None]
        maps = at_scan_resolution(coil_maps(1, n_coils, shape, source))
        complete = fft((film * scanner_phase(film, source))[:, :, None] * maps)
        mask = self._mask(source)
        noise = sample_noise(
            tuple(complete.shape),
            source,
            coil_correlation(n_coils, source) if n_coils > 1 else None,
        )
        low, high = config.snr
        drawn = high if high == math.inf else low * (high / low) ** _uniform(source)
        noisy = complete + noise_level(complete, drawn) * noise
        return pose_example(
            Acquisition(
                kspace=torch.where(mask, noisy, torch.zeros((), dtype=complete.dtype)),
                mask=mask,
                header=Header(source="films", origin="image", phase_axis=PHASE_AXIS),
                coil_maps=None if estimated or n_coils == 1 else maps,
            ),
            complete,
        )

    def _mask(self, source: torch.Generator) -> Tensor:
        config = self.config
        shares = torch.tensor(list(config.patterns.values()))
        name = list(config.patterns)[int(torch.multinomial(shares, 1, generator=source))]
        return PATTERNS[name](
            (1, *self.films.shape[1:]),
            acceleration=config.accelerations[_integer(len(config.accelerations), source)],
            center=config.center if config.center < 1 else int(config.center),
            axis=PHASE_AXIS,
            generator=source,
        )


def _integer(count: int, source: torch.Generator) -> int:
    return int(torch.randint(count, (), generator=source))


def _uniform(source: torch.Generator) -> float:
    return float(torch.rand((), generator=source))
