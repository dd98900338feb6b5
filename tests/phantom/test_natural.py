"""Natural-like pictures have what all photographs share."""

import pytest
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from feathermr.core.fft import plain_fft
from feathermr.core.seeding import generator
from feathermr.phantom import scene

SIZE = 128


@pytest.fixture(scope="module")
def pictures() -> Tensor:
    """Of unit deviation, (picture, 1, y, x)."""
    drawn = [scene("natural", 1, (SIZE, SIZE), generator(3, each)) for each in range(24)]
    small = avg_pool2d(torch.cat(drawn), 2)
    return (small - small.mean((-2, -1), keepdim=True)) / small.std((-2, -1), keepdim=True)


def test_power_falls_with_about_the_square_of_the_frequency(pictures: Tensor) -> None:
    window = torch.hann_window(SIZE)[:, None] * torch.hann_window(SIZE)
    power = plain_fft(pictures * window).abs().square().mean((0, 1))
    across = torch.arange(SIZE) - SIZE / 2
    frequency = torch.hypot(across[:, None], across[None]).roll((SIZE // 2, SIZE // 2), (0, 1))
    rings = 4 * 2.0 ** torch.arange(4)
    means = [power[(frequency >= ring) & (frequency < 1.4 * ring)].mean().log() for ring in rings]
    slopes = torch.stack(means).diff() / torch.tensor(2.0).log()
    assert -3.2 < float(slopes.mean()) < -1.8
    assert float(slopes.max()) < -1.2


def test_differences_of_neighbours_have_heavy_tails_at_every_scale(pictures: Tensor) -> None:
    for _ in range(3):
        steps = pictures.diff(dim=-1)
        kurtosis = float((steps**4).mean() / steps.square().mean() ** 2)
        assert kurtosis > 6  # normal noise has 3
        pictures = avg_pool2d(pictures, 2)


def test_a_picture_is_full_from_edge_to_edge_and_no_two_are_alike(pictures: Tensor) -> None:
    for corner in (pictures[..., :16, :16], pictures[..., -16:, -16:]):
        assert bool((corner.std((-2, -1)) > 0.01).all())
    alike = pictures.flatten(1) @ pictures.flatten(1).T / SIZE**2
    assert float((alike - torch.eye(len(pictures))).abs().max()) < 0.7
