"""Refining in units of disagreement, and consistency by bands of frequency."""

import math

import pytest
import torch
from torch import Tensor

import laws
from feathermr.core.fft import frequencies, plain_fft, plain_ifft
from feathermr.nn.bands import FIRST_ERROR, RADII, BandError, band_shares, consistent_in_bands
from feathermr.nn.refiner import Refiner, dimmed, disagreement
from feathermr.operators import Encoding

SHAPE = (20, 27)


def image(name: str, batch: int = 2) -> Tensor:
    return laws.random_array((batch, *SHAPE), name, dtype=torch.complex64)


def test_bands_share_every_frequency_and_each_has_its_own() -> None:
    shares = band_shares((64, 50), torch.float64, torch.device("cpu"))
    laws.assert_equal(shares.sum(0), torch.ones(64, 50, dtype=torch.float64))
    y, x = frequencies(64), frequencies(50)
    radius = torch.hypot(y[:, None], x[None, :]).clamp(max=RADII[-1])
    edges = torch.tensor(RADII, dtype=torch.float64)
    laws.assert_equal((edges[:, None, None] * shares).sum(0), radius)  # linear in between


def test_the_weight_before_training_is_the_square_of_noise_over_disagreement() -> None:
    noise, apart = torch.tensor([0.01, 0.04]), torch.tensor([0.02, 0.02])
    weight = BandError()(noise, apart, SHAPE)
    assert weight.shape == (2, 1, *SHAPE)
    expected = (noise / (FIRST_ERROR * apart)).square().reshape(2, 1, 1, 1).expand_as(weight)
    laws.assert_equal(weight.detach(), expected, 1e-5)


@pytest.mark.parametrize("coils", [1, 3])
def test_consistency_minimises_both_misfits(coils: int) -> None:
    """The gradient ``A^H (A x - y) + F^H L F (x - z)`` of what it minimises is zero there."""
    maps = laws.random_array((2, 1, coils, *SHAPE), "maps", dtype=torch.complex128)
    maps = maps / maps.abs().square().sum(2, keepdim=True).sqrt()
    if coils == 1:
        maps = torch.ones_like(maps)
    mask = laws.random_array((2, 1, 1, *SHAPE), "mask", dtype=torch.float64) > 0
    operator = Encoding(mask, maps, 1)
    measured = laws.random_array(operator.codomain, "kspace", dtype=torch.complex128)
    before = laws.random_array(operator.domain, "image", dtype=torch.complex128)
    weight = laws.random_array((2, 1, *SHAPE), "weight", dtype=torch.float64).square() + 0.1
    adjoint = operator.H(measured * mask)
    after = consistent_in_bands(before, adjoint, operator, weight, 60)
    gradient = operator.normal(after) - adjoint + plain_ifft(weight * plain_fft(after - before))
    assert float(gradient.norm()) < 1e-6 * float(adjoint.norm())


def test_one_coil_with_a_phase_is_exact_at_once_in_the_frequencies_of_its_own_image() -> None:
    angle = laws.random_array((1, 1, 1, *SHAPE), "angle", dtype=torch.float64)
    maps = torch.polar(torch.ones_like(angle), angle)
    mask = laws.random_array((1, 1, 1, *SHAPE), "mask", dtype=torch.float64) > 0
    operator = Encoding(mask, maps, 1)
    measured = laws.random_array(operator.codomain, "kspace", dtype=torch.complex128) * mask
    before = laws.random_array(operator.domain, "image", dtype=torch.complex128)
    weight = laws.random_array((1, 1, *SHAPE), "weight", dtype=torch.float64).square() + 0.1
    after = consistent_in_bands(before, operator.H(measured), operator, weight, 1)
    plain = Encoding(mask, torch.ones_like(maps), 1)
    turned = consistent_in_bands(maps[:, :, 0] * before, plain.H(measured), plain, weight, 1)
    laws.assert_equal(maps[:, :, 0] * after, turned, 1e-10)


def test_images_that_agree_leave_the_noise_as_the_unit() -> None:
    one, noise = image("one"), torch.tensor([0.1, 0.3])
    unit = disagreement(one, one, noise)
    laws.assert_equal(unit, noise[:, None, None].expand_as(unit), 1e-6)
    apart = disagreement(one, one + 2j, torch.tensor([1e-6, 1e-6]))
    laws.assert_equal(apart, torch.full_like(apart, 2.0), 1e-5)


def test_what_is_dim_stays_and_what_is_bright_is_seen_as_its_root() -> None:
    values = torch.tensor([0.01 + 0.0j, 4e4j])
    found = dimmed(values)
    assert abs(complex(found[0]) - 0.01) < 1e-6
    assert complex(found[1]) == pytest.approx(1j * math.sqrt(4 * 4e4), rel=1e-3)


def test_a_refiner_treats_all_intensities_alike_and_changes_little_where_images_agree() -> None:
    refiner = Refiner(8, 2, 2)
    first, second, now = image("first"), image("second"), image("now")
    starts, noise = torch.stack([first, second], 1), torch.tensor([0.05, 0.1])
    unit = disagreement(first, second, noise)
    with torch.no_grad():
        once = refiner(now, starts, unit, noise)
        scaled = refiner(3 * now, 3 * starts, 3 * unit, 3 * noise)
        near = torch.stack([first, first + (second - first) / 1000], 1)
        little = refiner(first, near, unit / 1000, noise / 1000)
    assert once.shape == now.shape
    laws.assert_equal(scaled, 3 * once, 1e-5)
    assert float((little - first).norm()) < 0.2 * float((once - now).norm())
