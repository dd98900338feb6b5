"""Axes and broadcasting are checked with one sentence."""

import pytest
import torch

from feathermr.core.axes import COIL_MAPS, IMAGE, KSPACE, check_axes, check_broadcasts
from feathermr.core.errors import DataError, ShapeError


def test_named_axes_pass() -> None:
    check_axes(torch.ones(1, 2, 3, 4, 5), KSPACE, "kspace")
    check_axes(torch.ones(6, 1, 3, 4, 5), COIL_MAPS, "coil_maps")


@pytest.mark.parametrize("shape", [(2, 3), (1, 2, 3, 4, 5), (0, 1, 4, 5), ()])
def test_a_wrong_number_or_an_empty_axis_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError) as caught:
        check_axes(torch.ones(shape), IMAGE, "image")
    message = str(caught.value)
    assert "image must have the axes (slice, frame, y, x)" in message
    assert str(shape) in message
    assert isinstance(caught.value, DataError)


def test_an_axis_named_one_must_be_one() -> None:
    with pytest.raises(ShapeError, match="coil_maps"):
        check_axes(torch.ones(1, 2, 3, 4, 5), COIL_MAPS, "coil_maps")


@pytest.mark.parametrize("shape", [(2, 3), (1, 3), (2, 1), (1, 1)])
def test_ones_broadcast(shape: tuple[int, int]) -> None:
    check_broadcasts(torch.ones(shape), (2, 3), "mask")


@pytest.mark.parametrize("shape", [(3,), (2, 4), (1, 2, 3), (0, 3)])
def test_what_does_not_broadcast_is_refused_with_both_shapes(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError) as caught:
        check_broadcasts(torch.ones(shape), (2, 3), "mask")
    assert str(shape) in str(caught.value)
    assert "(2, 3)" in str(caught.value)
