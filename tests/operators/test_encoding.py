"""The encoding of a scan is the composition of its parts, for every kind of mask."""

import importlib

import pytest
import torch
from torch import Tensor

import laws
from feathermr.acquisition import Acquisition
from feathermr.core.errors import DataError, ShapeError
from feathermr.core.fft import plain_fft, plain_ifft
from feathermr.core.seeding import generator
from feathermr.operators import Coils, Encoding, Fourier, Sampling, encoding

SLICES, FRAMES, COILS, HEIGHT, WIDTH = 2, 3, 4, 9, 6
IMAGE = (SLICES, FRAMES, HEIGHT, WIDTH)
KSPACE = (SLICES, FRAMES, COILS, HEIGHT, WIDTH)
MASKS = {
    "lines along y": (1, 1, 1, HEIGHT, 1),
    "lines along x": (1, 1, 1, 1, WIDTH),
    "points": (1, 1, 1, HEIGHT, WIDTH),
    "lines in time": (1, FRAMES, 1, HEIGHT, 1),
    "points in time": (1, FRAMES, 1, HEIGHT, WIDTH),
    "lines by slice": (SLICES, 1, 1, HEIGHT, 1),
    "everything varies": KSPACE,
}


def scan(mask: Tensor, *, shared_maps: bool = False) -> Acquisition:
    maps = laws.random_array((1 if shared_maps else SLICES, 1, COILS, HEIGHT, WIDTH), "maps")
    kspace = laws.random_array(KSPACE, "kspace")
    return Acquisition(torch.where(mask, kspace, 0), mask, coil_maps=maps)


@pytest.mark.parametrize("spread", [False, True])
@pytest.mark.parametrize("kind", MASKS)
def test_it_equals_the_composition(kind: str, spread: bool) -> None:
    mask = torch.rand(MASKS[kind], generator=generator(2, kind)) < 0.5
    given = mask.expand(KSPACE) if spread else mask  # some readers store a constant axis in full
    one = scan(given, shared_maps=spread)
    assert one.coil_maps is not None
    written = Sampling(mask, KSPACE) @ Fourier(KSPACE) @ Coils(one.coil_maps, IMAGE)
    operator = encoding(one)
    x = laws.random_array(IMAGE, "image")
    laws.assert_equal(operator(x), written(x))
    laws.assert_equal(operator.H(one.kspace), written.H(one.kspace))
    laws.assert_equal(operator.normal(x), written.H(written(x)))


def test_a_complete_scan_has_the_sum_of_squares_as_its_normal_operator() -> None:
    one = scan(torch.ones(1, 1, 1, HEIGHT, WIDTH, dtype=torch.bool))
    x = laws.random_array(IMAGE, "complete")
    assert one.coil_maps is not None
    energy = one.coil_maps.abs().square().sum(2)
    laws.assert_equal(encoding(one).normal(x), energy * x)


def test_unsampled_positions_are_plus_zero() -> None:
    mask = torch.tensor([True, False] * 4 + [True]).reshape(1, 1, 1, HEIGHT, 1)
    kspace = encoding(scan(mask))(-laws.random_array(IMAGE, "sign"))
    missing = torch.view_as_real(kspace[..., 1::2, :])
    assert (missing == 0).all()
    assert not torch.signbit(missing).any()


def test_one_coil_without_maps_is_seen_as_it_is() -> None:
    mask = torch.ones(1, 1, 1, 1, 1, dtype=torch.bool)
    kspace = laws.random_array((SLICES, FRAMES, 1, HEIGHT, WIDTH), "one coil")
    operator = encoding(Acquisition(kspace, mask))
    laws.assert_equal(operator.H(kspace), Fourier(IMAGE).H(kspace[:, :, 0]))


def test_maps_given_beside_the_scan_are_the_ones_used() -> None:
    one = scan(torch.ones(1, 1, 1, 1, 1, dtype=torch.bool))
    maps = laws.random_array((1, 1, COILS, HEIGHT, WIDTH), "other maps")
    x = laws.random_array(IMAGE, "other")
    laws.assert_equal(encoding(one, maps).normal(x), maps.abs().square().sum(2) * x)


def test_several_coils_without_maps_are_refused() -> None:
    mask = torch.ones(1, 1, 1, 1, 1, dtype=torch.bool)
    with pytest.raises(DataError, match="4 coils but no coil maps"):
        encoding(Acquisition(laws.random_array(KSPACE, "no maps"), mask))


def test_a_mask_of_another_size_is_refused_with_both_shapes() -> None:
    maps = torch.ones(1, 1, COILS, HEIGHT, WIDTH, dtype=torch.complex64)
    with pytest.raises(ShapeError) as caught:
        Encoding(torch.ones(1, 1, 1, WIDTH, 1, dtype=torch.bool), maps, FRAMES)
    assert "(1, 1, 1, 6, 1)" in str(caught.value)
    assert "(1, 3, 4, 9, 6)" in str(caught.value)


def operator_with(maps: Tensor) -> Encoding:
    mask = torch.rand(1, 1, 1, HEIGHT, 1, generator=generator(2, "gradient")) < 0.5
    return Encoding(mask, maps, FRAMES)


def test_gradients_reach_the_maps_at_every_call() -> None:
    maps = laws.random_array((1, 1, COILS, HEIGHT, WIDTH), "learned").requires_grad_()
    x = laws.random_array((1, FRAMES, HEIGHT, WIDTH), "image")
    operator = operator_with(maps)
    with torch.no_grad():
        operator.normal(x)
    (expected,) = torch.autograd.grad(operator.operator.normal(x).abs().sum(), maps)
    for _ in range(2):
        (found,) = torch.autograd.grad(operator.normal(x).abs().sum(), maps)
        laws.assert_equal(found, expected)


def test_a_first_call_in_inference_mode_leaves_later_gradients_alone() -> None:
    operator = operator_with(laws.random_array((1, 1, COILS, HEIGHT, WIDTH), "known"))
    x = laws.random_array((1, FRAMES, HEIGHT, WIDTH), "image")
    with torch.inference_mode():
        operator.normal(x)
    x.requires_grad_()
    operator.normal(x).abs().sum().backward()
    assert x.grad is not None


@pytest.mark.parametrize("images_in_cache", [1, 2, 3, 4])
@pytest.mark.parametrize("kind", MASKS)
def test_working_in_pieces_changes_nothing(
    kind: str, images_in_cache: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator = encoding(scan(torch.rand(MASKS[kind], generator=generator(2, kind)) < 0.5))
    x = laws.random_array(IMAGE, "image")
    module = importlib.import_module("feathermr.operators.encoding")
    monkeypatch.setattr(module, "CACHE", images_in_cache * COILS * HEIGHT * WIDTH * 16)
    laws.assert_equal(operator.normal(x), operator.H(operator(x)))


@pytest.mark.parametrize("coils", [1, 3])
@pytest.mark.parametrize("shape", [(8, 7), (6, 9)])
def test_the_spectrum_is_the_diagonal_of_the_transformed_normal_operator(
    coils: int, shape: tuple[int, int]
) -> None:
    maps = laws.random_array((2, 1, coils, *shape), "maps", dtype=torch.complex128)
    mask = laws.random_array((2, 1, 1, *shape), "mask", dtype=torch.float64) > 0
    operator = Encoding(mask, maps, 1)
    phase = operator.common_phase()
    laws.assert_equal(phase.abs(), torch.ones_like(phase).real, 1e-12)
    found = operator.spectrum(phase)
    for y in range(shape[0]):
        for x in range(shape[1]):
            wave = torch.zeros(2, 1, *shape, dtype=torch.complex128)
            wave[..., y, x] = 1
            column = plain_fft(phase * operator.normal(phase.conj() * plain_ifft(wave)))
            laws.assert_equal(found[..., y, x], column[..., y, x].real, 1e-10)


def test_a_phase_of_all_coils_is_found_as_their_common_phase() -> None:
    maps = laws.random_array((1, 1, 3, 8, 7), "maps", dtype=torch.complex128)
    angle = laws.random_array((1, 1, 8, 7), "angle", dtype=torch.float64)
    turned = torch.polar(torch.ones_like(angle), angle)
    mask = torch.ones(1, 1, 1, 8, 1, dtype=torch.bool)
    before = Encoding(mask, maps, 1).common_phase()
    after = Encoding(mask, maps * turned[:, :, None], 1).common_phase()
    ratio = after * before.conj() * turned.conj()
    laws.assert_equal(ratio, ratio[..., :1, :1].expand_as(ratio), 1e-9)  # up to one factor
