"""One contract for every sampling pattern, over odd and even sizes, accelerations and centers."""

import math

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from feathermr.core.errors import UsageError
from feathermr.core.seeding import generator
from feathermr.sampling import PATTERNS, achieved_acceleration, center_lines, summary

MOVING = {"kt-random", "kt-laplacian", "kt-equispaced"}
LINES = {"random", "equispaced", "gaussian"} | MOVING
POINTS = {"gaussian-2d", "poisson"}

by_name = pytest.mark.parametrize("name", sorted(PATTERNS))
requests = {
    "frames": st.integers(1, 4),
    "height": st.integers(1, 40),
    "width": st.integers(1, 40),
    "acceleration": st.floats(1, 12),
    "center": st.one_of(st.integers(1, 40), st.floats(0.01, 1)),
    "axis": st.sampled_from([-2, -1]),
    "seed": st.integers(0, 1000),
}


def encoded_sizes(name, height, width, axis):
    return (height, width) if name in POINTS else ((height, width)[axis],)


def sides(sizes, center):
    if isinstance(center, int):
        return [center] * len(sizes)
    return [max(1, round(center * size)) for size in sizes]


def call(name, shape=(1, 3, 41, 36), *, seed=0, **changes):
    request = {"acceleration": 4.0, "center": 3, "axis": -2} | changes
    return PATTERNS[name](shape, **request, generator=generator(seed, "mask"))


def test_every_pattern_is_covered_here():
    assert set(PATTERNS) == LINES | POINTS


@by_name
@settings(max_examples=60, deadline=None)
@given(**requests)
def test_mask_has_the_exact_number_of_samples_a_full_center_and_the_right_axes(
    name, frames, height, width, acceleration, center, axis, seed
):
    sizes = encoded_sizes(name, height, width, axis)
    blocks = sides(sizes, center)
    count = round(math.prod(sizes) / acceleration)
    assume(all(block <= size for block, size in zip(blocks, sizes, strict=True)))
    assume(math.prod(blocks) <= count)

    request = {"acceleration": acceleration, "center": center, "axis": axis}
    mask = PATTERNS[name]((2, frames, height, width), **request, generator=generator(seed))
    again = PATTERNS[name]((2, frames, height, width), **request, generator=generator(seed))

    spread = [1, frames if name in MOVING else 1, 1, height, width]
    if name in LINES:
        spread[-1 if axis == -2 else -2] = 1
    assert mask.dtype == torch.bool
    assert mask.device.type == "cpu"
    assert list(mask.shape) == spread
    assert (mask.sum(dim=(0, 2, 3, 4)) == count).all()
    assert torch.equal(mask, again)
    middle = mask
    for position, block in zip((-2, -1) if name in POINTS else (axis,), blocks, strict=True):
        size = mask.shape[position]
        middle = middle.narrow(position, size // 2 - block // 2, block)
    assert middle.all()
    if name in LINES:
        assert center_lines(mask, axis) >= blocks[0]


@by_name
@settings(max_examples=20, deadline=None)
@given(
    center=st.integers(1, 9),
    height=st.integers(9, 40),
    width=st.integers(9, 40),
    excess=st.floats(1.5, 5),
)
def test_a_center_beyond_the_budget_names_the_largest_acceleration_that_works(
    name, center, height, width, excess
):
    sizes = encoded_sizes(name, height, width, -2)
    largest = math.prod(sizes) / center ** len(sizes)
    refused = largest * excess * 1.5
    shape = (1, 2, height, width)
    with pytest.raises(UsageError, match="use at most") as error:
        call(name, shape, acceleration=refused, center=center)
    offered = float(str(error.value).split("use at most ")[1].split(",")[0])
    assert offered == pytest.approx(largest, abs=0.0101)
    count = call(name, shape, acceleration=offered, center=center)[0, 0].sum()
    assert count == center ** len(sizes)


@by_name
def test_acceleration_one_samples_everything(name):
    assert call(name, acceleration=1).all()
    assert achieved_acceleration(call(name, acceleration=1)) == 1


@by_name
def test_another_seed_gives_another_mask(name):
    assert not torch.equal(call(name, seed=1), call(name, seed=2))


@by_name
def test_a_generator_used_twice_gives_two_masks(name):
    shared = generator(3)
    request = {"acceleration": 4, "center": 3, "axis": -2, "generator": shared}
    first, second = (PATTERNS[name]((1, 3, 41, 36), **request) for _ in range(2))
    assert not torch.equal(first, second)


@pytest.mark.parametrize("name", sorted(MOVING))
def test_frames_of_a_moving_pattern_differ_pairwise(name):
    frames = call(name, (1, 4, 96, 5), acceleration=6)[0, :, 0, :, 0]
    assert len({tuple(frame.tolist()) for frame in frames}) == 4


@by_name
@pytest.mark.parametrize("acceleration", [0, 0.99, -4, math.nan, math.inf])
def test_bad_acceleration_is_refused(name, acceleration):
    with pytest.raises(UsageError, match="acceleration must be a finite number of at least 1"):
        call(name, acceleration=acceleration)


@by_name
@pytest.mark.parametrize("center", [0, -1, 42, 0.0, -0.1, 1.01, math.nan, True, "3"])
def test_bad_center_is_refused(name, center):
    with pytest.raises(UsageError, match="center must be"):
        call(name, center=center)


@by_name
@pytest.mark.parametrize("shape", [(41, 36), (1, 1, 1, 41, 36), (1, 0, 41, 36), (1, 1, -41, 36)])
def test_bad_shape_is_refused(name, shape):
    with pytest.raises(UsageError, match="four positive sizes"):
        call(name, shape)


@by_name
@pytest.mark.parametrize("axis", [0, 1, -3])
def test_bad_axis_is_refused(name, axis):
    with pytest.raises(UsageError, match="axis -2"):
        call(name, axis=axis)


@by_name
def test_summary_is_one_sentence(name):
    assert summary(name).endswith(".")
    assert 20 < len(summary(name)) < 100


def test_summary_of_an_unknown_pattern_proposes_the_nearest():
    with pytest.raises(UsageError, match="did you mean 'poisson'"):
        summary("poison")
