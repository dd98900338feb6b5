"""One contract for every metric, and its value on cases that can be worked out by hand."""

import math

import numpy as np
import pytest
import torch
from scipy.ndimage import convolve
from skimage.metrics import (
    normalized_root_mse,
    peak_signal_noise_ratio,
    structural_similarity,
)

from feathermr.core.errors import DataError, ShapeError, UsageError
from feathermr.core.seeding import generator
from feathermr.metrics import METRICS, complex_nmse, hfen, nmse, psnr, ssim
from feathermr.metrics.high_frequency_error import laplacian_of_gaussian

BEST = {"nmse": 0.0, "psnr": math.inf, "ssim": 1.0, "hfen": 0.0, "complex-nmse": 0.0}
BEST |= {"psnr-moving": math.inf, "psnr-still": math.inf}
BEST |= {"nmse-moving": 0.0, "nmse-still": 0.0, "wall-motion": 1.0}
MAGNITUDE = sorted(name for name, entry in METRICS.items() if not entry.complex)
by_name = pytest.mark.parametrize("name", sorted(METRICS))
by_magnitude_name = pytest.mark.parametrize("name", MAGNITUDE)


def images(*shape, seed=0, dtype=torch.float64):
    return torch.rand(shape, dtype=dtype, generator=generator(seed, "image"))


def pair(name, *shape, seed=0):
    if METRICS[name].film:  # a still image of which a corner changes over the frames
        *slices, height, width = shape
        target = images(*slices, 1, height, width, seed=seed).repeat(*[1] * len(slices), 5, 1, 1)
        target[..., :6, :7] = images(*slices, 5, 6, 7, seed=seed + 1)
        return target + 0.1 * images(*target.shape, seed=seed + 100), target
    target, noise = images(*shape, seed=seed), images(*shape, seed=seed + 100)
    if METRICS[name].complex:
        target = torch.complex(target, images(*shape, seed=seed + 200))
    return target + 0.1 * noise, target


def call(name, prediction, target, data_range=1.0):
    return METRICS[name].function(prediction, target, data_range=data_range)


def test_every_metric_is_covered_here():
    assert set(METRICS) == set(BEST)


@by_name
def test_an_image_compared_with_itself_has_the_best_value(name):
    _, target = pair(name, 2, 17, 22)
    values = call(name, target, target)
    assert values.tolist() == pytest.approx([BEST[name]] * 2)
    worse = call(name, *pair(name, 2, 17, 22))
    assert ((worse < values) if METRICS[name].higher_is_better else (worse > values)).all()


@by_name
def test_more_noise_gives_a_worse_value(name):
    prediction, target = pair(name, 19, 24)
    little = call(name, target + 0.5 * (prediction - target), target)
    much = call(name, prediction, target)
    assert (little > much) == METRICS[name].higher_is_better


@by_name
def test_a_batch_is_a_loop(name):
    prediction, target = pair(name, 2, 3, 17, 22)
    peaks = target.abs().amax(dim=(-3, -2, -1) if METRICS[name].film else (-2, -1))
    batch = call(name, prediction, target, peaks)
    assert batch.shape == (2, 3)
    for index in np.ndindex(2, 3):
        alone = call(name, prediction[index], target[index], float(peaks[index]))
        assert alone.shape == ()
        assert torch.allclose(batch[index], alone, rtol=1e-12)


@by_name
def test_inputs_are_left_as_they_are_and_precision_is_kept(name):
    prediction, target = pair(name, 17, 22)
    before = prediction.clone(), target.clone()
    assert call(name, prediction, target).dtype == torch.float64
    assert torch.equal(prediction, before[0])
    assert torch.equal(target, before[1])


@by_name
def test_unequal_shapes_are_refused_and_never_broadcast(name):
    prediction, target = pair(name, 1, 17, 22)
    frames = "5, " if METRICS[name].film else ""
    with pytest.raises(ShapeError, match=rf"\(1, {frames}17, 22\) and the target \(2, {frames}17"):
        call(name, prediction, target.expand(2, *target.shape[1:]))


@by_magnitude_name
def test_magnitude_metrics_refuse_complex_images(name):
    image = images(5, 17, 22)
    with pytest.raises(DataError, match="prediction is complex; take its magnitude"):
        call(name, image.to(torch.complex128), image)
    with pytest.raises(DataError, match="target is complex"):
        call(name, image, image.to(torch.complex128))


def test_complex_nmse_refuses_magnitudes():
    image = images(17, 22)
    with pytest.raises(DataError, match="use nmse for magnitudes"):
        complex_nmse(image.to(torch.complex128), image, data_range=1.0)


@pytest.mark.parametrize("name", ["psnr", "ssim"])
@pytest.mark.parametrize("data_range", [0.0, -1.0, math.nan, math.inf])
def test_a_data_range_that_is_no_range_is_refused(name, data_range):
    with pytest.raises(UsageError, match="data_range must be positive"):
        call(name, images(9, 9), images(9, 9), data_range)


@pytest.mark.parametrize("name", ["psnr", "ssim"])
def test_a_data_range_of_the_wrong_shape_is_refused(name):
    with pytest.raises(UsageError, match=r"shape \(2,\)"):
        call(name, images(2, 9, 9), images(2, 9, 9), torch.ones(3))


@by_name
def test_data_range_must_be_given(name):
    with pytest.raises(TypeError, match="data_range"):
        METRICS[name].function(*pair(name, 9, 9))


@pytest.mark.parametrize("name", ["nmse", "hfen", "complex-nmse"])
def test_a_relative_error_of_nothing_is_refused(name):
    prediction, target = pair(name, 2, 17, 22)
    target[1] = 0
    with pytest.raises(DataError, match=r"1 image\(s\)"):
        call(name, prediction, target)


@by_name
def test_table_says_what_a_reader_needs(name):
    entry = METRICS[name]
    assert 20 < len(entry.summary) < 100
    assert entry.unit == ("dB" if name.startswith("psnr") else "")


# values by hand


def test_nmse_of_a_doubled_image_is_one():
    assert nmse(2 * images(5, 8), images(5, 8), data_range=1.0).item() == pytest.approx(1)


def test_complex_nmse_sees_a_phase_that_nmse_does_not():
    target = torch.polar(images(5, 8), images(5, 8, seed=1))
    turned = target * torch.polar(torch.ones(()), torch.tensor(0.3))
    assert nmse(turned.abs(), target.abs(), data_range=1.0).item() == pytest.approx(0, abs=1e-12)
    expected = 2 - 2 * math.cos(0.3)
    assert complex_nmse(turned, target, data_range=1.0).item() == pytest.approx(expected, rel=1e-6)


def test_psnr_rises_by_six_decibels_with_twice_the_range():
    prediction, target = pair("psnr", 9, 12)
    once, twice = (psnr(prediction, target, data_range=r).item() for r in (1.0, 2.0))
    assert twice - once == pytest.approx(20 * math.log10(2))


def test_ssim_of_two_constants_is_the_luminance_term():
    value = ssim(
        torch.full((8, 9), 0.5, dtype=torch.float64),
        torch.ones(8, 9, dtype=torch.float64),
        data_range=2.0,
    )
    assert value.item() == pytest.approx((1 + 0.02**2) / (1.25 + 0.02**2))


def test_ssim_refuses_an_image_smaller_than_its_window():
    with pytest.raises(ShapeError, match="at least 7 x 7"):
        ssim(images(6, 20), images(6, 20), data_range=1.0)


def test_hfen_of_a_scaled_image_is_the_missing_share():
    assert hfen(0.7 * images(21, 18), images(21, 18), data_range=1.0).item() == pytest.approx(0.3)


def test_hfen_sees_edges_more_than_a_smooth_offset():
    edge = torch.zeros(33, 40, dtype=torch.float64)
    edge[10:20, 15:30] = 1
    smooth = (
        0.1
        * torch.hann_window(40, dtype=torch.float64)
        * torch.hann_window(33, dtype=torch.float64).unsqueeze(1)
    )
    blurred = torch.nn.functional.avg_pool2d(edge[None, None], 3, 1, 1)[0, 0]
    by_blur, by_offset = (
        hfen(blurred, edge, data_range=1.0),
        hfen(edge + smooth, edge, data_range=1.0),
    )
    assert by_blur > 10 * by_offset


def filter_of_the_paper():
    steps = torch.arange(15, dtype=torch.float64) - 7
    squared = steps[:, None] ** 2 + steps**2
    density = torch.exp(-squared / 4.5)
    kernel = (squared - 4.5) / 1.5**4 * density / density.sum()
    return kernel - kernel.mean()


def test_the_filter_is_the_laplacian_of_a_blurred_image():
    kernel = filter_of_the_paper()
    columns, lines = laplacian_of_gaussian()
    assert torch.allclose(columns.T @ lines, kernel, atol=1e-15)
    rows = (torch.arange(15, dtype=torch.float64) - 7)[:, None].expand(15, 15)
    assert kernel.shape == (15, 15)
    assert kernel.sum().item() == pytest.approx(0, abs=1e-14)
    assert (kernel * rows).sum().item() == pytest.approx(0, abs=1e-14)
    # the second derivative of row^2 is 2
    assert (kernel * rows**2).sum().item() == pytest.approx(2, rel=0.01)


# agreement with other packages


@pytest.mark.parametrize(("height", "width"), [(7, 7), (31, 20), (64, 45)])
def test_ssim_agrees_with_scikit_image(height, width):
    prediction, target = pair("ssim", height, width, seed=height)
    peak = float(target.max())
    _, local = structural_similarity(
        target.numpy(), prediction.numpy(), win_size=7, data_range=peak, full=True
    )
    expected = local[3 : height - 3, 3 : width - 3].mean()
    assert ssim(prediction, target, data_range=peak).item() == pytest.approx(expected, abs=1e-6)
    reported = structural_similarity(
        target.numpy(), prediction.numpy(), win_size=7, data_range=peak
    )
    assert reported == pytest.approx(expected, abs=1e-12)


def test_psnr_and_nmse_agree_with_scikit_image():
    prediction, target = pair("psnr", 31, 20)
    theirs = peak_signal_noise_ratio(target.numpy(), prediction.numpy(), data_range=0.9)
    assert psnr(prediction, target, data_range=0.9).item() == pytest.approx(theirs)
    theirs = normalized_root_mse(target.numpy(), prediction.numpy()) ** 2
    assert nmse(prediction, target, data_range=0.9).item() == pytest.approx(theirs)


def test_hfen_agrees_with_a_convolution_of_scipy():
    prediction, target = pair("hfen", 31, 20)
    kernel = filter_of_the_paper().numpy()
    p, t = (convolve(image.numpy(), kernel, mode="constant") for image in (prediction, target))
    expected = np.linalg.norm(p - t) / np.linalg.norm(t)
    assert hfen(prediction, target, data_range=1.0).item() == pytest.approx(expected, rel=1e-10)
