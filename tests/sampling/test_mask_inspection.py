"""What is read from a mask that came from elsewhere."""

import pytest
import torch

from feathermr.core.errors import DataError, ShapeError, UsageError
from feathermr.sampling import achieved_acceleration, center_lines


def lines(text, axis=-2):
    row = torch.tensor([letter == "x" for letter in text])
    return row.reshape((1, 1, 1, -1, 1) if axis == -2 else (1, 1, 1, 1, -1))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("xxxxxx", 6),
        ("xxxxx", 5),
        ("..xx..", 2),
        ("..xx.", 1),
        ("..x..", 1),
        ("..xxx", 1),
        ("xxx..", 2),
        ("xxxx..", 2),
        ("xx.xx", 0),
        (".xxx.", 3),
        ("..xxx.", 3),
        ("x", 1),
    ],
)
def test_center_lines_are_the_largest_centered_block(text, expected):
    assert center_lines(lines(text), -2) == expected
    assert center_lines(lines(text, axis=-1), -1) == expected


def test_center_lines_are_common_to_all_frames():
    mask = torch.cat([lines("...xxx.x"), lines(".xxxxx..")], dim=1)
    assert center_lines(mask, -2) == 3


def test_points_that_fill_a_square_are_no_center_lines():
    mask = torch.zeros(1, 1, 1, 9, 8, dtype=torch.bool)
    mask[..., 3:6, 3:6] = True
    assert center_lines(mask, -2) == center_lines(mask, -1) == 0


def test_acceleration_counts_all_positions():
    mask = torch.cat([lines("xx......"), lines("xx..x.x.")], dim=1)
    assert achieved_acceleration(mask) == 16 / 6


def test_an_empty_mask_has_no_acceleration():
    with pytest.raises(DataError, match="samples nothing"):
        achieved_acceleration(lines("...."))


def test_masks_of_other_axes_are_refused():
    with pytest.raises(ShapeError, match="mask must have the axes"):
        center_lines(torch.ones(4, 4, dtype=torch.bool), -2)
    with pytest.raises(UsageError, match="axis -2"):
        center_lines(lines("xx"), 0)
