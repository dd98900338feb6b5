"""What reconstruction by a trained network promises beyond the contract of all methods."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import laws
import synthetic
from feathermr.core.errors import DataError, UsageError
from feathermr.core.fft import fft
from feathermr.core.settings import Setting
from feathermr.models import build
from feathermr.models.weights import SHIPPED, save_weights
from feathermr.phantom import simulate
from feathermr.recon import METHODS, make_method, reconstruct
from feathermr.recon.methods import SERIES_METHODS
from feathermr.sampling import Undersampling

SMALL = {"steps": 1, "width": 8, "levels": 2}
STATIC = [name for name in SHIPPED if name in METHODS and name not in SERIES_METHODS]


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    state = build("kronecker-cascade", SMALL).state_dict()
    card = {"trained_on": "nothing at all"}
    save_weights(tmp_path / "model.safetensors", state, "kronecker-cascade", SMALL, card)
    return tmp_path


def test_a_run_folder_is_a_method(run_folder: Path) -> None:
    scan = synthetic.accelerated(synthetic.scan(1, 1, 3, (33, 26)), center=8)
    result = reconstruct(scan, str(run_folder))
    assert result.provenance.settings["weights"] == str(run_folder)
    data = (run_folder / "model.safetensors").read_bytes()
    assert result.provenance.weights == hashlib.sha256(data).hexdigest()
    assert any("trained on nothing at all" in note for note in result.provenance.notes)
    assert result.cost.parameters > 0


def of_liif(folder: Path, name: str = "liif-rdn3d") -> str:
    """A file of weights of a network that gives a film at any time."""
    settings: dict[str, Setting] = {
        "features": 4,
        "width": 8,
        "blocks": 1,
        "layers": 1,
        "growth": 4,
        "frames": 4,
    }
    state = build(name, settings).state_dict()
    save_weights(folder / "model.safetensors", state, name, settings, {})
    return str(folder)


@pytest.mark.parametrize("cyclic", [True, False])
def test_a_film_is_given_at_more_times_than_it_was_measured(tmp_path: Path, cyclic: bool) -> None:
    whole = synthetic.scan(1, 4, 2, (24, 27), noise=0.01)
    timed = replace(whole, header=replace(whole.header, frame_times=(0.0, 0.1, 0.2, 0.3)))
    scan = synthetic.accelerated(timed, center=8)
    settings: dict[str, Setting] = {"weights": of_liif(tmp_path), "cyclic": cyclic}
    own = reconstruct(scan, "network", settings)
    count = 8 if cyclic else 7
    finer = reconstruct(scan, "network", {**settings, "times": count})
    assert own.header.frame_times == scan.header.frame_times
    assert finer.image.shape == (1, count, 24, 27)
    assert finer.header.frame_times == pytest.approx([0.05 * index for index in range(count)])
    laws.assert_equal(finer.image[:, ::2], own.image, 1e-4)
    assert finer.provenance.notes[-1] == own.provenance.notes[-1]
    assert "measured samples" in own.provenance.notes[-1]


def test_times_between_frames_need_a_network_that_has_them(
    run_folder: Path, tmp_path: Path
) -> None:
    film = synthetic.accelerated(synthetic.scan(1, 3, 1, (24, 27), noise=0.01), center=8)
    with pytest.raises(UsageError, match="only a network such as liif-rdn3d gives"):
        reconstruct(film, "network", {"weights": str(run_folder), "times": 6})
    with pytest.raises(DataError, match="films of 4 frames, but the scan has 3"):
        reconstruct(film, "network", {"weights": of_liif(tmp_path, "liif-conv2d")})


def test_weights_are_asked_for_and_looked_for(tmp_path: Path) -> None:
    scan = synthetic.accelerated(synthetic.scan(shape=(33, 26)), center=8)
    with pytest.raises(UsageError, match="needs weights"):
        reconstruct(scan, "network")
    with pytest.raises(DataError, match="cannot be read"):
        reconstruct(scan, "network", {"weights": str(tmp_path / "absent.safetensors")})
    with pytest.raises(UsageError, match="no method is called"):
        make_method(str(tmp_path / "absent"))


@pytest.mark.parametrize("name", STATIC)
def test_frames_of_a_series_are_reconstructed_each_by_itself(name: str) -> None:
    complete = synthetic.scan(1, 6, 1, (33, 26), noise=0.01)
    scan = synthetic.accelerated(complete, center=8)
    whole = reconstruct(scan, name).image
    turned = replace(scan, kspace=scan.kspace.flip(1), mask=scan.mask.flip(1), reference=None)
    laws.assert_equal(reconstruct(turned, name).image.flip(1), whole, 1e-5)


@pytest.mark.parametrize("name", STATIC)
@pytest.mark.parametrize(
    ("coils", "pattern", "acceleration", "shape", "snr"),
    [
        (1, "random", 4, (96, 80), 30),
        (1, "poisson", 6, (97, 83), 30),
        (8, "random", 4, (96, 80), 30),
        (8, "equispaced", 6, (80, 97), 15),
        (16, "gaussian-2d", 8, (96, 80), 60),
        (4, "gaussian", 2, (130, 64), 100),
    ],
)
def test_what_ships_beats_zero_filling(
    name: str, coils: int, pattern: str, acceleration: float, shape: tuple[int, int], snr: float
) -> None:
    complete = simulate("brain", shape=shape, coils=coils, snr=snr, seed=77)
    scan = Undersampling(acceleration, pattern, seed=3)(complete).without_coil_maps()
    assert complete.reference is not None
    truth = complete.reference.abs()
    before = synthetic.nmse(reconstruct(scan, "zero-filled").image.abs(), truth)
    after = synthetic.nmse(reconstruct(scan, name).image.abs(), truth)
    assert after < 0.9 * before


def test_the_samples_come_back_within_their_noise() -> None:
    complete = simulate("knee", shape=(96, 80), coils=1, snr=100, seed=5)
    scan = Undersampling(4, seed=3)(complete)
    result = reconstruct(scan, "kronecker-cascade")
    from_image = torch.where(scan.mask, fft(result.image[:, :, None]), 0)
    assert float((from_image - scan.kspace).norm() / scan.kspace.norm()) < 0.03
    assert any("differs from the measured samples by" in note for note in result.provenance.notes)


@pytest.mark.parametrize(
    ("coils", "pattern", "acceleration", "frames", "shape"),
    [
        (1, "kt-random", 5, 8, (96, 80)),
        (1, "kt-equispaced", 6, 13, (81, 96)),
        (6, "kt-random", 8, 10, (96, 80)),
        (4, "random", 4, 8, (80, 81)),
        (1, "poisson", 6, 8, (80, 80)),
    ],
)
def test_what_ships_for_films_beats_zero_filling(
    coils: int, pattern: str, acceleration: float, frames: int, shape: tuple[int, int]
) -> None:
    complete = simulate("heart", frames=frames, shape=shape, coils=coils, snr=40, seed=78)
    scan = Undersampling(acceleration, pattern, seed=3)(complete).without_coil_maps()
    assert complete.reference is not None
    truth = complete.reference.abs()
    before = synthetic.nmse(reconstruct(scan, "zero-filled").image.abs(), truth)
    result = reconstruct(scan)
    assert result.provenance.method == "kronecker-cine"
    assert synthetic.nmse(result.image.abs(), truth) < 0.6 * before


def test_a_film_network_refuses_a_single_image_and_a_short_window() -> None:
    still = synthetic.accelerated(synthetic.scan(1, 1, 1, (33, 26)), center=8)
    with pytest.raises(DataError, match="needs a time series"):
        reconstruct(still, "kronecker-cine")
    film = synthetic.accelerated(synthetic.scan(1, 6, 1, (33, 26)), center=8)
    with pytest.raises(UsageError, match="needs more than 8 frames"):
        reconstruct(film, "kronecker-cine", {"window": 8})


def test_a_network_of_fixed_frames_takes_longer_films_in_windows(tmp_path: Path) -> None:
    settings = {"frames": 4, "width": 4, "levels": 1, "temporal_width": 4}
    save_weights(
        tmp_path / "model.safetensors",
        build("dual-unet", settings).state_dict(),
        "dual-unet",
        settings,
        {},
    )
    long = synthetic.accelerated(synthetic.scan(1, 7, 1, (33, 26)), center=8)
    assert reconstruct(long, str(tmp_path)).image.shape == (1, 7, 33, 26)
    short = synthetic.accelerated(synthetic.scan(1, 3, 1, (33, 26)), center=8)
    with pytest.raises(DataError, match="takes films of 4 frames, but the scan has 3"):
        reconstruct(short, str(tmp_path))
