"""What every method promises, run on every method there is."""

from dataclasses import asdict, fields, replace

import pytest
import torch

import laws
import synthetic
from feathermr import __version__
from feathermr.acquisition import Acquisition
from feathermr.core.errors import DataError, UsageError
from feathermr.core.settings import Setting
from feathermr.models.weights import SHIPPED
from feathermr.recon import METHODS, Reconstruction, make_method, reconstruct

#: settings that keep the tests fast, by method
CASES: dict[str, dict[str, Setting]] = {
    "zero-filled": {},
    "cg-sense": {"iterations": 12},
    "l1-wavelet": {"iterations": 12},
    "tv": {"iterations": 12},
    "view-sharing": {},
    "temporal-tv": {"iterations": 12},
    "kt-l1": {"iterations": 15},
    "kt-tv": {},
    "low-rank-sparse": {"iterations": 15},
    "kronecker-cascade": {},
    "kronecker-cine": {},
    "kronecker-unet": {},
    "liif-rdn3d": {},
    "inr": {"steps": 20},
    "inr-lambda": {"steps": 40},
    "network": {"weights": str(SHIPPED["kronecker-unet"])},
}
#: networks that see the samples once gain less
ONE_SHOT = {"kronecker-unet", "network"}
TEMPORAL = {
    "view-sharing",
    "temporal-tv",
    "kt-l1",
    "kt-tv",
    "low-rank-sparse",
    "kronecker-cine",
    "liif-rdn3d",
}
SHAPE = (33, 26)
KNOWN = [name for name in METHODS if name in CASES]


@pytest.fixture(params=KNOWN)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def small(
    name: str, *, slices: int = 2, n_coils: int = 3, dtype: torch.dtype = torch.complex64
) -> Acquisition:
    """An undersampled scan that suits the method, without known maps."""
    frames = 4 if name in TEMPORAL else 1
    complete = synthetic.scan(
        slices, frames, n_coils, SHAPE, noise=0.01, known_maps=False, dtype=dtype
    )
    return synthetic.accelerated(complete, keep=0.3, center=8)


def run(name: str, scan: Acquisition) -> Reconstruction:
    return reconstruct(scan, name, CASES[name])


def test_every_method_has_a_case() -> None:
    assert set(METHODS) == set(CASES)


@pytest.mark.parametrize("n_coils", [1, 3, 14])
@pytest.mark.parametrize("series", [False, True])
def test_the_image_has_the_axes_and_the_precision_of_the_scan(
    name: str, n_coils: int, series: bool
) -> None:
    frames = 3 if series or name in TEMPORAL else 1
    complete = synthetic.scan(2, frames, n_coils, SHAPE, noise=0.01, known_maps=False)
    scan = synthetic.accelerated(complete, keep=0.3, center=8)
    result = run(name, scan)
    assert result.image.shape == (2, frames, *SHAPE)
    assert result.image.dtype == torch.complex64
    assert torch.isfinite(torch.view_as_real(result.image)).all()
    assert not result.image.requires_grad
    assert result.scale > 0
    assert result.seconds > 0


def test_double_precision_works_and_agrees(name: str) -> None:
    single = run(name, small(name)).image
    double = run(name, small(name, dtype=torch.complex128)).image
    assert double.dtype == torch.complex128
    laws.assert_equal(single.to(torch.complex128), double, 1e-2)


# powers of two, so that rounding is the same and no pixel at the border of a map changes sides
@pytest.mark.parametrize("factor", [2.0**-20, 2.0**20])
def test_the_scale_of_the_input_comes_back_and_changes_nothing_else(
    name: str, factor: float
) -> None:
    scan = small(name)
    plain, scaled = run(name, scan), run(name, replace(scan, kspace=scan.kspace * factor))
    laws.assert_equal(scaled.image / factor, plain.image, 1e-3)
    assert scaled.scale == pytest.approx(plain.scale * factor, rel=1e-3)


@pytest.mark.parametrize("factor", [0.2, 5.0])
def test_the_scale_of_known_coil_maps_changes_nothing_but_the_scale(
    name: str, factor: float
) -> None:
    scan = synthetic.accelerated(
        synthetic.scan(1, 4 if name in TEMPORAL else 1, 3, SHAPE), keep=0.3, center=8
    )
    assert scan.coil_maps is not None
    scaled = run(name, replace(scan, coil_maps=scan.coil_maps * factor)).image
    # a long chain of quasi-Newton fits carries rounding further
    tolerance = 5e-3 if name == "inr-lambda" else 1e-3
    laws.assert_equal(scaled * factor, run(name, scan).image, tolerance)


def test_slices_do_not_see_each_other(name: str) -> None:
    scan = small(name, slices=3)
    order = [2, 0, 1]
    turned = replace(scan, kspace=scan.kspace[order], reference=None)
    laws.assert_equal(run(name, turned).image, run(name, scan).image[order], 1e-5)


def test_the_same_input_gives_the_same_bits_and_is_left_alone(name: str) -> None:
    scan = small(name)
    before = scan.kspace.clone()
    assert torch.equal(run(name, scan).image, run(name, scan).image)
    assert torch.equal(scan.kspace, before)


@pytest.mark.parametrize("n_coils", [1, 3])
def test_a_scan_of_zeros_is_refused(name: str, n_coils: int) -> None:
    scan = small(name, n_coils=n_coils)
    with pytest.raises(DataError, match="every sample of the k-space is zero"):
        run(name, replace(scan, kspace=torch.zeros_like(scan.kspace)))


@pytest.mark.parametrize("n_coils", [1, 3])
@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_one_value_that_is_not_finite_is_refused(name: str, n_coils: int, bad: float) -> None:
    scan = small(name, n_coils=n_coils)
    scan.kspace[1, 0, 0, SHAPE[0] // 2, 3] = bad
    with pytest.raises(DataError, match="NaN or infinite"):
        run(name, scan)


def test_the_record_says_how_it_was_made(name: str) -> None:
    result = run(name, small(name))
    kind = make_method(name, CASES[name])
    assert result.provenance.method == name
    assert result.provenance.version == __version__
    assert result.provenance.settings == asdict(kind)  # type: ignore[call-overload]
    assert result.provenance.settings.items() >= CASES[name].items()
    assert all(note.strip() for note in result.provenance.notes)


def test_progress_ends_at_the_end(name: str) -> None:
    told: list[tuple[int, int]] = []
    make_method(name, CASES[name])(
        small(name), progress=lambda done, total: told.append((done, total))
    )
    assert told
    assert told == sorted(told)
    assert told[-1][0] == told[-1][1]


def test_the_image_is_cropped_to_what_a_viewer_shows_and_says_so(name: str) -> None:
    scan = small(name)
    whole = run(name, scan).image
    header = replace(scan.header, image_shape=(20, 21))
    result = run(name, replace(scan, header=header))
    assert result.image.shape[-2:] == (20, 21)
    laws.assert_equal(result.image, whole[..., 16 - 10 : 26, 13 - 10 : 24], 1e-6)
    assert any("cropped from 33 x 26 to 20 x 21" in note for note in result.provenance.notes)


def test_a_shown_size_larger_than_the_scan_is_refused(name: str) -> None:
    scan = small(name)
    header = replace(scan.header, image_shape=(40, 20))
    with pytest.raises(DataError, match="33 x 26"):
        run(name, replace(scan, header=header))


def test_an_unknown_setting_is_refused_with_the_nearest_name(name: str) -> None:
    real = fields(METHODS[name])[-1].name  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=rf"'{real}s'; did you mean '{real}'\?"):
        make_method(name, {real + "s": 1})


def test_numbers_that_are_negative_or_no_numbers_are_refused(name: str) -> None:
    for field in fields(METHODS[name]):  # type: ignore[arg-type]
        if isinstance(field.default, (int, float)):
            for bad in (-1, "-1", "nan", "inf", "many", None):
                with pytest.raises(UsageError, match=field.name):
                    make_method(name, {field.name: bad})


def test_text_settings_mean_the_same_as_numbers(name: str) -> None:
    spelled = {key: str(value) for key, value in CASES[name].items()}
    assert make_method(name, spelled) == make_method(name, CASES[name])


def test_a_whole_number_is_not_cut_from_a_fraction(name: str) -> None:
    for field in fields(METHODS[name]):  # type: ignore[arg-type]
        if isinstance(field.default, int):
            with pytest.raises(UsageError, match=field.name):
                make_method(name, {field.name: 3.7})


@pytest.mark.parametrize("known_maps", [True, False])
def test_it_beats_zero_filling(name: str, known_maps: bool) -> None:
    if name == "zero-filled":
        return
    frames = 6 if name in TEMPORAL else 1
    complete = synthetic.scan(1, frames, 4, (64, 48), noise=0.003, known_maps=known_maps)
    scan = synthetic.accelerated(complete)
    assert 2.5 < scan.acceleration < 3.5
    assert scan.reference is not None
    before = run("zero-filled", scan).image
    after = (run(name, scan) if name == "network" else reconstruct(scan, name)).image
    truth = scan.reference
    if not known_maps:  # the phase of estimated maps is a convention
        before, after, truth = before.abs(), after.abs(), truth.abs()
    share = 0.6 if name in ONE_SHOT else 0.5
    assert synthetic.nmse(after, truth) < share * synthetic.nmse(before, truth)


@pytest.mark.parametrize("temporal", sorted(TEMPORAL))
def test_methods_for_series_refuse_a_single_frame(temporal: str) -> None:
    with pytest.raises(DataError, match=f"{temporal} needs a time series"):
        run(temporal, synthetic.scan(shape=SHAPE))
