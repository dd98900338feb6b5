"""Mixing of neighbouring frames: who sees whom, and the ends of a film."""

import pytest
import torch

import laws
from feathermr.core.seeding import seeded
from feathermr.nn.temporal_mixing import TemporalMixing

CHANNELS = 4


def mixing(kronecker: int = 2) -> TemporalMixing:
    with seeded(0, "mixing"):
        return TemporalMixing(CHANNELS, kronecker).double().requires_grad_(False)


def features(slices: int, frames: int) -> torch.Tensor:
    shape = (slices * frames, CHANNELS, 3, 5)
    return laws.random_array(shape, "features", dtype=torch.float64)


@pytest.mark.parametrize("kronecker", [1, 2])
def test_it_adds_products_of_matrices_and_ends_are_their_own_neighbours(kronecker: int) -> None:
    module, film = mixing(kronecker), features(1, 3)
    before, after = (each.weight[:, :, 0, 0] for each in (module.before, module.after))
    earlier, later = film[[0, 0, 1]], film[[1, 2, 2]]
    expected = (
        film
        + torch.einsum("oc,fcyx->foyx", before, earlier)
        + torch.einsum("oc,fcyx->foyx", after, later)
    )
    laws.assert_equal(module(film, 3), expected)


def test_a_frame_reaches_its_neighbours_in_its_slice_and_no_other() -> None:
    module, film = mixing(), features(2, 5)
    changed = film.clone()
    changed[3] += 1
    reached = (module(changed, 5) - module(film, 5)).flatten(1).abs().amax(1) > 1e-9
    assert reached.nonzero().flatten().tolist() == [2, 3, 4]
    changed = film.clone()
    changed[4] += 1  # the last of the first slice
    reached = (module(changed, 5) - module(film, 5)).flatten(1).abs().amax(1) > 1e-9
    assert reached.nonzero().flatten().tolist() == [3, 4]


def test_one_frame_is_a_film_that_stands_still() -> None:
    module, image = mixing(), features(1, 1)
    film = module(image.expand(4, -1, -1, -1), 4)
    laws.assert_equal(film, module(image, 1).expand(4, -1, -1, -1))


def test_before_training_it_changes_little() -> None:
    with seeded(1, "mixing"):
        module, film = TemporalMixing(64, 2).requires_grad_(False), torch.randn(6, 64, 3, 5)
    change = (module(film, 3) - film).norm() / film.norm()
    assert 0.05 < float(change) < 0.5
