"""A changed example is still what a scan of the changed image would have given."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from feathermr.core.seeding import generator
from feathermr.training.cache.symmetry import (
    conjugated,
    mirrored,
    symmetric,
    transposed,
    turned,
)
from feathermr.training.continuous import ContinuousExample
from feathermr.training.example import Example, LowResolution

Change = Callable[[Example], Example]
ANGLES = torch.tensor([0.3, 2.0])
CHANGES: dict[str, Change] = {
    "mirrored y": lambda one: mirrored(one, -2),
    "mirrored x": lambda one: mirrored(one, -1),
    "transposed": transposed,
    "conjugated": conjugated,
    "turned": lambda one: turned(one, ANGLES),
    "drawn": lambda one: symmetric(one, generator(3)),  # type: ignore[dict-item,return-value]
}
SIZES = [(12, 15), (15, 12), (8, 10)]


def ideal(sizes: tuple[int, int], lines: bool = False) -> Example:
    """Free of noise, with the true maps."""
    source = generator(1, "ideal", *sizes)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, *sizes, generator=source, dtype=torch.complex64)

    maps, target = draw(2, 1, 3), draw(2, 2)
    shape = (2, 2, 1, 1, sizes[1]) if lines else (2, 2, 1, *sizes)
    mask = torch.rand(shape, generator=source) < 0.4
    empty = Example(torch.zeros(2, 2, 3, *sizes, dtype=torch.complex64), mask, maps, target)
    return replace(
        empty, kspace=empty.encoding(target), starts=torch.stack([target, 2 * target], 2)
    )


@pytest.mark.parametrize("lines", [False, True], ids=["points", "lines"])
@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.parametrize("name", CHANGES)
def test_the_samples_stay_those_of_the_image(
    name: str, sizes: tuple[int, int], lines: bool
) -> None:
    example = CHANGES[name](ideal(sizes, lines))
    torch.testing.assert_close(
        example.encoding(example.target), example.kspace, atol=1e-5, rtol=1e-5
    )
    assert example.starts is not None
    torch.testing.assert_close(example.starts[:, :, 1], 2 * example.target)
    sampled = example.kspace != 0
    assert bool((sampled <= example.mask.expand_as(sampled)).all())


@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.parametrize("name", ["mirrored y", "mirrored x", "transposed", "conjugated"])
def test_twice_is_nothing(name: str, sizes: tuple[int, int]) -> None:
    example = ideal(sizes)
    twice = CHANGES[name](CHANGES[name](example))
    for field in ("kspace", "mask", "coil_maps", "target", "starts"):
        assert torch.equal(getattr(twice, field), getattr(example, field)), field


def test_the_origin_stays_where_it_is_and_its_neighbour_goes_across() -> None:
    row = torch.arange(6.0).to(torch.complex64).expand(1, 1, 6, 6)
    example = Example(row[:, :, None], torch.ones(1, 1, 1, 1, 1, dtype=torch.bool), row, row)
    assert mirrored(example, -1).target[0, 0, 0].real.tolist() == [0, 5, 4, 3, 2, 1]


def test_every_kind_of_change_is_drawn_and_each_follows_from_the_generator() -> None:
    example = ideal((12, 15))
    found = [symmetric(example, generator(0, index)) for index in range(24)]
    shapes = {tuple(one.target.shape[-2:]) for one in found}
    assert shapes == {(12, 15), (15, 12)}
    again = symmetric(example, generator(0, 5))
    assert torch.equal(again.target, found[5].target)
    assert len({complex(one.kspace.sum()) for one in found}) == 24


def test_films_change_in_space_and_images_of_low_resolution_not_at_all() -> None:
    film = ContinuousExample(ideal((12, 15)), torch.tensor([0.5, 1.0]), cyclic=True)
    changed = symmetric(film, generator(3))
    assert isinstance(changed, ContinuousExample)
    assert torch.equal(changed.times, film.times)
    assert torch.equal(changed.target, symmetric(film.acquired, generator(3)).target)
    low = LowResolution(film.target, film.target, 1, "truncation")
    assert symmetric(low, generator(3)) is low
