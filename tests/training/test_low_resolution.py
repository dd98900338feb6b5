"""Examples of low resolution: what is measured is what the operator makes of the target."""

from dataclasses import replace
from itertools import pairwise

import pytest
import torch

import laws
from feathermr.core.errors import UsageError
from feathermr.core.fft import fft
from feathermr.core.seeding import generator
from feathermr.operators import KERNELS, Downsampling, Kernel
from feathermr.recon.problem import robust_scale
from feathermr.training.example import LowResolution
from feathermr.training.lowering import first_pixel, joined, lowered, middle, plain
from feathermr.training.simulated import SimulatedConfig, SimulatedExamples

SMALL = SimulatedConfig(sizes=(64, 80), snr=(1e6, 1e6), magnify=2, coils=(1, 4))


def drawn(index: int = 0, **changes: object) -> LowResolution:
    example = SimulatedExamples(replace(SMALL, **changes), 3)[index]  # type: ignore[arg-type]
    assert isinstance(example, LowResolution)
    return example


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_without_noise_the_measured_is_the_target_at_low_resolution(
    kernel: Kernel, scale: int
) -> None:
    """Up to the phase, whose magnitude image loses detail otherwise than the complex one."""
    for index in range(3):
        example = drawn(index, kernel=kernel, magnify=scale, sizes=(128, 144))
        assert (example.scale, example.kernel) == (scale, kernel)
        assert example.measured.shape == example.encoding.codomain
        expected = example.encoding(example.target)
        if kernel == "bicubic":
            expected = plain(expected.real.clamp_min(0.0))
            laws.assert_equal(example.measured, expected, 1e-3)
        error = (example.measured - expected).norm() / expected.norm()
        assert float(error) < 0.25  # a shift by one pixel gives 0.3 and more


def test_images_are_magnitudes_and_bright_tissue_is_about_one() -> None:
    for index in range(4):
        example = drawn(index, kernel=KERNELS[index % 2])
        for image in (example.low, example.target):
            assert image.dtype == torch.complex64
            assert not image.imag.any()
            assert float(image.real.min()) >= 0
        for one in example.low:
            assert robust_scale(one) == pytest.approx(1, rel=1e-5)
        ratio = example.target.real.mean((-2, -1)) / example.low.real.mean((-2, -1))
        assert torch.allclose(ratio, torch.ones(()), atol=0.1)


def test_noise_of_the_central_block_is_that_of_a_scan_of_low_resolution() -> None:
    """The block holds a share of the samples, so noise in its pixels falls by the scale."""
    source = generator(0)
    noise = torch.randn(1, 1, 1, 120, 96, dtype=torch.complex64, generator=source)
    clean = fft(torch.full((1, 1, 1, 120, 96), 100.0, dtype=torch.complex64))
    for scale in (2, 3, 4):
        found = lowered(clean + noise, clean, scale, "truncation", 1.0)
        assert torch.allclose(found.target.real, torch.tensor(100.0), atol=1e-3)
        assert float(found.low.real.mean()) == pytest.approx(100, abs=0.1)
        assert float(found.low.real.std()) == pytest.approx(0.5**0.5 / scale, rel=0.1)


@pytest.mark.parametrize("kernel", KERNELS)
def test_coils_are_combined_by_their_root_sum_of_squares(kernel: Kernel) -> None:
    source = generator(0)
    image = torch.rand(1, 1, 1, 24, 32, generator=source).to(torch.complex64)
    parts = torch.tensor([0.6, 0.8j])[None, None, :, None, None]
    one, two = (lowered(fft(each), fft(each), 2, kernel, 1.0) for each in (image, image * parts))
    laws.assert_equal(one.low, two.low, 1e-5)
    laws.assert_equal(one.target, two.target, 1e-5)
    laws.assert_equal(one.target, image[:, :, 0], 1e-5)
    if kernel == "truncation":
        whole = Downsampling((1, 1, 24, 32), 2, kernel)(image[:, :, 0])
        laws.assert_equal(one.low.real, whole.abs(), 1e-5)


def test_an_example_follows_from_seed_and_index_and_sizes_are_multiples() -> None:
    shapes = set()
    for index in range(4):
        first, again, other = drawn(index), drawn(index), drawn(index + 7)
        assert torch.equal(first.low, again.low)
        assert torch.equal(first.target, again.target)
        assert first.low.shape != other.low.shape or not torch.equal(first.low, other.low)
        odd = drawn(index, sizes=(65, 89), magnify=3, batch=1)
        assert not any(size % 3 for size in odd.target.shape[-2:])
        shapes.add(odd.target.shape)
    assert len(shapes) > 1


def test_a_batch_is_its_examples_one_after_another() -> None:
    singles = [drawn(index, batch=1, sizes=(64, 64)) for index in range(3)]
    batch = joined(singles)
    assert batch.target.shape == (3, 1, 64, 64)
    for place, single in enumerate(singles):
        assert torch.equal(batch.low[place], single.low[0])
    assert all(not torch.equal(one.low, other.low) for one, other in pairwise(singles))


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_the_middle_of_a_ramp_has_the_same_places_as_the_whole(kernel: Kernel, scale: int) -> None:
    """Where odd numbers of pixels become even ones, the first pixels lie elsewhere."""
    for size, side in ((14, 9), (15, 9), (15, 10), (14, 10), (10, 9), (11, 10), (9, 9)):
        places = torch.arange(size * scale, dtype=torch.float32).expand(1, 1, size * scale, -1)
        centers = first_pixel(size * scale, scale, kernel) + torch.arange(size) * scale
        small = centers.float().expand(1, 1, size, -1)
        cut = middle(LowResolution(small, places, scale, kernel), side * scale)
        assert cut.low.shape == (1, 1, side, side)
        assert cut.target.shape == (1, 1, side * scale, side * scale)
        index = first_pixel(side * scale, scale, kernel) + torch.arange(side) * scale
        assert torch.equal(cut.target[0, 0, 0, index], cut.low[0, 0, 0])
    fine = torch.zeros(1, 1, 15 * scale, 14 * scale)
    first = [first_pixel(length, scale, "truncation") for length in fine.shape[-2:]]
    fine[..., first[0] + 6 * scale, first[1] + 5 * scale] = 1
    found = Downsampling(tuple(fine.shape), scale, "truncation")(plain(fine)).abs()
    assert divmod(int(found.argmax()), 14) == (6, 5)
    assert float(found.max() / found.sum()) > 0.9


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"magnify": 5}, "magnify must be 1, 2, 3 or 4, not 5"),
        ({"kernel": "nearest"}, "one of truncation, bicubic, not 'nearest'"),
        ({"frames": (1, 4)}, "whole and still"),
        ({"magnify": 4, "sizes": (48, 64)}, "sizes must be at least 64 to be magnified 4 times"),
    ],
)
def test_what_cannot_be_magnified_is_refused(settings: dict[str, object], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        replace(SMALL, **settings)  # type: ignore[arg-type]
