"""Films of which few frames are acquired and many more are known."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cine_study_scans import FIRST_MASK, FIRST_TEST, FIRST_TUNING, SNR, TUNING_FILMS, at_size
from implicit_study_plan import Size

from feathermr import Acquisition, Undersampling, load, simulate
from feathermr.phantom import from_image

PATTERN = "kt-laplacian"


@dataclass(frozen=True)
class Film:
    """One film and how much of it is acquired.

    Attributes:
        name: for tables and files.
        seed: of everything random.
        shape: matrix (y, x).
        times: at which the truth is known, in equal steps over one heart beat.
        frames: acquired ones, in equal steps.
        path: of a real film; empty for a simulated heart.
    """

    name: str
    seed: int
    shape: tuple[int, int]
    times: int
    frames: int
    path: str = ""

    @property
    def step(self) -> int:
        """Times from one acquired frame to the next."""
        return self.times // self.frames


@dataclass(frozen=True)
class Group:
    """Films of one kind and number of acquired frames.

    Attributes:
        key: in the stored record.
        title: in tables.
        test: films of the tables.
        tuning: films that settings are chosen on.
    """

    key: str
    title: str
    test: tuple[Film, ...]
    tuning: tuple[Film, ...]


def groups(size: Size, paths: Sequence[Path]) -> list[Group]:
    """All groups; those of the real film only where files are given."""
    found = []
    for frames in size.frames:
        test, tuning = (
            tuple(
                Film(f"heart-{first + n}", first + n, size.shape, size.times, frames)
                for n in range(count)
            )
            for first, count in ((FIRST_TEST, size.subjects), (FIRST_TUNING, size.tuning))
        )
        found.append(Group(f"simulated-{frames}", "simulated hearts", test, tuning))
    for frames in size.film_frames if paths else ():
        real = [
            Film(path.stem, number, size.shape, load(path).n_frames, frames, str(path))
            for number, path in enumerate(sorted(paths))
        ]
        test = tuple(film for film in real if film.name not in TUNING_FILMS)
        tuning = tuple(film for film in real if film.name in TUNING_FILMS)
        found.append(Group(f"film-{frames}", "real film", test, tuning))
    return found


@functools.lru_cache(maxsize=2)
def complete(seed: int, shape: tuple[int, int], times: int, path: str) -> Acquisition:
    """The film at all times, of one coil."""
    if path:
        scan = from_image(at_size(load(Path(path)), shape), snr=SNR, seed=seed)
    else:
        scan = simulate("heart", frames=times, shape=shape, snr=SNR, seed=seed)
    return replace(scan, coil_maps=None)


def truth(film: Film) -> Acquisition:
    """The film at all times, of one coil."""
    return complete(film.seed, film.shape, film.times, film.path)


def acquired(film: Film, acceleration: float) -> Acquisition:
    """The frames that are measured, undersampled by a mask of their own."""
    whole, some = truth(film), slice(None, None, film.step)
    assert whole.reference is not None
    few = replace(
        whole,
        kspace=whole.kspace[:, some],
        mask=whole.mask[:, some],
        reference=whole.reference[:, some],
        header=replace(whole.header, frame_times=whole.header.frame_times[some]),
    )
    seed = FIRST_MASK + film.seed
    return Undersampling(acceleration, PATTERN, seed=seed)(few)
