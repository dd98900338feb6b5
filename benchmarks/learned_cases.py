"""The scans that the trained networks are tested on, in groups that share one row of a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from torch import Tensor

from feathermr import Acquisition, Undersampling, load, simulate
from feathermr.phantom import from_image

ANATOMIES = ("brain", "knee", "abdomen", "heart")
#: of the first subject; the defaults of the classical methods were chosen on 1000 and above
FIRST_SEED = 2000
SNR, IMAGE_SNR = 30.0, 40.0
SIMULATED_ACCELERATIONS = (4, 8)
#: of retrospective scans of images, by coils
IMAGE_ACCELERATIONS = {1: (4, 8), 8: (4, 6)}


@dataclass(frozen=True)
class Size:
    """How much is measured.

    Attributes:
        anatomies: simulated.
        subjects: of each.
        shape: (y, x) of simulated scans.
        images: of each label, with one coil; 0 for all.
        images_with_coils: of each label, with eight coils.
        conditions: of the robustness table; 0 for all.
        folds: times that other samples of a raw scan are held out.
    """

    anatomies: tuple[str, ...] = ANATOMIES
    subjects: int = 3
    shape: tuple[int, int] = (176, 160)
    images: int = 0
    images_with_coils: int = 4
    conditions: int = 0
    folds: int = 3


QUICK = Size(("knee",), 2, (88, 80), 1, 1, 3, 1)


@dataclass(frozen=True)
class Scan:
    """One undersampled scan with its reference (slice, frame, y, x)."""

    name: str
    given: Acquisition
    reference: Tensor


@dataclass(frozen=True)
class Group:
    """Scans of one row.

    Attributes:
        title: in tables, without coils and acceleration.
        coils: number of them.
        acceleration: asked for.
        target: dB over the best tuned classical method; 0 for none.
        scans: undersampled.
    """

    title: str
    coils: int
    acceleration: float
    target: float
    scans: tuple[Scan, ...]

    @property
    def name(self) -> str:
        """For tables."""
        return f"{self.title}, {count(self.coils)}, {self.acceleration:g}x"


@dataclass(frozen=True)
class Condition:
    """One row of the robustness table."""

    title: str
    coils: int = 1
    acceleration: float = 4
    pattern: str = "random"
    snr: float = SNR
    shape: tuple[int, int] | None = None


CONDITIONS = (
    Condition("points", acceleration=6, pattern="poisson"),
    Condition("odd sizes", shape=(171, 157)),
    Condition("twice", 8, acceleration=2),
    Condition("points", 8, acceleration=6, pattern="poisson"),
    Condition("twice", acceleration=2),
    Condition("noisy", snr=10),
    Condition("noisy", 8, snr=10),
    Condition("hardly noisy", snr=100),
    Condition("hardly noisy", 8, snr=100),
    Condition("odd sizes", 8, shape=(171, 157)),
    Condition("small", acceleration=4, shape=(128, 112)),
    Condition("large", acceleration=8, shape=(384, 320)),
    Condition("equispaced", 8, acceleration=4, pattern="equispaced"),
    Condition("many coils", 16),
    Condition("many coils", 32),
)


def count(coils: int) -> str:
    return f"{coils} coil" + ("s" if coils > 1 else "")


def simulated(size: Size) -> Iterator[Group]:
    """Random lines of simulated scans; coil maps are not given."""
    for anatomy in size.anatomies:
        for coils in (1, 8):
            complete = [
                simulate(
                    anatomy, shape=size.shape, coils=coils, snr=SNR, seed=FIRST_SEED + subject
                ).without_coil_maps()
                for subject in range(size.subjects)
            ]
            for acceleration in SIMULATED_ACCELERATIONS:
                scans = [
                    undersampled(f"{anatomy} {subject}", scan, acceleration, "random", subject)
                    for subject, scan in enumerate(complete)
                ]
                yield Group(anatomy, coils, acceleration, 4.0, tuple(scans))


def undersampled(
    name: str, complete: Acquisition, acceleration: float, pattern: str, seed: int
) -> Scan:
    if complete.reference is None:
        raise ValueError(f"{name} has no reference")
    given = Undersampling(acceleration, pattern, seed=FIRST_SEED + seed)(complete)
    return Scan(name, given, complete.reference)


def conditions(size: Size) -> Iterator[tuple[Condition, tuple[int, int], Group]]:
    """A brain and a knee of each condition."""
    for condition in CONDITIONS[: size.conditions or None]:
        quick = size.conditions > 0
        shape = size.shape if quick or condition.shape is None else condition.shape
        if quick and condition.shape is not None:
            shape = (size.shape[0] - 1, size.shape[1] + 1)
        scans = [
            undersampled(
                anatomy,
                simulate(
                    anatomy, shape=shape, coils=condition.coils, snr=condition.snr,
                    seed=FIRST_SEED + 100,
                ).without_coil_maps(),
                condition.acceleration,
                condition.pattern,
                number,
            )
            for number, anatomy in enumerate(("brain", "knee"))
        ]  # fmt: skip
        group = Group(condition.title, condition.coils, condition.acceleration, 0, tuple(scans))
        yield condition, shape, group


def images(label: str, paths: Sequence[Path], size: Size) -> Iterator[Group]:
    """Retrospective scans of images, with one coil and with eight."""
    for coils, accelerations in IMAGE_ACCELERATIONS.items():
        most = size.images if coils == 1 else size.images_with_coils
        chosen = spread(paths, most)
        complete = [
            from_image(one_image(path), coils=coils, snr=IMAGE_SNR, seed=number).without_coil_maps()
            for number, path in enumerate(chosen)
        ]
        for acceleration in accelerations:
            scans = [
                undersampled(f"image {number}", scan, acceleration, "random", number)
                for number, scan in enumerate(complete)
            ]
            yield Group(label, coils, acceleration, 2.0, tuple(scans))


def spread(paths: Sequence[Path], most: int) -> list[Path]:
    """At most so many, evenly chosen; all for 0."""
    if most == 0 or len(paths) <= most:
        return list(paths)
    return [paths[index * len(paths) // most] for index in range(most)]


def one_image(path: Path) -> Acquisition:
    """The first frame of the central slice."""
    scan = load(path)
    if scan.reference is None or scan.header.origin != "image":
        raise SystemExit(f"{path} is no image; give raw k-space by --raw")
    middle = scan.n_slices // 2
    scan = scan.slices(middle, middle + 1)
    mask = scan.mask if scan.mask.shape[1] == 1 else scan.mask[:, :1]
    return replace(
        scan,
        kspace=scan.kspace[:, :1],
        mask=mask,
        reference=None if scan.reference is None else scan.reference[:, :1],
        header=replace(scan.header, frame_times=()),
    )
