"""What every method of super-resolution promises, run on every one there is."""

from dataclasses import asdict, fields, replace
from pathlib import Path

import numpy as np
import pytest
import torch

import laws
import synthetic
from feathermr import __version__
from feathermr.acquisition import Acquisition, Header
from feathermr.acquisition.geometry import affine_for
from feathermr.acquisition.image_object import from_image
from feathermr.core.errors import DataError, UsageError
from feathermr.core.settings import Setting
from feathermr.models import build
from feathermr.models.weights import SHIPPED, save_weights
from feathermr.recon import SUPER_RESOLUTION_METHODS, Reconstruction, make_method, reconstruct

#: settings that keep the tests fast, by method
CASES: dict[str, dict[str, Setting]] = {
    "zero-fill-interpolation": {},
    "bicubic": {},
    "tv-super-resolution": {"iterations": 10},
    "chpnet": {},
    "network": {},
}
SHAPE = (17, 14)
KNOWN = [name for name in SUPER_RESOLUTION_METHODS if name in CASES]
CLASSICAL = [name for name in KNOWN if name not in ("chpnet", "network")]
SMALL = {"scale": 2, "steps": 2, "width": 8, "depth": 0}


@pytest.fixture(scope="module")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("untrained") / "model.safetensors"
    return save_weights(path, build("chpnet", SMALL, seed=3).state_dict(), "chpnet", SMALL, {})


@pytest.fixture(params=KNOWN)
def name(request: pytest.FixtureRequest, untrained: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setitem(SHIPPED, "chpnet-x2", untrained)  # type: ignore[index]
    monkeypatch.setitem(CASES, "network", {"weights": str(untrained)})
    return str(request.param)


def run(name: str, scan: Acquisition, **more: Setting) -> Reconstruction:
    return reconstruct(scan, name, {**CASES[name], **more}, task="super-resolution")


def small(slices: int = 2, frames: int = 1, n_coils: int = 1, **more: object) -> Acquisition:
    return synthetic.scan(slices, frames, n_coils, SHAPE, noise=0.01, **more)  # type: ignore[arg-type]


def test_every_method_has_a_case() -> None:
    assert set(SUPER_RESOLUTION_METHODS) == set(CASES)


@pytest.mark.parametrize("kernel", ["truncation", "bicubic"])
@pytest.mark.parametrize(("n_coils", "frames"), [(1, 1), (3, 1), (1, 3)])
def test_the_image_is_a_magnitude_on_the_finer_grid(
    name: str, n_coils: int, frames: int, kernel: str
) -> None:
    result = run(name, small(2, frames, n_coils, known_maps=False), kernel=kernel)
    assert result.image.shape == (2, frames, 34, 28)
    assert result.image.dtype == torch.complex64
    assert torch.isfinite(result.image.real).all()
    assert not result.image.imag.any()
    assert (result.image.real >= 0).all()
    assert not result.image.requires_grad
    assert result.header.image_shape == (34, 28)
    assert min(result.scale, result.seconds) > 0


@pytest.mark.parametrize("scale", [3, 4])
@pytest.mark.parametrize("classical", CLASSICAL)
def test_other_scales_are_there(classical: str, scale: int) -> None:
    image = run(classical, small(1), scale=scale).image
    assert image.shape == (1, 1, 17 * scale, 14 * scale)


def test_double_precision_works_and_agrees(name: str) -> None:
    single = run(name, small()).image
    double = run(name, small(dtype=torch.complex128)).image
    assert double.dtype == torch.complex128
    laws.assert_equal(single.to(torch.complex128), double, 1e-3)


@pytest.mark.parametrize("factor", [2.0**-20, 2.0**20])
def test_the_scale_of_the_input_comes_back_and_changes_nothing_else(
    name: str, factor: float
) -> None:
    scan = small()
    plain, scaled = run(name, scan), run(name, replace(scan, kspace=scan.kspace * factor))
    laws.assert_equal(scaled.image / factor, plain.image, 1e-3)
    assert scaled.scale == pytest.approx(plain.scale * factor, rel=1e-3)


def test_slices_do_not_see_each_other(name: str) -> None:
    scan = small(3)
    order = [2, 0, 1]
    turned = replace(scan, kspace=scan.kspace[order], reference=None)
    laws.assert_equal(run(name, turned).image, run(name, scan).image[order], 1e-5)


def test_more_frames_than_a_network_takes_at_once_are_each_made_finer(name: str) -> None:
    film = synthetic.scan(1, 6, 1, SHAPE)
    turned = replace(film, kspace=film.kspace.flip(1), reference=None)
    laws.assert_equal(run(name, turned).image.flip(1), run(name, film).image, 1e-5)


def test_the_same_input_gives_the_same_bits_and_is_left_alone(name: str) -> None:
    scan = small()
    before = scan.kspace.clone()
    assert torch.equal(run(name, scan).image, run(name, scan).image)
    assert torch.equal(scan.kspace, before)


def test_a_scan_with_gaps_is_refused_in_one_sentence(name: str) -> None:
    scan = synthetic.accelerated(synthetic.scan(shape=SHAPE), center=4)
    with pytest.raises(DataError, match=r"undersampled .*-fold; reconstruct it first"):
        run(name, scan)


def test_a_scale_that_is_not_there_is_refused(name: str) -> None:
    for scale in (1, 5):
        with pytest.raises(UsageError, match="scale"):
            run(name, small(1), scale=scale)


def test_what_holds_no_image_is_refused(name: str) -> None:
    scan = small()
    with pytest.raises(DataError, match="every sample of the k-space is zero"):
        run(name, replace(scan, kspace=torch.zeros_like(scan.kspace)))
    scan.kspace[1, 0, 0, 3, 3] = float("nan")
    with pytest.raises(DataError, match="NaN or infinite"):
        run(name, scan)


def test_the_record_says_how_it_was_made(name: str) -> None:
    result = run(name, small(), kernel="bicubic")
    made = make_method(name, {**CASES[name], "kernel": "bicubic"}, "super-resolution")
    provenance = result.provenance
    assert (provenance.task, provenance.method) == ("super-resolution", name)
    assert provenance.version == __version__
    assert provenance.settings == asdict(made)  # type: ignore[call-overload]
    assert provenance.settings.items() >= {"scale": 2, "kernel": "bicubic"}.items()
    assert all(note.strip() for note in provenance.notes)
    assert bool(provenance.weights) == (name not in CLASSICAL) == (result.cost.parameters > 0)


def test_progress_ends_at_the_end(name: str) -> None:
    told: list[tuple[int, int]] = []
    method = make_method(name, CASES[name], "super-resolution")
    method(small(3, 6), progress=lambda done, total: told.append((done, total)))
    assert told == sorted(told)
    assert len({done for done, _ in told}) >= 3
    assert told[-1][0] == told[-1][1]


def test_what_a_viewer_shows_is_cropped_before(name: str) -> None:
    scan = small(n_coils=1)
    result = run(name, replace(scan, header=replace(scan.header, image_shape=(11, 10))))
    assert result.image.shape[-2:] == (22, 20)


def test_settings_are_checked(name: str) -> None:
    with pytest.raises(UsageError, match="did you mean 'kernel'"):
        make_method(name, {"kernels": "bicubic"}, "super-resolution")
    with pytest.raises(UsageError, match="no value of kernel is called 'lanczos'"):
        make_method(name, {"kernel": "lanczos"}, "super-resolution")
    for field in fields(SUPER_RESOLUTION_METHODS[name]):  # type: ignore[arg-type]
        if isinstance(field.default, (int, float)):
            with pytest.raises(UsageError, match=field.name):
                make_method(name, {field.name: -1}, "super-resolution")


def pattern(shape: tuple[int, int], affine: np.ndarray, field: tuple[float, float]) -> torch.Tensor:
    """A smooth image (1, 1, y, x) that repeats with the field of view, by place in the patient."""
    y, x = np.indices(shape)
    places = np.einsum("ij,jyx->iyx", affine, np.stack([x, y, 0 * x, 0 * x + 1]))
    turns_x, turns_y = places[0] / field[1], places[1] / field[0]
    waves = np.cos(2 * np.pi * (2 * turns_x + 0.1)) + np.cos(2 * np.pi * (turns_x - 2 * turns_y))
    return torch.from_numpy(3 + waves)[None, None]


@pytest.mark.parametrize("size", [(18, 15), (17, 14)])
@pytest.mark.parametrize("scale", [2, 3])
@pytest.mark.parametrize("kernel", ["truncation", "bicubic"])
@pytest.mark.parametrize(
    ("classical", "allowed"),
    [("zero-fill-interpolation", 1e-6), ("bicubic", 0.01), ("tv-super-resolution", 0.045)],
)
def test_what_is_at_a_place_stays_there(
    classical: str, allowed: float, kernel: str, scale: int, size: tuple[int, int]
) -> None:
    header = Header(spacing=(0.005, 0.002, 0.0015))
    field = size[0] * 0.002, size[1] * 0.0015
    coarse = pattern(size, affine_for(header, (1, *size)), field)
    result = run(classical, from_image(coarse, header), scale=scale, kernel=kernel)
    fine = size[0] * scale, size[1] * scale
    wanted = pattern(fine, affine_for(result.header, (1, *fine)), field)
    error = (result.image.real - wanted).abs()[..., 3 * scale : -3 * scale, 3 * scale : -3 * scale]
    assert float(error.max()) < allowed * float(wanted.max())
