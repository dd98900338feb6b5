"""Averages of a film by hand, and the choice among them."""

import torch

import laws
from feathermr.nn.averages import CHOICES, UNTRAINED, averages, chosen

FRAMES, SHAPE = 9, (18, 2, 6, 5)


def film() -> torch.Tensor:
    return laws.random_array(SHAPE, "film", dtype=torch.float64)


def other() -> torch.Tensor:
    return laws.random_array(SHAPE, "other", dtype=torch.float64)


def opinions() -> torch.Tensor:
    return laws.random_array((18, CHOICES, 6, 5), "opinions", dtype=torch.float64)


def levels(value: float) -> torch.Tensor:
    return torch.full((18, 1, 1, 1), value, dtype=torch.float64)


def test_only_what_exists_is_averaged() -> None:
    shorter, longer, still, around, both = averages(film(), FRAMES)
    frames = film().unflatten(0, (2, FRAMES))
    laws.assert_equal(shorter[9 + 4], frames[1, 3:6].mean(0))
    laws.assert_equal(shorter[9], frames[1, :2].mean(0))
    laws.assert_equal(longer[9 + 7], frames[1, 4:].mean(0))
    laws.assert_equal(still[9], frames[1].mean(0))
    laws.assert_equal(around[12, :, 3, 2], frames[1, 3, :, 2:5, 1:4].mean((-2, -1)))
    laws.assert_equal(around[12, :, 0, 4], frames[1, 3, :, :2, 3:].mean((-2, -1)))
    laws.assert_equal(both[12, :, 0, 4], frames[1, :, :, :2, 3:].mean((0, -2, -1)))


def test_a_film_that_stands_still_is_its_own_average_over_time() -> None:
    still = film()[:1].expand(FRAMES, -1, -1, -1)
    for average in averages(still, FRAMES)[:3]:
        laws.assert_equal(average, still)


def test_one_frame_has_averages_over_space_alone() -> None:
    *over_time, around, both = averages(film(), 1)
    for average in over_time:
        laws.assert_equal(average, film())
    laws.assert_equal(both, around)


def test_a_strong_opinion_takes_one_choice_and_a_negative_one_none() -> None:
    for index, choice in enumerate([*averages(film(), FRAMES), other()]):
        strong = torch.full((18, CHOICES, 6, 5), -1e9, dtype=torch.float64)
        assert not chosen(film(), other(), strong, levels(1.0), FRAMES).any()
        strong[:, index] = 1e9
        found = film() + chosen(film(), other(), strong, levels(1e-3), FRAMES)
        laws.assert_equal(found, choice, 1e-8)


def test_without_opinions_every_choice_counts_a_little() -> None:
    share = UNTRAINED / (1 + CHOICES * UNTRAINED)
    expected = share * sum(one - film() for one in [*averages(film(), FRAMES), other()])
    found = chosen(film(), other(), torch.zeros_like(opinions()), levels(0.3), FRAMES)
    laws.assert_equal(found, expected)


def test_shares_add_up_to_less_than_one() -> None:
    ramp = torch.linspace(0, 1, FRAMES, dtype=torch.float64).reshape(-1, 1, 1, 1)
    frames = ramp.expand(-1, 2, 6, 5)
    found = frames + chosen(frames, frames, 5 * opinions()[:FRAMES], levels(0.01)[:FRAMES], FRAMES)
    assert float(found.min()) >= 0
    assert float(found.max()) <= 1
    changed = (found - frames).abs().amax()
    assert float(changed) > 0.1


def test_it_grows_with_film_opinions_and_noise_together() -> None:
    once = chosen(film(), other(), opinions(), levels(0.2), FRAMES)
    thrice = chosen(3 * film(), 3 * other(), 3 * opinions(), levels(0.6), FRAMES)
    laws.assert_equal(thrice, 3 * once)


def test_slices_do_not_see_each_other() -> None:
    both = chosen(film(), other(), opinions(), levels(0.2), FRAMES)
    for part in (slice(0, 9), slice(9, 18)):
        alone = chosen(film()[part], other()[part], opinions()[part], levels(0.2)[part], FRAMES)
        laws.assert_equal(both[part], alone)
