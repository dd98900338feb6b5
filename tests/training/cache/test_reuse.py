"""The schedule of reuse, as a function of the number of the use alone."""

from collections import Counter
from pathlib import Path

import pytest
import torch

from feathermr.core.errors import UsageError
from feathermr.models.table import build
from feathermr.training.batches import to_batch
from feathermr.training.cache.config import CacheConfig
from feathermr.training.cache.keeping import fingerprint, kept
from feathermr.training.cache.reuse import Reused
from feathermr.training.cache.stored import Stored
from feathermr.training.sources import open_sources
from training.cache.test_stored import Counted
from training.small import CASCADE, TEXT, small_recipe


def picked(config: CacheConfig, uses: int) -> list[int]:
    """The numbers that the uses pick, without drawing any."""

    class Noted:
        def __init__(self) -> None:
            self.numbers = list[int]()

        def __len__(self) -> int:
            return 2**31

        def get(self, number: int, oldest: int = 0) -> object:
            self.numbers.append(number)
            return None

    noted = Noted()
    source = Reused(noted, config, 0)  # type: ignore[arg-type]
    for use in range(uses):
        source[use]
    return noted.numbers


def test_each_example_is_met_as_often_as_asked_for_and_from_the_window() -> None:
    config = CacheConfig(reuse=5, window=40, first=10)
    numbers = picked(config, 2000)
    for use, number in enumerate(numbers):
        high = 10 + use // 5
        assert max(0, high - 40) <= number < high
    counts = Counter(numbers)
    settled = [counts[number] for number in range(60, 360)]
    assert sum(settled) / len(settled) == pytest.approx(5, rel=0.05)


def test_a_use_gives_the_same_whatever_was_drawn_before(tmp_path: Path) -> None:
    config = CacheConfig(reuse=2, window=3, first=2)
    one = Reused(Stored(Counted(), tmp_path / "one", 1), config, 0)
    other = Reused(Stored(Counted(), tmp_path / "other", 1e-9), config, 0)  # nothing is kept
    forward = [to_batch(one[use]) for use in range(6)]
    for use in (5, 0, 3):
        again = to_batch(other[use])
        assert all(torch.equal(value, again[key]) for key, value in forward[use].items())
    another = to_batch(Reused(Stored(Counted(), tmp_path / "one", 1), config, 1)[0])
    assert not torch.equal(another["target"], forward[0]["target"])


def test_values_out_of_range_are_refused() -> None:
    for wrong in ({"reuse": -1}, {"first": 0}, {"first": 3, "window": 2}, {"gigabytes": 0.0}):
        with pytest.raises(UsageError):
            CacheConfig(**wrong)  # type: ignore[arg-type]


def test_without_reuse_the_sources_stay_as_they_are(tmp_path: Path) -> None:
    recipe = small_recipe()
    found = open_sources(recipe, None)
    assert kept(found, recipe, None, tmp_path) is found


def test_the_folder_changes_with_whatever_an_example_depends_on() -> None:
    def of(changes: dict[str, str], path: Path | None = None) -> str:
        recipe = small_recipe(changes)
        return fingerprint(recipe, path, build(recipe.model, recipe.settings))

    same = [of({}), of({"data.cache.reuse": "4"}), of({"optimiser.clip": "2"})]
    same += [of({"settings.width": "8"}), of({"data.validation": "3"})]
    assert len(set(same)) == 1
    others = [of({"seed": "1"}), of({"data.simulated.zoom": "0.1"}), of({}, Path("data"))]
    assert len({same[0], *others}) == 4


def test_networks_that_begin_alike_share_a_folder_whatever_else_differs() -> None:
    def of(changes: dict[str, str], text: str = CASCADE) -> str:
        recipe = small_recipe(changes, text)
        return fingerprint(recipe, None, build(recipe.model, recipe.settings))

    same = [of({}), of({"settings.width": "16"}), of({"settings.shared": "true"})]
    same += [of({"settings.steps": "1", "settings.bands": "false", "settings.kronecker": "1"})]
    assert len(set(same)) == 1
    assert len({same[0], of({"settings.start": "sense"}), of({}, TEXT)}) == 3
