"""Wavelets: the filters, the transform by hand, and what they leave of a constant."""

import math

import pytest
import torch

import laws
from feathermr.core.errors import UsageError
from feathermr.operators import Wavelet
from feathermr.operators.wavelet import FILTERS, daubechies


def test_the_filters_are_those_of_daubechies() -> None:
    root = math.sqrt(3)
    db2 = [(1 + root), (3 + root), (3 - root), (1 - root)]
    assert daubechies(1) == pytest.approx([math.sqrt(0.5)] * 2, rel=1e-12)
    found = daubechies(2)
    scaled = [tap / (4 * math.sqrt(2)) for tap in db2]
    assert found == pytest.approx(scaled, rel=1e-10) or found == pytest.approx(
        scaled[::-1], rel=1e-10
    )


@pytest.mark.parametrize("moments", FILTERS.values())
def test_filters_are_orthonormal_with_vanishing_moments(moments: int) -> None:
    low = torch.tensor(daubechies(moments), dtype=torch.float64)
    taps = torch.arange(2 * moments)
    assert low.sum().item() == pytest.approx(math.sqrt(2), rel=1e-12)
    for shift in range(moments):
        product = (low[2 * shift :] * low[: low.numel() - 2 * shift]).sum().item()
        assert product == pytest.approx(float(shift == 0), abs=1e-8)
    for moment in range(moments):
        alternating = (low * (-1.0) ** taps * taps**moment).sum().item()
        assert alternating == pytest.approx(0, abs=1e-6)


def test_one_level_of_haar_is_sums_and_differences() -> None:
    image = laws.random_array((1, 1, 9, 8), "haar")
    found = Wavelet((1, 1, 9, 8), "haar", levels=1)(image)[0, 0]
    a, b = image[0, 0, 0:8:2, 0::2], image[0, 0, 0:8:2, 1::2]
    c, d = image[0, 0, 1:8:2, 0::2], image[0, 0, 1:8:2, 1::2]
    laws.assert_equal(found[:4, :4], (a + b + c + d) / 2)
    laws.assert_equal(found[:4, 4:].abs(), (a - b + c - d).abs() / 2)
    laws.assert_equal(found[5:, :4].abs(), (a + b - c - d).abs() / 2)
    laws.assert_equal(found[5:, 4:].abs(), (a - b - c + d).abs() / 2)
    # the last row of the odd axis passes into the approximation along y
    last = image[0, 0, 8]
    laws.assert_equal(found[4, :4], (last[0::2] + last[1::2]) / math.sqrt(2))


@pytest.mark.parametrize("wavelet", FILTERS)
@pytest.mark.parametrize("shape", [(2, 1, 21, 18), (1, 3, 33, 47)])
def test_the_transform_is_orthonormal(wavelet: str, shape: tuple[int, ...]) -> None:
    image = laws.random_array(shape, "orthonormal")
    transform = Wavelet(shape, wavelet)
    laws.assert_equal(transform.H(transform(image)), image)
    laws.assert_equal(transform(transform.H(image)), image)


@pytest.mark.parametrize("wavelet", FILTERS)
def test_a_constant_image_has_no_detail(wavelet: str) -> None:
    coefficients = Wavelet((1, 1, 32, 48), wavelet, levels=3)(
        torch.full((1, 1, 32, 48), 2.0, dtype=torch.float64)
    )
    torch.testing.assert_close(
        coefficients[..., :4, :6], torch.full((1, 1, 4, 6), 16.0, dtype=torch.float64)
    )
    coefficients[..., :4, :6] = 0
    assert coefficients.abs().max() < 1e-9


def test_a_line_has_no_detail_of_db2_away_from_the_wrap() -> None:
    ramp = torch.arange(24.0, dtype=torch.float64).expand(1, 1, 16, 24)
    detail = Wavelet((1, 1, 16, 24), "db2", levels=1)(ramp)[..., 12:]
    assert (detail.abs() > 1e-9).any(-2).sum() == 1


def test_levels_stop_before_the_image_is_used_up() -> None:
    assert Wavelet((1, 1, 64, 48), "db4", levels=9).sizes == [(64, 48), (32, 24), (16, 12)]
    assert Wavelet((1, 1, 7, 300)).sizes == []


def test_real_images_stay_real() -> None:
    image = laws.random_array((1, 1, 10, 13), "real", dtype=torch.float32)
    assert Wavelet((1, 1, 10, 13))(image).dtype == torch.float32


def test_an_unknown_wavelet_is_refused_by_name() -> None:
    with pytest.raises(UsageError, match=r"'db5'.*haar"):
        Wavelet((1, 1, 16, 16), "db5")


def test_a_first_call_in_inference_mode_leaves_later_gradients_alone() -> None:
    transform = Wavelet((1, 1, 26, 34))
    with torch.inference_mode():
        transform(torch.ones(1, 1, 26, 34))
    image = torch.ones(1, 1, 26, 34, requires_grad=True)
    transform(image).abs().sum().backward()
    assert image.grad is not None
