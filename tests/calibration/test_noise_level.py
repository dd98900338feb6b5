import pytest
import torch

from feathermr.calibration import noise_deviation
from feathermr.core.seeding import generator


def white(sigma: float) -> torch.Tensor:
    source = generator(0, "noise level")
    shape = (2, 3, 4, 61, 48)
    return sigma * torch.complex(
        torch.randn(shape, generator=source), torch.randn(shape, generator=source)
    )


def test_the_deviation_of_white_noise_is_found() -> None:
    mask = torch.ones(1, 1, 1, 61, 1, dtype=torch.bool)
    assert noise_deviation(white(0.3), mask) == pytest.approx(0.3, rel=0.03)


def test_a_signal_in_the_center_does_not_matter() -> None:
    kspace = white(0.3)
    kspace[..., 20:40, 15:33] += 1e4
    mask = torch.ones(1, 1, 1, 61, 48, dtype=torch.bool)
    assert noise_deviation(kspace, mask) == pytest.approx(0.3, rel=0.03)


def test_missing_and_padded_samples_do_not_count() -> None:
    kspace = white(0.3)
    mask = torch.rand(1, 3, 1, 61, 1, generator=generator(1)) < 0.4
    kspace = torch.where(mask, kspace, 0)
    kspace[..., :5, :] = 0
    assert noise_deviation(kspace, mask) == pytest.approx(0.3, rel=0.03)


def test_without_a_sample_it_is_zero() -> None:
    mask = torch.zeros(1, 1, 1, 61, 1, dtype=torch.bool)
    assert noise_deviation(torch.zeros(1, 1, 1, 61, 48, dtype=torch.complex64), mask) == 0.0
