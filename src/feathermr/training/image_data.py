"""A folder of pictures as examples to train, to validate and to test with."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from feathermr.training.image_config import ImagesConfig
from feathermr.training.image_examples import ImageExamples
from feathermr.training.image_files import Picture, find_pictures
from feathermr.training.image_split import dealt

CRIME = (
    "phase and noise of these pictures are simulated, and their k-space is computed from the "
    "images that the result is compared with: scores are better than with measured k-space"
)
GIVEN = "pictures of low resolution are those that the folder holds"
NO_CASES = (
    "nobody says who is on which picture (data.images.case), so that each counts as a case of its "
    "own: slices of one patient may be in two parts"
)


class ImageData(NamedTuple):
    """The examples of a folder.

    Attributes:
        train: without end, crops of pictures and of natural ones in between.
        validation: each picture once, always with the same phase, noise and mask.
        test: likewise.
        notes: sentences that a user has to read.
    """

    train: ImageExamples
    validation: ImageExamples
    test: ImageExamples
    notes: tuple[str, ...]


def open_images(path: str | Path, config: ImagesConfig, seed: int) -> ImageData:
    """List the pictures of a folder and deal them out by case; a picture is read when it is used.

    Args:
        path: of the folder; see `find_pictures` for its layout.
        config: what is used.
        seed: of the split, the order, crops, phases, noise and masks.

    Raises:
        DataError: the folder cannot be used, or the first picture to validate with.
        UsageError: too few cases for the split.
    """
    found = find_pictures(Path(path), _given_scale(config))
    parts = dealt(found, config, seed)
    natural: tuple[Picture, ...] = ()
    if config.natural and config.share:
        others = find_pictures(Path(config.natural))
        natural = (*others.train, *others.test)
    train = ImageExamples(parts[0], config, seed, natural=natural, endless=True)
    validation, test = (ImageExamples(part, config, seed) for part in parts[1:])
    validation[0]  # what cannot be used is refused before the training begins
    return ImageData(train, validation, test, (*found.notes, *_notes(parts, natural, config)))


def open_test_images(path: str | Path, config: ImagesConfig, seed: int) -> ImageExamples:
    """All pictures of a folder, to test with: natural images for what transfers to them.

    Raises:
        DataError: the folder cannot be used.
    """
    found = find_pictures(Path(path), _given_scale(config))
    return ImageExamples((*found.train, *found.test), config, seed)


def _notes(
    parts: Sequence[Sequence[Picture]], natural: Sequence[Picture], config: ImagesConfig
) -> tuple[str, ...]:
    """What a user has to know of the examples."""
    uses = "train", "validate", "test"
    counts = ", ".join(f"{len(part)} to {use}" for part, use in zip(parts, uses, strict=True))
    notes = [f"pictures: {counts}"]
    if config.share:
        which = f"{len(natural)} natural pictures" if natural else "simulated natural-like pictures"
        notes.append(f"{config.share:.0%} of what is trained with are {which}")
    if not config.case:
        notes.append(NO_CASES)
    given = any(picture.low for part in parts for picture in part)
    return (*notes, GIVEN if given else CRIME)


def _given_scale(config: ImagesConfig) -> int:
    """Of the folder's pictures of low resolution that can be used."""
    fits = config.task == "super-resolution" and config.kernel == "bicubic"
    return config.scale if fits else 0
