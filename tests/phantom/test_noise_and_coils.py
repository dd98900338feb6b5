import pytest
import torch

from feathermr.core.errors import ShapeError
from feathermr.core.fft import fft, ifft
from feathermr.core.seeding import generator
from feathermr.phantom import (
    acquire,
    add_noise,
    at_scan_resolution,
    coil_correlation,
    coil_maps,
    sample_noise,
    signal_level,
)


def test_signal_level_of_a_flat_object_is_its_value():
    image = torch.zeros(1, 1, 1, 21, 16, dtype=torch.complex64)
    image[..., 4:11, 3:9] = 2.5j
    assert float(signal_level(fft(image))) == pytest.approx(2.5, rel=1e-5)


@pytest.mark.parametrize("coils", [1, 5])
def test_noise_of_the_combined_image_has_the_asked_level(coils):
    source = generator(3)
    maps = at_scan_resolution(coil_maps(1, coils, (65, 64), source))
    image = torch.full((1, 1, 65, 64), 3.0, dtype=torch.complex64)
    clean = fft(image[:, :, None] * maps)
    noisy = add_noise(clean, 20.0, source)
    combined = (ifft(noisy) * maps.conj()).sum(2) - image
    assert float(combined.real.std()) == pytest.approx(3.0 / 20, rel=0.05)
    assert float(combined.imag.std()) == pytest.approx(3.0 / 20, rel=0.05)


def test_noise_has_the_asked_covariance():
    source = generator(4)
    correlation = coil_correlation(6, source, strength=0.6)
    noise = sample_noise((6, 60000), source, correlation, coil_axis=0)
    measured = noise @ noise.mH / (2 * noise.shape[1])
    torch.testing.assert_close(measured, correlation, atol=0.03, rtol=0.0)
    assert (correlation - torch.eye(6)).abs().max() > 0.1


def test_a_correlation_of_another_number_of_coils_is_refused():
    with pytest.raises(ShapeError, match="5 coils"):
        sample_noise((1, 1, 5, 3, 4), generator(0), torch.eye(4))


@pytest.mark.parametrize("coils", [2, 8, 32])
@pytest.mark.parametrize("shape", [(33, 48), (64, 37)])
def test_coil_maps_are_normalised_smooth_and_different(coils, shape):
    maps = coil_maps(2, coils, shape, generator(7))
    assert maps.shape == (2, 1, coils, 2 * shape[0], 2 * shape[1])
    assert maps.dtype == torch.complex64
    torch.testing.assert_close(
        maps.abs().square().sum(2), torch.ones(()).expand(2, 1, *maps.shape[-2:])
    )
    assert maps.diff(dim=-1).abs().max() < 0.35
    flat = maps[0, 0].flatten(1)
    overlap = (flat @ flat.mH).abs()
    norms = overlap.diagonal().sqrt()
    cosine = overlap / norms[:, None] / norms[None, :] - torch.eye(coils)
    assert cosine.max() < 0.995


def test_one_coil_is_a_map_of_ones():
    assert bool((coil_maps(3, 1, (17, 20), generator(0)) == 1).all())


def test_scan_samples_of_the_finer_grid_share_its_origin():
    for height, width in ((8, 9), (5, 6)):
        fine = torch.zeros(2 * height, 2 * width)
        fine[height, width] = 1.0
        coarse = at_scan_resolution(fine)
        assert coarse.shape == (height, width)
        assert coarse[height // 2, width // 2] == 1.0


@pytest.mark.parametrize("shape", [(16, 12), (15, 21)])
def test_a_plane_wave_on_the_finer_grid_is_one_sample_of_the_scan(shape):
    y = torch.arange(2 * shape[0]) - shape[0]
    turns = 2 * torch.pi * 3 * y / (2 * shape[0])
    wave = torch.polar(torch.ones_like(turns), turns)[:, None].expand(-1, 2 * shape[1])[None, None]
    ones = torch.ones(1, 1, 1, 1, 1, dtype=torch.complex64)
    kspace = acquire(wave, ones, shape)[0, 0, 0]
    expected = torch.zeros(shape, dtype=torch.complex64)
    expected[shape[0] // 2 + 3, shape[1] // 2] = (shape[0] * shape[1]) ** 0.5
    torch.testing.assert_close(kspace, expected, atol=1e-4, rtol=1e-5)
