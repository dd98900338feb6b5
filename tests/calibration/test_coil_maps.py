"""Estimated coil maps against maps known in closed form."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

import laws
import synthetic
from feathermr.acquisition import Acquisition
from feathermr.calibration import calibration_data, espirit_maps, estimate_coil_maps, walsh_maps
from feathermr.core.errors import DataError, UsageError
from feathermr.core.fft import ifft

SHAPES = [(64, 48), (57, 51)]


def agreement(found: Tensor, true: Tensor) -> Tensor:
    """``|<m, m'>|`` over coils (slice, y, x) of maps of unit length."""
    product: Tensor = (found.conj() * true).sum(2).abs()[:, 0]
    return product


def by_espirit(scan: Acquisition) -> Tensor:
    return espirit_maps(calibration_data(scan)[0], scan.shape)


def by_walsh(scan: Acquisition) -> Tensor:
    return walsh_maps(ifft(scan.kspace[:, 0]))


METHODS = {"espirit": by_espirit, "walsh": by_walsh}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", METHODS)
def test_maps_agree_with_the_true_ones_where_there_is_signal(
    kind: str, shape: tuple[int, int]
) -> None:
    scan = synthetic.scan(2, shape=shape, noise=1e-3, known_maps=False)
    assert scan.reference is not None
    maps = METHODS[kind](scan)
    object_ = scan.reference[:, 0].abs() > 0.1
    found = agreement(maps, synthetic.coils(4, *shape).to(maps.dtype))
    assert float(found[object_].min()) > 0.98
    assert float(found[object_].mean()) > 0.995


@pytest.mark.parametrize("calibration", ["espirit", "walsh"])
def test_maps_of_an_undersampled_scan_agree_too(calibration: str) -> None:
    scan = synthetic.accelerated(synthetic.scan(1, known_maps=False, noise=1e-3), center=16)
    assert scan.reference is not None
    found = estimate_coil_maps(scan, calibration)
    maps, sentence = found.maps, found.note
    inside = synthetic.ellipse(*synthetic.grid(64, 48), (0.0, 0.0), (0.7, 0.6)) > 0.5
    found = agreement(maps, synthetic.coils(4, 64, 48).to(maps.dtype))[0]
    assert float(found[inside].quantile(0.05)) > 0.99
    assert calibration in sentence
    assert "x 24 samples" in sentence


@pytest.mark.parametrize("center", [6, 8, 10, 12])
def test_espirit_of_a_small_center_has_no_holes(center: int) -> None:
    scan = synthetic.accelerated(synthetic.scan(known_maps=False, noise=1e-3), center=center)
    assert scan.reference is not None
    maps = estimate_coil_maps(scan).maps
    object_ = scan.reference[:, 0].abs() > 0.1
    found = agreement(maps, synthetic.coils(4, 64, 48).to(maps.dtype))[object_]
    assert float((found > 0.99).float().mean()) > 0.98


@pytest.mark.parametrize("kind", METHODS)
def test_maps_have_unit_length_or_are_zero(kind: str) -> None:
    maps = METHODS[kind](synthetic.scan(2, noise=1e-3))
    energy = maps.abs().square().sum(2)
    wrong = (energy - 1).abs().minimum(energy)
    assert float(wrong.max()) < 1e-4
    assert maps.shape == (2, 1, 4, 64, 48)


def test_espirit_is_zero_where_there_is_no_signal() -> None:
    scan = synthetic.scan(1, noise=1e-4)
    assert scan.reference is not None
    energy = by_espirit(scan).abs().square().sum(2)[0, 0]
    y, x = synthetic.grid(64, 48)
    outside = (y.abs() > 0.95) & (x.abs() > 0.9)
    assert float(energy[outside].max()) == 0
    assert float(energy[scan.reference[0, 0].abs() > 0.1].min()) > 0.99


def test_walsh_of_an_empty_corner_is_finite() -> None:
    images = torch.zeros(1, 3, 20, 23, dtype=torch.complex64)
    images[:, :, 2:5, 2:6] = laws.random_array((1, 3, 3, 4), "corner", dtype=torch.complex64)
    maps = walsh_maps(images)
    assert torch.isfinite(torch.view_as_real(maps)).all()
    assert (maps[..., 12:, 12:] == 0).all()


@pytest.mark.parametrize("kind", METHODS)
def test_a_batch_of_slices_is_a_loop(kind: str) -> None:
    scan = synthetic.scan(3, noise=1e-3, dtype=torch.complex128)
    together = METHODS[kind](scan)
    alone = torch.cat([METHODS[kind](scan.slices(i, i + 1)) for i in range(3)])
    laws.assert_equal(together, alone, 1e-8)


@pytest.mark.parametrize("kind", METHODS)
@pytest.mark.parametrize("dtype", [torch.complex64, torch.complex128])
def test_precision_is_kept(kind: str, dtype: torch.dtype) -> None:
    assert METHODS[kind](synthetic.scan(dtype=dtype)).dtype == dtype


@pytest.mark.parametrize("kind", METHODS)
@pytest.mark.parametrize("factor", [1e-6, 1e6, 1j])
def test_the_scale_of_the_data_plays_no_part(kind: str, factor: complex) -> None:
    scan = synthetic.scan(noise=1e-3)
    scaled = replace(scan, kspace=scan.kspace * factor)
    found, expected = METHODS[kind](scaled), METHODS[kind](scan)
    assert agreement(found, expected)[expected.abs().sum(2)[:, 0] > 0].min() > 0.9999


@pytest.mark.parametrize("kind", METHODS)
def test_the_phase_of_the_maps_is_smooth(kind: str) -> None:
    maps = METHODS[kind](synthetic.scan(noise=1e-3))
    inside = synthetic.ellipse(*synthetic.grid(64, 48), (0.0, 0.0), (0.6, 0.5)) > 0.5
    neighbours = (maps[..., 1:] * maps[..., :-1].conj()).sum(2)[0, 0]
    assert float(neighbours.angle()[inside[:, 1:]].abs().max()) < 0.2


@pytest.mark.parametrize(("height", "width"), [(5, 24), (24, 5), (2, 2)])
def test_a_center_smaller_than_the_kernel_is_refused(height: int, width: int) -> None:
    samples = torch.ones(1, 4, height, width, dtype=torch.complex64)
    with pytest.raises(DataError, match=rf"at least 6 x 6, but it is {height} x {width}"):
        espirit_maps(samples, (64, 48))


def test_maps_of_the_scan_come_first() -> None:
    scan = synthetic.scan(2)
    found = estimate_coil_maps(scan)
    maps, sentence = found.maps, found.note
    assert maps is scan.coil_maps
    assert "those of the scan" in sentence


def test_a_map_known_for_one_coil_is_used() -> None:
    scan = synthetic.scan(n_coils=1)
    known = laws.random_array((1, 1, 1, 64, 48), "one", dtype=torch.complex64)
    maps = estimate_coil_maps(replace(scan, coil_maps=known)).maps
    assert maps is known


def test_one_coil_has_a_map_of_ones() -> None:
    found = estimate_coil_maps(synthetic.scan(n_coils=1))
    maps, sentence = found.maps, found.note
    assert maps.shape == (1, 1, 1, 64, 48)
    assert (maps == 1).all()
    assert "one coil" in sentence


def test_an_unknown_calibration_is_refused_by_name() -> None:
    with pytest.raises(UsageError, match=r"'sake'.*espirit, walsh"):
        estimate_coil_maps(synthetic.scan(), "sake")
