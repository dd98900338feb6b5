"""Which pictures are trained, validated and tested with: by case, each kind by itself."""

import math
import re
from collections.abc import Iterable

from feathermr.core.errors import DataError, UsageError
from feathermr.training.image_config import ImagesConfig
from feathermr.training.image_files import FoundPictures, Picture
from feathermr.training.splits import by_case, shuffle


def dealt(
    found: FoundPictures, config: ImagesConfig, seed: int
) -> tuple[list[Picture], list[Picture], list[Picture]]:
    """Pictures to train, to validate and to test with; no case is in two.

    Each kind is dealt out by itself. The test comes from the folder's own part for it, if any. A
    case whose pictures are of several kinds counts for the first.

    Raises:
        DataError: a file's name has no case.
        UsageError: too few cases of a kind.
    """
    kept = _cases(found.test, config.case)
    chosen = {
        name for kind in _by_kind(kept).values() for name in shuffle(kind, seed)[: config.test]
    }
    pool = {
        name: own for name, own in _cases(found.train, config.case).items() if name not in chosen
    }
    kinds = _by_kind(pool)
    train: list[str] = []
    validation: list[str] = []
    test = sorted(chosen)
    for kind, names in sorted(kinds.items()):
        try:
            split = by_case(
                names,
                validation=config.validation,
                test=0 if found.test else config.test,
                seed=seed,
            )
        except UsageError as error:
            raise UsageError(f"{kind or 'pictures'}: {error}") from None
        most = math.ceil(config.train / len(kinds)) or len(names)
        train += split.train[:most]
        validation += split.validation
        test += split.test
    listed = ([one for name in names for one in pool[name]] for names in (train, validation))
    tests = [one for name in test for one in (kept if found.test else pool)[name]]
    return (*listed, tests)  # type: ignore[return-value]


def _cases(pictures: Iterable[Picture], pattern: str) -> dict[str, list[Picture]]:
    """The pictures of each case, by its name."""
    cases: dict[str, list[Picture]] = {}
    for picture in pictures:
        match = re.search(pattern, picture.path.name) if pattern else None
        if pattern and (match is None or not match[1]):
            raise DataError(f"the name of {picture.path} has no case by {pattern!r}")
        cases.setdefault(match[1] if match else picture.name, []).append(picture)
    return cases


def _by_kind(cases: dict[str, list[Picture]]) -> dict[str, list[str]]:
    """Names of the cases of each kind."""
    kinds: dict[str, list[str]] = {}
    for name, pictures in cases.items():
        kinds.setdefault(pictures[0].kind, []).append(name)
    return kinds
