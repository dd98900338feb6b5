"""What laws do not pin: one value in closed form an operator, at odd sizes."""

import math

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

import laws
from feathermr.core.errors import ShapeError, UsageError
from feathermr.operators import (
    KERNELS,
    Coils,
    Differences,
    Downsampling,
    Fourier,
    Identity,
    Kernel,
    Sampling,
)

SHAPE = (1, 1, 7, 5)


def test_the_transform_of_a_constant_is_one_sample_at_the_center() -> None:
    kspace = Fourier(SHAPE)(torch.ones(SHAPE, dtype=torch.complex128))
    expected = torch.zeros(SHAPE, dtype=torch.complex128)
    expected[..., 3, 2] = math.sqrt(35)
    torch.testing.assert_close(kspace, expected, rtol=0, atol=1e-13)


def test_the_transform_of_a_moved_point_is_its_phase_ramp() -> None:
    image = torch.zeros(SHAPE, dtype=torch.complex128)
    image[..., 3 + 1, 2 - 2] = 1  # one row down, two columns left
    row = torch.arange(7, dtype=torch.float64)[:, None] - 3
    column = torch.arange(5, dtype=torch.float64) - 2
    angle = -2 * math.pi * (row * 1 / 7 + column * -2 / 5)
    expected = torch.polar(torch.full_like(angle, 35**-0.5), angle)
    torch.testing.assert_close(Fourier(SHAPE)(image)[0, 0], expected, rtol=0, atol=1e-13)


def test_coils_weight_the_image_and_combine_with_their_conjugates() -> None:
    image = torch.tensor([[1.0, 2j, -1.0]], dtype=torch.complex128)[None, None]
    maps = torch.tensor([[1j, 2.0, 0.0], [1.0, 1 - 1j, 3j]], dtype=torch.complex128)
    operator = Coils(maps[None, None, :, None], (1, 1, 1, 3))
    seen = operator(image)[0, 0, :, 0]
    assert seen.tolist() == [[1j, 4j, 0], [1, 2 + 2j, -3j]]
    assert operator.H(operator(image))[0, 0, 0].tolist() == [2, 12j, -9]


def test_differences_by_hand_end_in_zero_and_do_not_wrap() -> None:
    image = torch.tensor([[1.0, 4.0, 9.0], [2.0, 2.0, 7.0]]).reshape(1, 1, 2, 3)
    down, right = Differences((1, 1, 2, 3), (-2, -1))(image)
    assert down[0, 0].tolist() == [[1, -2, -2], [0, 0, 0]]
    assert right[0, 0].tolist() == [[3, 5, 0], [0, 5, 0]]


def test_differences_in_time_compare_neighbouring_frames() -> None:
    series = torch.tensor([5.0, 7.0, 4.0]).reshape(1, 3, 1, 1)
    assert Differences((1, 3, 1, 1), (-3,))(series).flatten().tolist() == [2, -3, 0]
    around = Differences((1, 3, 1, 1), (-3,), cyclic=True)(series).flatten().tolist()
    assert around[:2] == [2, -3]
    assert sum(around) == 0


def test_differences_along_an_axis_of_one_are_zero() -> None:
    operator = Differences((1, 1, 1, 5), (-2,))
    assert operator(torch.ones(1, 1, 1, 5)).tolist() == torch.zeros(1, 1, 1, 1, 5).tolist()
    assert operator.H(torch.ones(1, 1, 1, 1, 5)).tolist() == torch.zeros(1, 1, 1, 5).tolist()


@pytest.mark.parametrize("axis", [0, 1, -5])
def test_differences_along_an_axis_that_is_not_there_are_refused(axis: int) -> None:
    with pytest.raises(ShapeError, match=str(axis)):
        Differences((1, 1, 4, 5), (axis,))


def sign_bits(array: Tensor) -> Tensor:
    return torch.signbit(torch.view_as_real(array))


def test_what_is_not_sampled_is_plus_zero_in_both_parts() -> None:
    mask = torch.tensor([True, False, True, False, False]).reshape(1, 1, 1, 1, 5)
    shape = (1, 1, 2, 3, 5)
    kspace = torch.full(shape, complex(-2, -3), dtype=torch.complex64)
    kspace[..., 1] = complex(float("nan"), -float("inf"))
    sampled = Sampling(mask, shape)(kspace)
    missing = sampled[..., [1, 3, 4]]
    assert (missing == 0).all()
    assert not sign_bits(missing).any()
    assert (sampled[..., [0, 2]] == complex(-2, -3)).all()


def test_a_mask_that_is_not_boolean_is_refused() -> None:
    with pytest.raises(ShapeError, match=r"boolean, not torch\.float32"):
        Sampling(torch.ones(1, 1, 1, 1, 5), (1, 1, 2, 3, 5))


def test_sums_and_multiples_do_what_they_say() -> None:
    image = laws.random_array((1, 1, 2, 3), "algebra")
    identity = Identity((1, 1, 2, 3))
    laws.assert_equal((2j * identity + identity)(image), (1 + 2j) * image)
    laws.assert_equal((2j * identity).H(image), -2j * image)
    laws.assert_equal((2j * identity).normal(image), 4 * image)


def test_a_real_multiple_of_a_real_operator_keeps_real_arrays_real() -> None:
    operator = 2.0 * Differences((1, 1, 2, 3), (-1,))
    array = torch.ones(operator.codomain, dtype=torch.float32)
    assert operator.H(array).dtype == torch.float32


def test_composing_what_does_not_fit_names_both_shapes() -> None:
    with pytest.raises(ShapeError) as caught:
        Fourier((1, 1, 2, 7, 5)) @ Identity((1, 1, 7, 5))
    assert "Fourier of domain (1, 1, 2, 7, 5)" in str(caught.value)
    assert "Identity of codomain (1, 1, 7, 5)" in str(caught.value)


def test_adding_what_does_not_fit_names_both_shapes() -> None:
    with pytest.raises(ShapeError) as caught:
        Identity((1, 1, 7, 5)) + Differences((1, 1, 7, 5), (-1,))
    assert "(1, 1, 7, 5) -> (1, 1, 7, 5)" in str(caught.value)
    assert "(1, 1, 7, 5) -> (1, 1, 1, 7, 5)" in str(caught.value)


@pytest.mark.parametrize("shape", [(7, 5), (1, 1, 5, 7), (2, 1, 7, 5)])
def test_an_array_of_another_shape_is_refused_with_both_shapes(shape: tuple[int, ...]) -> None:
    for call in (Identity(SHAPE), Identity(SHAPE).normal, Fourier(SHAPE).H):
        with pytest.raises(ShapeError) as caught:
            call(torch.ones(shape))
        assert str(SHAPE) in str(caught.value)
        assert str(shape) in str(caught.value)


def test_coil_maps_of_another_size_are_refused_with_both_shapes() -> None:
    with pytest.raises(ShapeError) as caught:
        Coils(torch.ones(1, 1, 2, 5, 7), SHAPE)
    assert "(1, 1, 2, 5, 7)" in str(caught.value)
    assert "(1, 1, 2, 7, 5)" in str(caught.value)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("scale", [1, 2, 3])
def test_a_constant_stays_the_constant_on_both_grids(scale: int, kernel: Kernel) -> None:
    operator = Downsampling((1, 1, 12, 18), scale, kernel)
    fine = torch.full((1, 1, 12, 18), 2 - 1j, dtype=torch.complex128)
    coarse = fine[..., : 12 // scale, : 18 // scale]
    laws.assert_equal(operator(fine), coarse)
    laws.assert_equal(operator.interpolate(coarse), fine)


def test_truncation_keeps_slow_waves_and_loses_fast_ones() -> None:
    row = (torch.arange(24, dtype=torch.float64)[:, None] - 12).expand(24, 24)
    slow, fast = (torch.polar(torch.ones_like(row), 2 * math.pi * k * row / 24) for k in (4, 9))
    operator = Downsampling((1, 1, 24, 24), 2)
    coarse = operator((slow + fast)[None, None])
    laws.assert_equal(coarse, slow[None, None, ::2, ::2])  # pixel 6 of 12 lies at 12 of 24
    laws.assert_equal(operator.interpolate(coarse), slow[None, None])


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_bicubic_weights_are_those_of_other_software(scale: int) -> None:
    picture = laws.random_array((24, 36), "picture", dtype=torch.float64).float().numpy()
    operator = Downsampling((1, 1, 24, 36), scale, "bicubic")
    small = (36 // scale, 24 // scale)
    reduced = np.asarray(Image.fromarray(picture).resize(small, Image.Resampling.BICUBIC))
    found = operator(torch.from_numpy(picture).to(torch.complex64)[None, None])
    laws.assert_equal(found[0, 0].real, torch.tensor(reduced), 1e-5)
    large = np.asarray(Image.fromarray(reduced).resize((36, 24), Image.Resampling.BICUBIC))
    again = operator.interpolate(torch.tensor(reduced).to(torch.complex64)[None, None])
    laws.assert_equal(again[0, 0].real, torch.tensor(large), 1e-5)


def test_what_down_sampling_cannot_do_is_refused() -> None:
    with pytest.raises(ShapeError, match="a scale of 2 does not divide 9 x 12"):
        Downsampling((1, 1, 9, 12), 2)
    with pytest.raises(UsageError, match="truncation, bicubic"):
        Downsampling((1, 1, 9, 12), 3, "cubic")  # type: ignore[arg-type]
