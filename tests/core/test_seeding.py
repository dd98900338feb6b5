"""Generators depend on seed and keys and on nothing else."""

import pytest
import torch

from feathermr.core.seeding import generator, seeded


def drawn(seed: int, *keys: int | str) -> list[float]:
    return torch.rand(4, generator=generator(seed, *keys)).tolist()


def test_the_same_keys_give_the_same_numbers() -> None:
    torch.rand(100)  # the global state plays no part
    assert drawn(3, "mask", 7) == drawn(3, "mask", 7)


@pytest.mark.parametrize(
    "other", [(4, "mask", 7), (3, "mask", 8), (3, 7, "mask"), (3, "mask"), (3, "mask7"), (3, "m")]
)
def test_other_keys_or_another_order_give_other_numbers(other: tuple[int, ...]) -> None:
    assert drawn(3, "mask", 7) != drawn(*other)


def test_a_number_and_its_text_are_different_keys() -> None:
    assert drawn(0, 1) != drawn(0, "1")


def test_the_numbers_are_the_same_on_every_machine() -> None:
    first = torch.randint(0, 1_000_000, (3,), generator=generator(0, "pinned")).tolist()
    assert first == PINNED


def test_making_a_generator_leaves_the_global_one_alone() -> None:
    before = torch.get_rng_state()
    generator(5)
    assert torch.equal(torch.get_rng_state(), before)


PINNED = [793713, 66908, 447751]


def test_global_draws_inside_depend_on_the_seed_and_leave_the_state_alone() -> None:
    before = torch.get_rng_state()
    drawn = []
    for keys in ((1, "a"), (1, "a"), (2, "a"), (1, "b")):
        with seeded(*keys):
            drawn.append(torch.rand(3))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])
    assert not torch.equal(drawn[0], drawn[3])
