"""Whitening and compression of coils."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

import laws
import synthetic
from feathermr.acquisition import Acquisition
from feathermr.calibration import compress, noise_covariance, whiten, whitening_matrix
from feathermr.calibration.compression import compression_matrix
from feathermr.calibration.whitening import mix_coils
from feathermr.core.errors import DataError
from feathermr.operators import encoding

COILS = 4


def correlated(samples: int) -> Tensor:
    mixing = laws.random_array((COILS, COILS), "mixing") + 2 * torch.eye(COILS)
    return 1e-3 * mixing @ laws.random_array((COILS, samples), "noise")


def test_the_covariance_by_hand() -> None:
    noise = torch.tensor([[1, -1, 1j, -1j], [2, -2, 2, -2]], dtype=torch.complex128)
    expected = torch.tensor([[4, 4 + 4j], [4 - 4j, 16]], dtype=torch.complex128) / 3
    laws.assert_equal(noise_covariance(noise), expected)


def test_a_constant_offset_is_no_noise() -> None:
    noise = correlated(300)
    laws.assert_equal(noise_covariance(noise + (3 - 2j)), noise_covariance(noise), 1e-6)


def test_too_few_samples_are_refused() -> None:
    with pytest.raises(DataError, match="4 coils needs more than 4 samples, but has 4"):
        noise_covariance(correlated(4))


def test_whitened_noise_has_the_identity_times_the_mean_variance() -> None:
    noise = correlated(500)
    covariance = noise_covariance(noise)
    white = noise_covariance(whitening_matrix(covariance) @ noise)
    variance = covariance.diagonal().real.mean()
    laws.assert_equal(white, variance * torch.eye(COILS, dtype=torch.complex128), 1e-9)


def test_a_coil_without_noise_is_refused_in_a_sentence() -> None:
    noise = correlated(100)
    noise[2] = 0
    with pytest.raises(DataError, match="noise"):
        whitening_matrix(noise_covariance(noise))


def noisy_scan() -> Acquisition:
    scan = synthetic.accelerated(synthetic.scan(2, 2, noise=1e-3))
    return replace(scan, noise=correlated(400).to(torch.complex64))


def assert_missing_is_plus_zero(scan: Acquisition) -> None:
    missing = torch.view_as_real(scan.kspace[~scan.mask.expand(scan.kspace.shape)])
    assert missing.numel() > 0
    assert (missing == 0).all()
    assert not torch.signbit(missing).any()


def test_whitening_a_scan_keeps_missing_samples_plus_zero_and_the_model_true() -> None:
    scan = noisy_scan()
    white = whiten(scan)
    assert_missing_is_plus_zero(white)
    assert white.noise is None
    assert "whitened" in white.header.notes[-1]
    assert white.kspace.dtype == torch.complex64
    matrix = whitening_matrix(noise_covariance(correlated(400))).to(torch.complex64)
    laws.assert_equal(white.kspace, mix_coils(matrix, scan.kspace), 1e-4)
    assert scan.reference is not None
    model = encoding(white)(scan.reference)
    assert synthetic.nmse(model, white.kspace) < 1e-3  # the maps were mixed likewise


@pytest.mark.parametrize("change", [{"noise": None}, {}])
def test_there_is_nothing_to_whiten_without_noise_or_with_one_coil(change: dict[str, None]) -> None:
    scan = noisy_scan() if change else synthetic.scan(n_coils=1)
    if not change:
        scan = replace(scan, noise=torch.ones(1, 9, dtype=torch.complex64))
    scan = replace(scan, **change)
    assert whiten(scan) is scan


def test_compression_keeps_nearly_all_energy_of_smooth_coils() -> None:
    scan = synthetic.accelerated(synthetic.scan(2, 2, n_coils=12))
    small = compress(scan, 6)
    assert small.n_coils == 6
    assert small.kspace.abs().square().sum() > 0.99 * scan.kspace.abs().square().sum()
    assert_missing_is_plus_zero(small)
    assert "12 coils compressed to 6" in small.header.notes[-1]
    assert scan.reference is not None
    assert synthetic.nmse(encoding(small)(scan.reference), small.kspace) < 1e-6


def test_its_matrix_has_orthonormal_rows_in_the_order_of_energy() -> None:
    scan = synthetic.scan(2, 2, n_coils=9, dtype=torch.complex128)
    matrix = compression_matrix(scan.kspace, 5)
    laws.assert_equal(matrix @ matrix.mH, torch.eye(5, dtype=torch.complex128))
    energies = mix_coils(matrix, scan.kspace).abs().square().sum((0, 1, 3, 4))
    assert energies.tolist() == sorted(energies.tolist(), reverse=True)
    columns = scan.kspace.movedim(2, 0).flatten(1)
    expected = torch.linalg.svdvals(columns)[:5].square()
    torch.testing.assert_close(energies, expected, rtol=1e-9, atol=0)


def test_few_coils_are_left_alone() -> None:
    scan = synthetic.scan(n_coils=4)
    assert compress(scan, 4) is scan


def test_a_mask_spelled_out_for_every_coil_survives_compression() -> None:
    scan = synthetic.accelerated(synthetic.scan(n_coils=8))
    spelled = replace(scan, mask=scan.mask.expand(-1, -1, 8, -1, -1))
    assert torch.equal(compress(spelled, 3).kspace, compress(scan, 3).kspace)
    assert_missing_is_plus_zero(compress(spelled, 3))
