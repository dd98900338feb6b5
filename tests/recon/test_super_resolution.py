"""What super-resolution finds, and what it says when it cannot."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

import laws
import synthetic
from feathermr.acquisition import Acquisition, Header
from feathermr.acquisition.image_object import from_image
from feathermr.core.crop import center_crop, center_pad
from feathermr.core.errors import DataError, UsageError
from feathermr.core.fft import fft, ifft
from feathermr.models import build
from feathermr.models.weights import SHIPPED, save_weights
from feathermr.operators import Downsampling
from feathermr.recon import coarsened, compare, default_method, make_method, reconstruct
from feathermr.recon.reconstruction import Reconstruction


def finer(name: str, scan: Acquisition, **settings: str | int | float) -> Reconstruction:
    return reconstruct(scan, name, settings, task="super-resolution")


def discs(height: int, width: int) -> Tensor:
    """Of a few values, edges in one pixel (1, 1, y, x)."""
    y, x = synthetic.grid(height, width)
    image = torch.zeros(height, width, dtype=torch.float64)
    for value, (a, b), radius in (
        (0.6, (0, 0), 0.8),
        (1.0, (0.2, -0.1), 0.4),
        (0.2, (-0.3, 0.2), 0.2),
    ):
        image[(y - a) ** 2 + (x - b) ** 2 < radius**2] = value
    return image[None, None]


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_what_truncation_leaves_whole_is_found_exactly(scale: int) -> None:
    coarse = (15, 13)
    fine = (15 * scale, 13 * scale)
    block = center_crop(fft(discs(*fine).to(torch.complex128)), (11, 9))
    image = ifft(center_pad(block, fine)).real + 0.5
    scan, reference = coarsened(from_image(image, Header()), scale)
    assert scan.shape == coarse
    assert float(image.min()) > 0
    laws.assert_equal(reference, image.float(), 1e-5)
    found = finer("zero-fill-interpolation", scan, scale=scale).image.real
    laws.assert_equal(found, reference, 1e-5)


@pytest.mark.parametrize("kernel", ["truncation", "bicubic"])
@pytest.mark.parametrize("scale", [2, 4])
def test_few_edges_beat_interpolation_where_there_are_few_edges(kernel: str, scale: int) -> None:
    scan, reference = coarsened(from_image(discs(64, 56), Header()), scale, kernel)  # type: ignore[arg-type]
    errors = {
        name: synthetic.nmse(finer(name, scan, scale=scale, kernel=kernel).image, reference)
        for name in ("zero-fill-interpolation", "bicubic", "tv-super-resolution")
    }
    smallest = min(errors["zero-fill-interpolation"], errors["bicubic"])
    assert errors["tv-super-resolution"] < 0.8 * smallest


def test_few_edges_keep_to_the_image_of_low_resolution() -> None:
    scan, _ = coarsened(from_image(discs(64, 56), Header()), 2)
    image = finer("tv-super-resolution", scan).image
    low = ifft(scan.kspace[:, :, 0]).abs()
    again = Downsampling(tuple(image.shape), 2)(image)
    assert synthetic.nmse(again, low.to(again.dtype)) < 1e-3


@pytest.mark.parametrize("n_coils", [1, 4])
def test_a_scan_made_coarser_is_complete_and_its_image_the_reference(n_coils: int) -> None:
    scan = synthetic.scan(2, 1, n_coils, (33, 27), known_maps=False)
    coarse, reference = coarsened(scan, 3)
    assert coarse.is_complete
    assert (coarse.shape, coarse.n_coils, tuple(reference.shape)) == ((11, 9), 1, (2, 1, 33, 27))
    coarse, reference = coarsened(scan, 2, "bicubic")
    assert (coarse.shape, tuple(reference.shape)) == ((16, 13), (2, 1, 32, 26))
    assert "cropped to 32 x 26 and made 2 times coarser" in coarse.header.notes[-1]
    assert coarse.kspace.dtype == torch.complex64


def test_a_scan_that_cannot_be_made_coarser_is_refused() -> None:
    with pytest.raises(DataError, match="at least 8 pixels"):
        coarsened(synthetic.scan(shape=(33, 27)), 4)
    gaps = synthetic.accelerated(synthetic.scan(shape=(33, 27)), center=8)
    with pytest.raises(DataError, match="reconstruct it first"):
        coarsened(gaps, 2)


def test_a_comparison_starts_from_the_interpolated_input() -> None:
    scan, reference = coarsened(from_image(discs(48, 40), Header(source="discs")), 2)
    baseline = {"bicubic": make_method("bicubic", None, "super-resolution")}
    methods = {"few edges": make_method("tv-super-resolution", None, "super-resolution")}
    result = compare(scan, methods, reference, scan="discs", baseline=baseline)
    assert list(result.reconstructions) == ["bicubic", "few edges"]
    assert result.task == "super-resolution"
    assert result.header.image_shape == (48, 40)
    assert {score.method for score in result.scores} == {"bicubic", "few edges"}


def trained(folder: Path, name: str, **settings: int) -> str:
    state = build(name, settings).state_dict()
    save_weights(folder / "model.safetensors", state, name, settings, {"trained_on": "nothing"})
    return str(folder)


TINY = {"steps": 1, "width": 8, "depth": 0}


def test_a_network_says_what_it_is_for(tmp_path: Path) -> None:
    by_three = trained(tmp_path, "chpnet", scale=3, **TINY)
    with pytest.raises(UsageError, match="trained for a scale of 3, not 2; give --scale 3"):
        make_method(by_three, {"scale": 2}, "super-resolution")
    with pytest.raises(UsageError, match="give --task super-resolution --scale 3"):
        make_method(by_three)
    scan = synthetic.scan(1, 1, 1, (16, 13))
    result = finer(by_three, scan, scale=3)
    assert result.image.shape[-2:] == (48, 39)
    assert any("trained on nothing" in note for note in result.provenance.notes)
    assert any("made coarser again" in note for note in result.provenance.notes)


def test_a_network_for_reconstruction_makes_nothing_finer(tmp_path: Path) -> None:
    other = trained(tmp_path, "kronecker-cascade", steps=1, width=8, levels=2)
    with pytest.raises(UsageError, match="makes nothing finer"):
        make_method(other, None, "super-resolution")


def test_weights_are_asked_for_and_looked_for(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="needs weights"):
        make_method("network", None, "super-resolution")
    with pytest.raises(DataError, match="cannot be read"):
        make_method("network", {"weights": str(tmp_path / "absent")}, "super-resolution")
    with pytest.raises(UsageError, match=r"no trained chpnet ships for a scale of 4"):
        make_method("chpnet", {"scale": 4}, "super-resolution")


def test_a_method_of_the_other_task_is_named_as_such() -> None:
    with pytest.raises(UsageError, match="'tv' is a method of reconstruction, not of super-resol"):
        make_method("tv", None, "super-resolution")
    with pytest.raises(UsageError, match="'bicubic' is a method of super-resolution, not of recon"):
        make_method("bicubic")
    with pytest.raises(UsageError, match="no method is called 'bicubc'; did you mean 'bicubic'"):
        make_method("bicubc", None, "super-resolution")


def test_the_default_is_what_ships_for_the_scale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = synthetic.scan(shape=(16, 13))
    monkeypatch.delitem(SHIPPED, "chpnet-x2", raising=False)  # type: ignore[arg-type]
    assert default_method(scan, "super-resolution") == "tv-super-resolution"
    file = Path(trained(tmp_path, "chpnet", scale=2, **TINY)) / "model.safetensors"
    monkeypatch.setitem(SHIPPED, "chpnet-x2", file)  # type: ignore[index]
    assert default_method(scan, "super-resolution") == "chpnet"
    assert default_method(scan, "super-resolution", 4) == "tv-super-resolution"
    result = reconstruct(scan, task="super-resolution")
    assert result.provenance.method == "chpnet"
    other = reconstruct(scan, None, {"scale": "3"}, task="super-resolution")
    assert other.provenance.method == "tv-super-resolution"
    assert np.isfinite(result.image.numpy()).all()
