"""Cropping and padding keep ``n // 2`` where it was."""

import itertools

import pytest
import torch

from feathermr.core.crop import center_crop, center_pad
from feathermr.core.errors import ShapeError

PAIRS = list(itertools.combinations_with_replacement([1, 4, 5, 6, 7], 2))


def with_center(height: int, width: int) -> torch.Tensor:
    array = torch.arange(1.0, height * width + 1).reshape(1, height, width)
    array[:, height // 2, width // 2] = -1
    return array


@pytest.mark.parametrize(("small", "large"), PAIRS)
def test_the_center_stays_the_center(small: int, large: int) -> None:
    cropped = center_crop(with_center(large, large), (small, small))
    assert cropped.shape == (1, small, small)
    assert cropped[0, small // 2, small // 2] == -1
    padded = center_pad(with_center(small, small), (large, large))
    assert padded.shape == (1, large, large)
    assert padded[0, large // 2, large // 2] == -1


@pytest.mark.parametrize(("small", "large"), PAIRS)
def test_cropping_undoes_padding(small: int, large: int) -> None:
    array = with_center(small, small + 2)
    padded = center_pad(array, (large, large + 3))
    assert torch.equal(center_crop(padded, (small, small + 2)), array)
    assert padded.abs().sum() == array.abs().sum()


def test_the_wrong_direction_is_refused_with_both_sizes() -> None:
    with pytest.raises(ShapeError, match="cannot crop 5 x 6 to 7 x 4"):
        center_crop(torch.ones(5, 6), (7, 4))
    with pytest.raises(ShapeError, match="cannot pad 5 x 6 to 7 x 4"):
        center_pad(torch.ones(5, 6), (7, 4))
