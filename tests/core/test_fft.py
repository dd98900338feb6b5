"""The transform against its defining sum, and what is kept between calls."""

import math

import pytest
import torch
from torch import Tensor

import laws
from feathermr.core.fft import (
    fft,
    ifft,
    origin_phase,
    plain_fft,
    plain_ifft,
    to_center,
    to_corner,
)

SIZES = [1, 2, 5, 6, 8, 9]


def dense(size: int) -> Tensor:
    """``n**-0.5 exp(-2j pi (k - c)(m - c) / n)`` written out."""
    offset = torch.arange(size, dtype=torch.float64) - size // 2
    angle = -2 * math.pi * torch.outer(offset, offset) / size
    return torch.polar(torch.full_like(angle, size**-0.5), angle)


@pytest.mark.parametrize("size", SIZES)
def test_one_axis_is_the_explicit_sum(size: int) -> None:
    array = laws.random_array((3, size), size)
    laws.assert_equal(fft(array, (-1,)), array @ dense(size).mT, 1e-12)
    laws.assert_equal(ifft(array, (-1,)), array @ dense(size).conj(), 1e-12)


@pytest.mark.parametrize(("height", "width"), [(5, 6), (6, 5), (7, 9), (8, 10), (1, 7)])
def test_two_axes_are_the_explicit_sum(height: int, width: int) -> None:
    array = laws.random_array((2, height, width), height, width)
    laws.assert_equal(fft(array), dense(height) @ array @ dense(width).mT, 1e-12)
    laws.assert_equal(ifft(fft(array)), array, 1e-12)


def test_any_axes_counted_from_the_right_are_transformed() -> None:
    array = laws.random_array((5, 4, 3), "axes")
    expected = torch.einsum("ka,lc,abc->kbl", dense(5), dense(3), array)
    laws.assert_equal(fft(array, (-3, -1)), expected, 1e-12)


@pytest.mark.parametrize("axes", [(0, 1), (-1, -2), (1,)])
def test_axes_counted_from_the_left_or_unordered_are_refused(axes: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="count from the right"):
        fft(torch.ones(3, 4), axes)


@pytest.mark.parametrize("shape", [(7, 4), (6, 9), (5, 5)])
def test_a_constant_image_is_one_sample_at_the_center(shape: tuple[int, int]) -> None:
    kspace = fft(torch.ones(shape, dtype=torch.float64))
    expected = torch.zeros(shape, dtype=torch.complex128)
    expected[shape[0] // 2, shape[1] // 2] = math.sqrt(shape[0] * shape[1])
    torch.testing.assert_close(kspace, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (torch.float32, torch.complex64),
        (torch.float64, torch.complex128),
        (torch.int64, torch.complex64),
        (torch.complex64, torch.complex64),
        (torch.complex128, torch.complex128),
    ],
)
def test_real_arrays_become_complex_of_their_precision(
    given: torch.dtype, expected: torch.dtype
) -> None:
    assert fft(torch.ones(3, 4).to(given)).dtype == expected


@pytest.mark.parametrize("shape", [(5, 6), (7, 8), (4, 9)])
def test_the_plain_transform_and_a_phase_do_what_the_centred_one_does(
    shape: tuple[int, int],
) -> None:
    image, mask = laws.random_array(shape, "image"), laws.random_array(shape, "mask").real
    phase = origin_phase(shape, (-2, -1), image)
    plain = phase.conj() * plain_ifft(mask * plain_fft(phase * image))
    laws.assert_equal(plain, ifft(mask * fft(image)), 1e-12)


@pytest.mark.parametrize("size", [5, 6])
def test_the_center_moves_to_the_corner_and_back(size: int) -> None:
    array = torch.arange(size * 7).reshape(size, 7)
    corner = to_corner(array)
    assert corner[0, 0] == array[size // 2, 3]
    assert torch.equal(to_center(corner), array)


def test_a_first_call_in_inference_mode_leaves_later_gradients_alone() -> None:
    with torch.inference_mode():
        fft(torch.ones(23, 29))
    image = torch.ones(23, 29, requires_grad=True)
    fft(image).abs().sum().backward()
    assert image.grad is not None


class Transform(torch.nn.Module):
    def forward(self, image: Tensor) -> Tensor:
        return fft(image).abs()


@pytest.mark.parametrize("strict", [False, True])
def test_a_first_call_while_exporting_leaves_later_calls_alone(strict: bool) -> None:
    image = torch.ones(19, 31 + strict)
    exported = torch.export.export(Transform(), (image,), strict=strict)
    later = fft(image)
    assert type(later) is Tensor
    torch.testing.assert_close(exported.module()(image), later.abs())
