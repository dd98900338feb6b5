"""The calibration region against brute force, and the samples taken from it."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

import laws
import synthetic
from feathermr.acquisition import Acquisition, undersample
from feathermr.calibration import calibration_data, calibration_region
from feathermr.calibration.region import Region, low_resolution, signal_peak
from feathermr.core.errors import DataError
from feathermr.core.seeding import generator

Worth = tuple[int, int]


def worth(height: int, width: int) -> Worth:
    """Number of 6 x 6 patches in a rectangle, then its area."""
    return max(0, height - 5) * max(0, width - 5), height * width


def best_worth(sampled: Tensor) -> Worth:
    """The most that a full rectangle that holds ``n // 2`` is worth, by trying all of them."""
    height, width = sampled.shape
    y, x = height // 2, width // 2
    return max(
        worth(bottom - top, right - left)
        for top in range(y + 1)
        for bottom in range(y + 1, height + 1)
        for left in range(x + 1)
        for right in range(x + 1, width + 1)
        if bool(sampled[top:bottom, left:right].all())
    )


def spread(sampled: Tensor) -> Tensor:
    return sampled.reshape(1, 1, 1, *sampled.shape)


@pytest.mark.parametrize("shape", [(9, 8), (8, 9), (7, 7), (6, 10), (13, 12)])
def test_it_is_the_best_rectangle_of_asymmetric_masks(shape: tuple[int, int]) -> None:
    for seed in range(25):
        sampled = torch.rand(shape, generator=generator(seed, *shape)) < 0.92
        sampled[shape[0] // 2, shape[1] // 2] = True
        region = calibration_region(spread(sampled))
        assert sampled[region.top : region.bottom, region.left : region.right].all()
        assert region.top <= shape[0] // 2 < region.bottom
        assert region.left <= shape[1] // 2 < region.right
        found = worth(region.bottom - region.top, region.right - region.left)
        assert found == best_worth(sampled)


def test_a_square_that_can_be_calibrated_from_beats_a_longer_band() -> None:
    mask = torch.zeros(1, 1, 1, 24, 24, dtype=torch.bool)
    mask[..., 8:16, 8:16] = True
    mask[..., 10:15, :] = True
    assert calibration_region(mask) == Region(8, 16, 8, 16)


@pytest.mark.parametrize(("height", "center"), [(16, 4), (17, 5), (16, 5), (17, 4)])
def test_lines_give_a_band(height: int, center: int) -> None:
    mask = torch.zeros(1, 1, 1, height, 11, dtype=torch.bool)
    start = height // 2 - center // 2
    mask[..., start : start + center, :] = True
    mask[..., 0, :] = True
    assert calibration_region(mask) == Region(start, start + center, 0, 11)
    assert str(calibration_region(mask)) == f"{center} x 11"


def test_frames_of_a_series_count_together() -> None:
    mask = torch.zeros(1, 3, 1, 9, 4, dtype=torch.bool)
    for frame in range(3):
        mask[:, frame, :, frame::3] = True
    assert calibration_region(mask) == Region(0, 9, 0, 4)


def test_a_position_that_one_slice_or_coil_lacks_is_not_calibration() -> None:
    mask = torch.ones(2, 1, 2, 7, 5, dtype=torch.bool)
    mask[1, :, :, 5:] = False
    mask[:, :, 0, :, 4] = False
    assert calibration_region(mask) == Region(0, 5, 0, 4)


def test_an_unsampled_center_is_refused() -> None:
    mask = torch.ones(1, 1, 1, 7, 5, dtype=torch.bool)
    mask[..., 3, 2] = False
    with pytest.raises(DataError, match="center of k-space was not sampled"):
        calibration_region(mask)


def masked(mask: Tensor, frames: int = 1, shape: tuple[int, int] = (41, 38)) -> Acquisition:
    kspace = laws.random_array((1, frames, 3, *shape), "calibration", dtype=torch.complex64)
    complete = Acquisition(kspace, torch.ones(1, 1, 1, 1, 1, dtype=torch.bool))
    return undersample(complete, mask)


@pytest.mark.parametrize("shape", [(41, 38), (40, 37)])
def test_a_large_region_is_cut_about_the_center(shape: tuple[int, int]) -> None:
    scan = masked(torch.ones(1, 1, 1, 1, 1, dtype=torch.bool), shape=shape)
    samples, region = calibration_data(scan, largest=10)
    assert samples.shape == (1, 3, 10, 10)
    y, x = shape[0] // 2, shape[1] // 2
    assert region == Region(y - 5, y + 5, x - 5, x + 5)
    assert torch.equal(samples, scan.kspace[:, 0, :, y - 5 : y + 5, x - 5 : x + 5])


def test_a_long_thin_band_does_not_win_over_the_square_that_is_used() -> None:
    """A whole central line holds more positions than the square, but less than the cut of it."""
    mask = torch.zeros(1, 1, 1, 41, 38, dtype=torch.bool)
    mask[..., 20, :] = True
    mask[..., 18:23, 16:23] = True
    samples, region = calibration_data(masked(mask), largest=12)
    assert region == Region(18, 23, 16, 23)
    assert samples.shape[-2:] == (5, 7)


def test_frames_are_averaged_over_those_that_sampled() -> None:
    mask = torch.zeros(1, 2, 1, 41, 1, dtype=torch.bool)
    mask[..., 20, :] = True
    mask[:, 0, :, 21] = True
    mask[:, 1, :, 19] = True
    scan = masked(mask, frames=2)
    samples, region = calibration_data(scan, largest=60)
    assert region == Region(19, 22, 0, 38)
    own = scan.kspace[:, :, :, 19:22]
    expected = torch.stack([own[:, 1, :, 0], own.mean(1)[:, :, 1], own[:, 0, :, 2]], dim=2)
    laws.assert_equal(samples, expected, 1e-6)


def test_a_mask_shared_by_all_frames_averages_them_too() -> None:
    scan = masked(synthetic.line_mask(41, 1, keep=0.2, center=9), frames=3)
    samples, region = calibration_data(scan)
    window = scan.kspace[..., region.top : region.bottom, region.left : region.right]
    laws.assert_equal(samples, window.mean(1), 1e-6)
    spelled = replace(scan, mask=scan.mask.expand(1, 3, 3, 41, 38))
    laws.assert_equal(calibration_data(spelled)[0], samples, 1e-6)


def with_peak(scan: Acquisition, place: tuple[int, int]) -> Acquisition:
    """The scan with far more signal about a place."""
    kspace = scan.kspace.clone()
    kspace[..., place[0] - 1 : place[0] + 2, place[1] - 1 : place[1] + 2] *= 30
    kspace[..., place[0], place[1]] = 300
    return replace(scan, kspace=kspace)


EVERYWHERE = torch.ones(1, 1, 1, 1, 1, dtype=torch.bool)


def test_a_rectangle_about_another_center_holds_that() -> None:
    mask = torch.zeros(1, 1, 1, 15, 13, dtype=torch.bool)
    mask[..., 1:4, 2:9] = True
    assert calibration_region(mask, (2, 8)) == Region(1, 4, 2, 9)
    with pytest.raises(DataError, match="center of k-space was not sampled"):
        calibration_region(mask, (7, 6))


@pytest.mark.parametrize("place", [(20, 27), (12, 19), (28, 11)])
def test_the_region_is_cut_about_the_peak_of_the_signal(place: tuple[int, int]) -> None:
    scan = with_peak(masked(EVERYWHERE), place)
    _, region = calibration_data(scan, largest=10)
    y, x = place
    assert region == Region(y - 5, y + 5, x - 5, x + 5)


def test_a_peak_at_the_border_leaves_the_region_its_size() -> None:
    _, region = calibration_data(with_peak(masked(EVERYWHERE), (2, 36)), largest=10)
    assert region == Region(0, 10, 28, 38)


def test_no_central_line_is_lost_when_the_peak_is_beside_the_center() -> None:
    lines = synthetic.line_mask(41, 1, keep=0.2, center=9)
    _, middle = calibration_data(masked(lines), largest=12)
    _, region = calibration_data(with_peak(masked(lines), (23, 30)), largest=12)
    assert region.spans[0] == middle.spans[0]
    assert region.spans[1] == (24, 36)


def test_the_peak_of_noise_is_the_center() -> None:
    for seed in range(20):
        kspace = laws.random_array((1, 1, 2, 41, 38), seed, dtype=torch.complex64)
        assert signal_peak(kspace, Region(0, 41, 0, 38)) == (20, 19)


def test_the_low_resolution_window_is_one_at_the_peak_and_falls_to_both_sides() -> None:
    scan = with_peak(masked(EVERYWHERE), (20, 27))
    region = Region(16, 25, 10, 30)
    ones = torch.ones(1, 3, 9, 20, dtype=torch.complex64)
    window = low_resolution(scan.kspace, ones, region)[0, 0].real
    assert float(window[20, 27]) == 1
    assert (window[20, 10:28].diff() > 0).all()
    assert (window[20, 27:30].diff() < 0).all()
    assert float(window[16:25, 10:30].min()) > 0
    assert float(window.sum()) == pytest.approx(float(window[16:25, 10:30].sum()))
    # zero at the first place past each border: a raised cosine of 3 steps is 3/4 after one
    assert float(window[20, 28]) == pytest.approx(0.75)
