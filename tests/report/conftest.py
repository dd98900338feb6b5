import math
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from feathermr.acquisition import Acquisition, Header
from feathermr.core.fft import fft, ifft
from feathermr.core.seeding import generator
from feathermr.metrics import score_all
from feathermr.metrics.score import Score
from feathermr.recon.comparison import Comparison
from feathermr.recon.reconstruction import Cost, Family, Provenance, Reconstruction

MakeComparison = Callable[..., Comparison]


def _reference(slices: int, frames: int, height: int, width: int) -> torch.Tensor:
    """A disc with a grain that beats, on a smooth phase."""
    y, x = torch.meshgrid(
        torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing="ij"
    )
    radius = 0.5 + 0.2 * torch.sin(torch.arange(frames) / max(1, frames) * 2 * torch.pi)
    place = 0.1 * torch.arange(slices)[:, None, None, None]
    distance = ((x - place) ** 2 + y**2).sqrt()
    disc = 3.0 * torch.sigmoid((radius[None, :, None, None] - distance) * 20)
    grain = 1 + 0.2 * torch.sin(17 * x) * torch.cos(13 * y)
    return grain * (disc + 0.2) * torch.exp(1j * (x + 0.5 * y * x))


def _scores(name: str, image: torch.Tensor, reference: torch.Tensor) -> tuple[Score, ...]:
    error = (image.abs() - reference.abs()).square().sum((-2, -1)).flatten()
    values = tuple((error / reference.abs().square().sum((-2, -1)).flatten()).tolist())
    return (Score(name, "scan", "one", "nmse", values, "slice", (3.2,) * len(values), "none", 1.0),)


def _psnr(name: str, image: torch.Tensor, reference: torch.Tensor) -> tuple[Score, ...]:
    found = score_all(
        image, reference, policy="slice", alignment="none", method=name, scan="scan",
        subject="one", metrics=("psnr",),
    )  # fmt: skip
    return tuple(found)


def _with_family(made: Reconstruction, exponents: tuple[int, ...]) -> Reconstruction:
    """Films that are the smoother in time the larger the value; the middle one is its own."""
    own = len(exponents) // 2

    def image(value: float) -> torch.Tensor:
        share = 0.3 * (math.log10(value) - exponents[own])
        return made.image + share * (made.image.mean(1, keepdim=True) - made.image)

    values = tuple(10.0**exponent for exponent in exponents)
    notes = tuple(f"note {index}" for index in range(len(values)))
    return replace(made, family=Family("lambda", values, own, image, notes))


@pytest.fixture
def make_comparison() -> MakeComparison:
    """A comparison with a choice of sizes, header, methods, reference."""

    def make(
        *,
        slices: int = 1,
        frames: int = 1,
        size: tuple[int, int] = (37, 30),
        header: Header | None = None,
        methods: tuple[str, ...] = ("zero-filled", "cg-sense"),
        reference: bool = True,
        notes: tuple[str, ...] = (),
        family: tuple[int, ...] = (),
    ) -> Comparison:
        truth = _reference(slices, frames, *size).to(torch.complex64)
        kept = torch.rand(1, frames, 1, size[0], 1, generator=generator(1)) < 0.4
        kept[..., size[0] // 2 - 2 : size[0] // 2 + 3, :] = True
        kspace = torch.where(kept, fft(truth)[:, :, None], torch.zeros((), dtype=truth.dtype))
        aliased = ifft(kspace)[:, :, 0]
        reconstructions, scores = {}, ()
        for index, name in enumerate(methods):
            image = (aliased + index * truth) / (index + 1)
            reconstructions[name] = Reconstruction(
                image,
                1.5,
                0.25 * (index + 1),
                Cost(parameters=1234 * index),
                Provenance(name, "0.1.0", {"iterations": 7}, notes=notes),
                header or Header(source="scan.h5"),
            )
            scores += _scores(name, image, truth)
        families = {}
        if family:  # of the last method
            last = methods[-1]
            made = _with_family(reconstructions[last], family)
            reconstructions[last] = made
            families[last] = tuple(
                _psnr(last, made.family.image(value), truth) for value in made.family.values
            )
            scores += _psnr(last, made.image, truth)
        acquisition = Acquisition(kspace, kept, header or Header(source="scan.h5"))
        return Comparison(
            acquisition,
            reconstructions,
            truth if reference else None,
            scores if reference else (),
            families if reference else {},
        )

    return make
