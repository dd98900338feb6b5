"""The films of the heart study: simulated hearts and real slices, undersampled by fixed masks."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from feathermr import Acquisition, Undersampling, load, simulate
from feathermr.core.crop import center_crop
from feathermr.core.fft import fft, ifft
from feathermr.phantom import from_image

#: seeds of the first subjects; trainings draw theirs by other generators, and the defaults of the
#: classical methods were chosen on others
FIRST_TEST, FIRST_TUNING, FIRST_MASK = 8000, 7000, 9000
SNR = 40.0
#: most lines in the center by acceleration: at 12 the 11 lines of 5 and 8 would be nearly all
CENTERS: Mapping[float, int] = {5: 11, 8: 11, 12: 4}
#: lines outside the center that a frame has at least
FEWEST_OUTSIDE = 2
PATTERN = "kt-random"
#: slices of the real film that classical methods are tuned on, by the names of their files
TUNING_FILMS = ("sax_loc+001.55", "lax_loc+033.65")


@dataclass(frozen=True)
class Size:
    """How much is measured.

    Attributes:
        name: of the size.
        subjects: simulated, of one coil and of eight.
        tuning: the same of those that methods are tuned on.
        shape: (y, x) of simulated films.
        frames: of simulated films.
        film: matrix that the k-space of real films is cropped to; 0 for as it is.
        films_with_coils: real slices with eight coils; with one coil they are all taken.
        accelerations: of every film.
        repeats: runs whose median is the time.
    """

    name: str = "study"
    subjects: tuple[int, int] = (6, 2)
    tuning: tuple[int, int] = (3, 1)
    shape: tuple[int, int] = (128, 128)
    frames: int = 20
    film: int = 128
    films_with_coils: int = 1
    accelerations: tuple[float, ...] = (5, 8, 12)
    repeats: int = 3


QUICK = Size("quick", (1, 1), (1, 1), (48, 40), 20, 48, 1, (5,), 1)


@dataclass(frozen=True)
class Source:
    """A complete film, described so that any process can make it.

    Attributes:
        name: for tables and files.
        kind: ``simulated`` or ``film``.
        seed: of everything random.
        coils: number of them.
        shape: matrix (y, x); (0, 0) for as it is.
        frames: of a simulated film.
        path: of a real film.
        digest: of its file.
    """

    name: str
    kind: str
    seed: int
    coils: int
    shape: tuple[int, int]
    frames: int = 0
    path: str = ""
    digest: str = ""

    def record(self) -> dict[str, Any]:
        """What decides the film, without where its file lies."""
        return {key: value for key, value in asdict(self).items() if key != "path"}


@dataclass(frozen=True)
class Group:
    """Films of one kind and number of coils.

    Attributes:
        key: in the stored record.
        title: in tables.
        coils: number of them.
        test: films of the tables.
        tuning: films that methods are tuned on.
    """

    key: str
    title: str
    coils: int
    test: tuple[Source, ...]
    tuning: tuple[Source, ...]


def groups(size: Size, films: Sequence[Path]) -> list[Group]:
    """All films of the study; those of real slices only where files are given."""
    found = []
    for place, coils in enumerate((1, 8)):
        hearts = [
            tuple(
                Source(f"heart-{first + n}-{coils}", "simulated", first + n, coils, size.shape,
                       size.frames)
                for n in range(count)
            )
            for first, count in ((FIRST_TEST, size.subjects[place]),
                                 (FIRST_TUNING, size.tuning[place]))
        ]  # fmt: skip
        title = f"simulated hearts, {count_coils(coils)}"
        found.append(Group(f"simulated-{coils}", title, coils, *hearts))
    if films:
        tuning = [path for path in sorted(films) if path.stem in TUNING_FILMS]
        test = [path for path in sorted(films) if path.stem not in TUNING_FILMS]
        if not tuning or not test:
            raise SystemExit(f"--films needs {' or '.join(TUNING_FILMS)} to tune on, and others")
        for coils, most in ((1, len(test)), (8, size.films_with_coils)):
            chosen = [test[n * len(test) // most] for n in range(min(most, len(test)))]
            found.append(
                Group(
                    f"film-{coils}", f"real film, {count_coils(coils)}", coils,
                    tuple(film_source(path, n, coils, size) for n, path in enumerate(chosen)),
                    tuple(film_source(path, 50 + n, coils, size) for n, path in enumerate(tuning)),
                )
            )  # fmt: skip
    return found


def film_source(path: Path, number: int, coils: int, size: Size) -> Source:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    shape = (size.film, size.film)
    name = f"{path.stem}-{coils}"
    return Source(name, "film", number, coils, shape, path=str(path), digest=digest)


def count_coils(coils: int) -> str:
    return f"{coils} coil" + ("s" if coils > 1 else "")


@functools.lru_cache(maxsize=2)
def complete(source: Source) -> Acquisition:
    """The film; of several coils the maps are not given, so that every method estimates them."""
    if source.kind == "simulated":
        scan = simulate(
            "heart", frames=source.frames, shape=source.shape, coils=source.coils, snr=SNR,
            seed=source.seed,
        )  # fmt: skip
    else:
        film = at_size(load(Path(source.path)), source.shape)
        scan = from_image(film, coils=source.coils, snr=SNR, seed=source.seed)
    return scan.without_coil_maps() if source.coils > 1 else scan


def at_size(film: Acquisition, shape: tuple[int, int]) -> Acquisition:
    """A magnitude film at a lower resolution: the center of its k-space; as it is for (0, 0)."""
    if film.reference is None or film.n_frames < 2:
        raise SystemExit("a real film is a file of magnitude images over time")
    if shape == (0, 0) or shape == film.shape:
        return film
    kspace = center_crop(fft(film.reference.abs().to(film.kspace.dtype)), shape)
    magnitude = ifft(kspace).abs()
    image = magnitude.to(film.kspace.dtype)
    return replace(
        film,
        kspace=fft(image)[:, :, None],
        mask=film.mask.new_ones(1, 1, 1, 1, 1).expand(image[:, :, None].shape),
        reference=magnitude,
    )


def center_lines(lines: int, acceleration: float) -> int:
    """Lines in the center of a frame."""
    return max(1, min(CENTERS[acceleration], round(lines / acceleration) - FEWEST_OUTSIDE))


def undersampled(source: Source, acceleration: float) -> Acquisition:
    """The film by a mask of its own."""
    scan = complete(source)
    center = center_lines(scan.kspace.shape[scan.header.phase_axis], acceleration)
    seed = FIRST_MASK + source.seed
    return Undersampling(acceleration, PATTERN, center=center, seed=seed)(scan)
