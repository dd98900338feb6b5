"""The smooth phase of an image, and when it enters the operator."""

import math
from pathlib import Path

import pytest
import torch
from torch import Tensor

import laws
import synthetic
from feathermr.acquisition import Acquisition, undersample
from feathermr.core.errors import UsageError
from feathermr.core.fft import fft
from feathermr.core.seeding import generator
from feathermr.models.implicit.fitted import load_field, save_field
from feathermr.recon import reconstruct
from feathermr.recon.cg_sense import CgSense
from feathermr.recon.phase import with_smooth_phase
from feathermr.recon.problem import pose
from feathermr.recon.runner import run
from feathermr.recon.smooth_phase import smooth_phase

SHAPE = (96, 80)
DOUBLE = torch.complex128


def steep(height: int, width: int) -> Tensor:
    """Angles (y, x) of a phase that wraps several times."""
    y, x = synthetic.grid(height, width)
    return 9.0 * (y - 0.2) ** 2 + 7.0 * x * x + 6.0 * x * y + 5.0 * y


def scan(
    angle: Tensor, *, n_coils: int = 1, slices: int = 1, dtype: torch.dtype = torch.complex64
) -> Acquisition:
    """A complete scan with noise of an image with this phase, with the image as reference."""
    magnitude = synthetic.anatomy(slices, 1, *SHAPE).abs()
    image = torch.polar(magnitude, angle.expand_as(magnitude))
    maps = synthetic.coils(n_coils, *SHAPE) if n_coils > 1 else torch.ones(1, 1, 1, *SHAPE)
    kspace = fft(maps * image[:, :, None])
    noise = torch.randn(kspace.shape, dtype=DOUBLE, generator=generator(0, "noise"))
    return Acquisition(
        kspace=(kspace + 0.01 * noise).to(dtype),
        mask=torch.ones(1, 1, 1, 1, 1, dtype=torch.bool),
        coil_maps=maps.to(dtype),
        reference=image.to(dtype),
    )


def points() -> Tensor:
    """Random points with a full center."""
    mask = torch.rand(1, 1, 1, *SHAPE, generator=generator(0, "points")) < 0.25
    mask[..., 40:56, 32:48] = True
    return mask


def undersampled(complete: Acquisition, kind: str = "lines") -> Acquisition:
    if kind == "lines":
        return synthetic.accelerated(complete, keep=0.3, center=12)
    return undersample(complete, points())


def decibels(image: Tensor, truth: Tensor | None) -> float:
    assert truth is not None
    return -10 * math.log10(synthetic.nmse(image.abs(), truth.abs()))


def test_a_smooth_phase_is_found_through_noise_and_where_tissue_has_the_opposite_sign() -> None:
    angle = steep(*SHAPE)
    magnitude = synthetic.anatomy(1, 1, *SHAPE).abs()
    y, x = synthetic.grid(*SHAPE)
    fat = synthetic.ellipse(y, x, (0.3, 0.1), (0.2, 0.15)) > 0.5
    image = torch.polar(magnitude, angle + math.pi * fat)
    image = image + 0.02 * torch.randn(image.shape, dtype=DOUBLE, generator=generator(1))
    found = smooth_phase(image, (4.0, 4.0))
    left = torch.polar(torch.ones_like(found), found - angle)[magnitude > 0.3]
    left = left / left.mean()
    assert float(left.angle().abs().quantile(0.9)) < 0.5
    raw = torch.polar(torch.ones_like(angle), angle)[None, None][magnitude > 0.3]
    assert float(raw.mean().abs()) < 0.5  # what is found is not what was there from the start


def test_an_image_without_phase_has_none() -> None:
    image = synthetic.anatomy(2, 1, 41, 30).abs().to(DOUBLE)
    assert float(smooth_phase(image, (5.0, 3.0)).abs().max()) < 1e-12


def test_a_turn_of_the_whole_image_changes_nothing_and_air_is_finite() -> None:
    image = torch.zeros(1, 1, 41, 30, dtype=DOUBLE)
    image[..., 10:20, 8:20] = torch.polar(torch.ones(10, 12), steep(10, 12).float()).to(DOUBLE)
    found = smooth_phase(image, (3.0, 3.0))
    laws.assert_equal(smooth_phase(1j * image, (3.0, 3.0)), found, 1e-9)
    assert bool(torch.isfinite(found).all())
    assert (smooth_phase(torch.zeros_like(image), (3.0, 3.0)) == 0).all()


def test_the_operator_with_phase_is_linear_with_its_adjoint() -> None:
    problem = pose(undersampled(scan(steep(*SHAPE), n_coils=3, dtype=DOUBLE)))
    posed = with_smooth_phase(problem)
    assert posed is not problem
    laws.has_its_adjoint(posed.encoding)
    laws.normal_is_adjoint_after_operator(posed.encoding)


@pytest.mark.parametrize("n_coils", [1, 4])
def test_a_quadratic_method_gives_the_same_image_phase_included(n_coils: int) -> None:
    given = undersampled(scan(steep(*SHAPE), n_coils=n_coils, slices=2, dtype=DOUBLE))
    method = CgSense(weight=1.0, iterations=200)
    plain, turned = (
        run("cg-sense", method, given, method.solve, phase=phase) for phase in ("none", "auto")
    )
    assert any("smooth phase" in note for note in turned.provenance.notes)
    laws.assert_equal(turned.image, plain.image, 1e-4)


@pytest.mark.parametrize("kind", ["lines", "points"])
@pytest.mark.parametrize("n_coils", [1, 4])
def test_total_variation_gains_where_the_phase_is_steep(n_coils: int, kind: str) -> None:
    given = undersampled(scan(steep(*SHAPE), n_coils=n_coils), kind)
    before = reconstruct(given, "tv", {"phase": "none"})
    after = reconstruct(given, "tv")
    assert any("smooth phase" in note for note in after.provenance.notes)
    gain = decibels(after.image, given.reference) - decibels(before.image, given.reference)
    assert gain > 0.5


@pytest.mark.parametrize("method", ["tv", "l1-wavelet", "kronecker-cascade", "inr"])
def test_without_phase_nothing_changes(method: str) -> None:
    given = undersampled(scan(torch.zeros(SHAPE, dtype=torch.float64), slices=2))
    settings = {"steps": 4} if method == "inr" else {}
    before, after = (
        reconstruct(given, method, {**settings, "phase": phase}) for phase in ("none", "auto")
    )
    assert not any("smooth phase" in note for note in after.provenance.notes)
    assert torch.equal(before.image, after.image)


def test_slices_decide_each_for_itself() -> None:
    both = torch.stack([torch.zeros(SHAPE, dtype=torch.float64), steep(*SHAPE)])[:, None]
    given = undersampled(scan(both, slices=2))
    problem = pose(given)
    posed = with_smooth_phase(problem)
    assert "in 1 of 2 slices" in posed.notes[-1]
    maps, turned = problem.acquisition.coil_maps, posed.acquisition.coil_maps
    assert maps is not None
    assert turned is not None
    assert torch.equal(turned[0], maps[0])
    assert not torch.equal(turned[1], maps[0])
    alone = with_smooth_phase(problem.slice(1)).acquisition.coil_maps
    assert alone is not None
    laws.assert_equal(turned[1], alone[0], 1e-6)


def test_a_series_and_a_complete_scan_are_left_as_they_are() -> None:
    film = pose(synthetic.accelerated(synthetic.scan(1, 4, 1, SHAPE), keep=0.3))
    assert with_smooth_phase(film) is film
    complete = pose(scan(steep(*SHAPE)))
    assert with_smooth_phase(complete) is complete


def test_a_field_fitted_with_a_phase_gives_the_same_image_when_asked_later(tmp_path: Path) -> None:
    given = undersampled(scan(steep(*SHAPE)))
    result = reconstruct(given, "inr", {"steps": 10})
    assert any("smooth phase" in note for note in result.provenance.notes)
    assert result.field is not None
    kept = load_field(save_field(result.field, tmp_path / "field.safetensors"))
    laws.assert_equal(kept.image()[0], result.image, 1e-5)


@pytest.mark.parametrize("method", ["tv", "cg-sense"])
@pytest.mark.parametrize("samples", [8, -8])
def test_an_echo_off_the_center_costs_little(method: str, samples: int) -> None:
    """Along the readout, with coil maps estimated from the scan."""
    _, x = synthetic.grid(*SHAPE)
    images = []
    for shift in (0, samples):
        complete = scan((math.pi * shift * x).expand(SHAPE), n_coils=4)
        given = undersampled(complete).without_coil_maps()
        images.append(decibels(reconstruct(given, method).image, complete.reference))
    assert images[1] > images[0] - 0.3


def test_an_unknown_phase_is_refused() -> None:
    given = undersampled(scan(torch.zeros(SHAPE, dtype=torch.float64)))
    with pytest.raises(UsageError, match="phase"):
        reconstruct(given, "tv", {"phase": "some"})
    method = CgSense()
    with pytest.raises(UsageError, match="phase must be one of auto, none, not 'some'"):
        run("cg-sense", method, given, method.solve, phase="some")  # type: ignore[arg-type]
