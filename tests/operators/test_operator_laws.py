"""Every public operator obeys every law."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

import laws
from feathermr import operators
from feathermr.core.seeding import generator
from feathermr.operators import (
    Coils,
    Differences,
    Downsampling,
    Encoding,
    Fourier,
    Identity,
    LinearOperator,
    Sampling,
    Wavelet,
    linear_operator,
)

SLICES, FRAMES, COILS, HEIGHT, WIDTH = 3, 4, 2, 12, 9
Build = Callable[[slice, torch.dtype], LinearOperator]


@dataclass(frozen=True)
class Case:
    """How an operator of some slices is built, and where its slices lie."""

    build: Build
    axes: tuple[int, int] = (0, 0)


def count(slices: slice) -> int:
    return slices.stop - slices.start


def image(slices: slice) -> tuple[int, ...]:
    return count(slices), FRAMES, HEIGHT, WIDTH


def kspace(slices: slice) -> tuple[int, ...]:
    return count(slices), FRAMES, COILS, HEIGHT, WIDTH


def mask(*shape: int) -> Tensor:
    """Random, with something in every frame."""
    return torch.rand(shape, generator=generator(1, "mask", *shape)) < 0.6


def maps(slices: slice, dtype: torch.dtype, *, shared: bool = False) -> Tensor:
    drawn = laws.random_array((SLICES, 1, COILS, HEIGHT, WIDTH), "maps", dtype=dtype)
    return drawn[:1] if shared else drawn[slices]


def encode(sampled: Tensor, *, shared: bool = False) -> Case:
    def build(slices: slice, dtype: torch.dtype) -> LinearOperator:
        own = sampled.expand(SLICES, *sampled.shape[1:])[slices]
        return Encoding(own, maps(slices, dtype, shared=shared), FRAMES)

    return Case(build)


def compose(slices: slice, dtype: torch.dtype) -> LinearOperator:
    return (
        Sampling(mask(SLICES, 1, 1, HEIGHT, 1)[slices], kspace(slices))
        @ Fourier(kspace(slices))
        @ Coils(maps(slices, dtype), image(slices))
    )


def difference_of_wavelets(slices: slice, dtype: torch.dtype) -> LinearOperator:
    shape = image(slices)
    return Wavelet(shape, "haar") + (-0.5 + 2j) * Wavelet(shape, "db2")


CASES = {
    "Fourier in space": Case(lambda s, _: Fourier(image(s))),
    "Fourier in time": Case(lambda s, _: Fourier(image(s), (-3,))),
    "Fourier along y": Case(lambda s, _: Fourier(image(s), (-2,))),
    "Coils of each slice": Case(lambda s, dtype: Coils(maps(s, dtype), image(s))),
    "Coils shared": Case(lambda s, dtype: Coils(maps(s, dtype, shared=True), image(s))),
    "Sampling of lines": Case(lambda s, _: Sampling(mask(1, FRAMES, 1, HEIGHT, 1), kspace(s))),
    "Sampling by slice": Case(
        lambda s, _: Sampling(mask(SLICES, 1, COILS, 1, WIDTH)[s], kspace(s))
    ),
    "Differences in space": Case(lambda s, _: Differences(image(s), (-2, -1)), (0, 1)),
    "Differences around": Case(lambda s, _: Differences(image(s), (-3, -1), cyclic=True), (0, 1)),
    "Differences in time": Case(lambda s, _: Differences(image(s), (-3,)), (0, 1)),
    "Wavelet": Case(lambda s, _: Wavelet(image(s))),
    "Wavelet of two levels": Case(lambda s, _: Wavelet((count(s), 2, 22, 17), "db2")),
    "Truncation": Case(lambda s, _: Downsampling((count(s), 2, 12, 9), 3)),
    "Truncation by an even number": Case(lambda s, _: Downsampling((count(s), 2, 10, 14), 2)),
    "Bicubic reduction": Case(lambda s, _: Downsampling((count(s), 2, 12, 9), 3, "bicubic")),
    "Identity": Case(lambda s, _: Identity(image(s))),
    "Encoding of lines along y": encode(mask(1, 1, 1, HEIGHT, 1)),
    "Encoding of lines along x": encode(mask(1, 1, 1, 1, WIDTH)),
    "Encoding of points": encode(mask(1, 1, 1, HEIGHT, WIDTH)),
    "Encoding of lines in time": encode(mask(1, FRAMES, 1, HEIGHT, 1)),
    "Encoding by slice": encode(mask(SLICES, FRAMES, 1, 1, WIDTH)),
    "Encoding by coil": encode(mask(1, 1, COILS, HEIGHT, 1)),
    "Encoding of everything": encode(torch.ones(1, 1, 1, 1, 1, dtype=torch.bool)),
    "Encoding with shared maps": encode(mask(SLICES, 1, 1, HEIGHT, 1), shared=True),
    "Composition": Case(compose),
    "Sum": Case(difference_of_wavelets),
    "Scaled": Case(lambda s, _: (1.5 - 0.5j) * Differences(image(s), (-2, -3)), (0, 1)),
    "Adjoint": Case(lambda s, _: Differences(image(s), (-2, -1)).H, (1, 0)),
}
ALL = slice(0, SLICES)


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


@pytest.mark.parametrize(
    "law",
    [
        laws.is_linear,
        laws.has_its_adjoint,
        laws.gradient_is_adjoint,
        laws.normal_is_adjoint_after_operator,
    ],
)
def test_every_operator_obeys(law: Callable[[LinearOperator], None], case: Case) -> None:
    law(case.build(ALL, torch.complex128))


def test_a_batch_is_a_loop(case: Case) -> None:
    laws.batch_is_a_loop(lambda s: case.build(s, torch.complex128), SLICES, case.axes)


def test_precision_is_kept(case: Case) -> None:
    laws.keeps_precision(lambda dtype: case.build(ALL, dtype))


def test_every_public_operator_has_a_case() -> None:
    public = {
        name
        for module in (operators, linear_operator)
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, LinearOperator)
    } - {"LinearOperator"}
    tested = {type(case.build(ALL, torch.complex128)).__name__ for case in CASES.values()}
    assert public == tested
    functions_and_types = {"LinearOperator", "encoding", "Kernel", "KERNELS"}
    assert set(operators.__all__) - functions_and_types <= tested
