"""Displacements between two images, and images moved back."""

import torch

from feathermr.core.seeding import generator
from feathermr.nn.motion import motion, warp


def smooth(shape: tuple[int, int] = (48, 40)) -> torch.Tensor:
    """A few blurred spots (1, y, x) of about 1."""
    source = generator(3, "spots")
    rows, columns = torch.arange(float(shape[0]))[:, None], torch.arange(float(shape[1]))
    image = torch.zeros(shape)
    for _ in range(12):
        y, x = (float(torch.rand((), generator=source)) * size for size in shape)
        image += torch.exp(-((rows - y) ** 2 + (columns - x) ** 2) / 30)
    return image[None] / image.max()


def test_a_shift_is_found_where_there_is_something_to_see() -> None:
    fixed = smooth()
    shift = torch.tensor([1.6, -2.3])[None, :, None, None].expand(1, 2, 48, 40)
    moving = warp(fixed[:, None], -shift)[:, 0]
    found = motion(fixed, moving)
    inner = (slice(None), slice(None), slice(8, -8), slice(8, -8))
    assert (found - shift)[inner].abs().median() < 0.1
    before = (moving - fixed)[:, 8:-8, 8:-8].square().mean()
    after = (warp(moving[:, None], found)[:, 0] - fixed)[:, 8:-8, 8:-8].square().mean()
    assert after < 0.02 * before


def test_nothing_moves_between_equal_images_or_noise() -> None:
    fixed = smooth()
    assert motion(fixed, fixed).abs().max() < 1e-4
    source = generator(1, "noise")
    noise = [0.01 * torch.randn(1, 48, 40, generator=source) for _ in range(2)]
    assert motion(noise[0], noise[1]).abs().mean() < 0.05


def test_whole_pixels_are_moved_exactly() -> None:
    image = smooth()[:, None]
    shift = torch.zeros(1, 2, 48, 40)
    shift[:, 0] = 3
    for cubic in (True, False):
        moved = warp(image, shift, cubic=cubic)
        assert torch.allclose(moved[..., :-3, :], image[..., 3:, :], atol=1e-5)
        assert torch.allclose(moved[..., -3:, :], image[..., -1:, :].expand(1, 1, 3, 40), atol=1e-5)
