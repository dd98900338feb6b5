"""What metrics of films promise beyond the contract, by hand."""

import math

import pytest
import torch

from feathermr.core.errors import DataError, UsageError
from feathermr.metrics import (
    moving_region,
    nmse_moving,
    nmse_still,
    psnr_moving,
    psnr_still,
    wall_motion,
)


@pytest.fixture
def film():
    """A bright plane in which a block of 4 x 6 pixels beats (frame, y, x)."""
    made = torch.ones(8, 31, 26, dtype=torch.float64)
    beat = torch.cos(2 * math.pi * torch.arange(8) / 8)
    made[:, 10:14, 8:14] += 0.5 * beat[:, None, None]
    return made


def test_the_moving_region_is_what_beats_and_a_margin(film):
    expected = torch.zeros(31, 26, dtype=torch.bool)
    expected[7:17, 5:17] = True  # one pixel by the average, two by the margin
    assert torch.equal(moving_region(film), expected)
    assert torch.equal(moving_region(7e-6 * film), expected)
    assert torch.equal(moving_region(film.flip(0)), expected)


def test_noise_on_a_still_film_is_no_motion():
    noise = torch.randn(20, 64, 64, generator=torch.Generator().manual_seed(0))
    assert not moving_region(1 + 0.04 * noise).any()
    assert not moving_region(torch.ones(3, 9, 9)).any()
    assert not moving_region(torch.zeros(3, 9, 9)).any()


def test_an_error_counts_in_its_own_region_only(film):
    region = moving_region(film)
    inside, outside = film + 0.1 * region, film + 0.1 * ~region
    energy = film.square().mean(0)
    assert psnr_moving(inside, film, data_range=1.0).item() == pytest.approx(20)
    assert psnr_still(outside, film, data_range=10.0).item() == pytest.approx(40)
    assert psnr_still(inside, film, data_range=1.0).item() == math.inf
    assert psnr_moving(outside, film, data_range=1.0).item() == math.inf
    relative = nmse_moving(inside, film, data_range=1.0).item()
    assert relative == pytest.approx(0.01 / energy[region].mean().item())
    assert nmse_still(outside, film, data_range=1.0).item() == pytest.approx(0.01)


def test_wall_motion_follows_the_course_and_not_its_level(film):
    def value(prediction):
        return wall_motion(prediction, film, data_range=1.0).item()

    assert value(3 + 0.2 * film) == pytest.approx(1)
    assert value(5 - film) == pytest.approx(-1)
    assert value(film.mean(0).expand_as(film)) == 0
    assert value(film.roll(1, 0)) == pytest.approx(math.cos(2 * math.pi / 8))
    assert value(film.roll(2, 0)) == pytest.approx(0, abs=1e-12)


def test_wall_motion_weighs_pixels_by_their_variance(film):
    film[:, 10:14, 8:11] = 1 + 2 * (film[:, 10:14, 8:11] - 1)  # four times the variance
    prediction = film.clone()
    prediction[:, 10:14, 11:14] = 1
    assert wall_motion(prediction, film, data_range=1.0).item() == pytest.approx(0.8)


def test_still_films_single_frames_and_wrong_ranges_are_refused(film):
    still = film[:1].expand(4, -1, -1)
    for metric in (psnr_moving, psnr_still, nmse_moving, nmse_still, wall_motion):
        with pytest.raises(DataError, match="without a moving region"):
            metric(still, still, data_range=1.0)
        with pytest.raises(DataError, match="at least two frames"):
            metric(film[:1], film[:1], data_range=1.0)
    with pytest.raises(UsageError, match=r"shape \(\)"):
        psnr_moving(film, film, data_range=torch.ones(8))
