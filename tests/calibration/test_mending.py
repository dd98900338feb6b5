import pytest
import torch

from feathermr.calibration.mending import mend, unexplained
from feathermr.core.seeding import generator


def smooth_maps(height: int, width: int) -> torch.Tensor:
    y = torch.linspace(-1, 1, height, dtype=torch.float64)[:, None]
    x = torch.linspace(-1, 1, width, dtype=torch.float64)[None, :]
    maps = torch.stack([1.5 + y + 0 * x, 1.5 - x + 0.5j * y, 1 + 0.4j * x + 0 * y]).to(
        torch.complex128
    )
    return (maps / torch.linalg.vector_norm(maps, dim=0))[None, None]


def test_maps_that_explain_the_images_stay() -> None:
    maps = smooth_maps(21, 18)
    images = maps[:, 0] * 3.0
    kept, share = mend(maps, images)
    assert share == 0.0
    assert kept is maps


def test_a_wrong_band_is_mended_and_the_rest_stays_up_to_phase() -> None:
    maps = smooth_maps(21, 18)
    images = maps[:, 0] * 3.0
    broken = maps.clone()
    broken[..., :4, :] = broken[..., :4, :].flip(2)
    mended, share = mend(broken, images)
    agreement = (maps.conj() * mended).sum(2).abs()
    assert 0.1 < share <= 4 / 21
    assert float(agreement.min()) > 0.97


def test_the_background_is_left_alone() -> None:
    maps = smooth_maps(21, 18)
    images = maps[:, 0] * 3.0
    images[..., :5, :] = 0.01 * torch.randn(
        1, 3, 5, 18, dtype=torch.complex128, generator=generator(0)
    )
    without = maps.clone()
    without[..., :5, :] = 0
    kept, share = mend(without, images)
    assert share == 0.0
    assert not kept[..., :5, :].any()


def test_what_maps_miss_is_counted_where_there_is_signal() -> None:
    maps = smooth_maps(21, 18)
    images = maps[:, 0] * 3.0
    assert unexplained(maps, images) == pytest.approx(0.0, abs=1e-12)
    without = maps.clone()
    without[..., :7, :] = 0
    assert unexplained(without, images) == pytest.approx(1 / 3)
