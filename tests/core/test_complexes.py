"""Complex numbers as channels."""

import pytest
import torch

import laws
from feathermr.core.complexes import from_channels, to_channels
from feathermr.core.errors import ShapeError


def test_real_parts_come_first() -> None:
    array = torch.tensor([[1 + 2j, 3 + 4j]])[..., None]
    assert to_channels(array).flatten().tolist() == [1, 3, 2, 4]


@pytest.mark.parametrize("dtype", [torch.complex64, torch.complex128])
def test_there_and_back_is_the_same_bit_for_bit(dtype: torch.dtype) -> None:
    array = laws.random_array((3, 5, 4, 7), "channels", dtype=dtype)
    channels = to_channels(array)
    assert channels.shape == (3, 10, 4, 7)
    assert channels.dtype == array.real.dtype
    assert torch.equal(from_channels(channels), array)


def test_an_odd_number_of_channels_is_refused() -> None:
    with pytest.raises(ShapeError, match="3"):
        from_channels(torch.ones(1, 3, 4, 5))
