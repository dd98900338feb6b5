"""What single methods promise beyond the contract."""

from dataclasses import replace

import pytest
import torch

import laws
import synthetic
from feathermr.core.errors import DataError, UsageError
from feathermr.core.fft import fft, ifft
from feathermr.recon import METHODS, check_suits, default_method, make_method, reconstruct
from feathermr.recon.methods import SERIES_METHODS
from feathermr.recon.problem import pose, robust_scale
from feathermr.recon.zero_filled import ZeroFilled

SHAPE = (33, 26)


def test_cg_sense_recovers_a_complete_scan_without_noise() -> None:
    scan = synthetic.scan(2, 1, 4, SHAPE)
    assert scan.reference is not None
    found = reconstruct(scan, "cg-sense", {"weight": 0}).image
    laws.assert_equal(found, scan.reference, 1e-3)


@pytest.mark.parametrize("method", ["tv", "l1-wavelet", "cg-sense"])
def test_with_a_weight_of_zero_all_static_methods_are_least_squares(method: str) -> None:
    scan = synthetic.accelerated(synthetic.scan(1, 1, 4, SHAPE), keep=0.6, center=12)
    assert scan.reference is not None
    found = reconstruct(scan, method, {"weight": 0, "iterations": 60}).image
    laws.assert_equal(found, scan.reference, 1e-2)


def test_cg_sense_is_the_regularised_least_squares_solution() -> None:
    scan = synthetic.accelerated(
        synthetic.scan(1, 1, 3, (9, 8), noise=0.05, dtype=torch.complex128), center=4
    )
    problem = pose(scan)
    operator = problem.encoding
    columns = torch.eye(72, dtype=torch.complex128).reshape(72, 1, 1, 9, 8)
    dense = torch.stack([operator(column).flatten() for column in columns], 1)
    system = dense.mH @ dense + problem.weight(60.0) * torch.eye(72)
    right = dense.mH @ problem.acquisition.kspace.flatten()
    expected = torch.linalg.solve(system, right).reshape(1, 1, 9, 8) * problem.scale
    found = reconstruct(scan, "cg-sense", {"weight": 60.0, "iterations": 100}).image
    laws.assert_equal(found, expected, 1e-5)


def test_zero_filling_without_maps_is_the_root_of_the_sum_of_squares() -> None:
    scan = synthetic.accelerated(synthetic.scan(2, 2, 3, SHAPE, known_maps=False), center=8)
    expected = ifft(scan.kspace).abs().square().sum(2).sqrt()
    result = reconstruct(scan, "zero-filled")
    laws.assert_equal(result.image, expected + 0j, 1e-5)
    assert any("root-sum-of-squares" in note for note in result.provenance.notes)


def test_zero_filling_with_maps_keeps_the_phase() -> None:
    scan = synthetic.scan(2, 1, 3, SHAPE)
    assert scan.reference is not None
    laws.assert_equal(reconstruct(scan, "zero-filled").image, scan.reference, 1e-5)


def test_zero_filling_refuses_an_unknown_combination() -> None:
    with pytest.raises(UsageError, match=r"auto, rss, maps, not 'sum'"):
        ZeroFilled("sum")(synthetic.scan(shape=SHAPE))


@pytest.mark.parametrize(
    ("method", "key", "value", "hint"),
    [
        ("zero-filled", "combine", "sum", "auto, maps, rss"),
        ("l1-wavelet", "wavelet", "db5", "did you mean 'db4'"),
        ("tv", "calibration", "espirt", "did you mean 'espirit'"),
        ("kronecker-cascade", "calibration", "espirt", "did you mean 'espirit'"),
    ],
)
def test_a_setting_that_is_one_of_several_words_is_checked_before_any_scan(
    method: str, key: str, value: str, hint: str
) -> None:
    with pytest.raises(UsageError, match=f"no value of {key} is called '{value}'; .*{hint}"):
        make_method(method, {key: value})


@pytest.mark.parametrize("method", ["zero-filled", "cg-sense", "tv"])
def test_shading_in_known_maps_does_not_come_back_in_the_image(method: str) -> None:
    scan = synthetic.scan(2, 1, 3, SHAPE)
    y, x = synthetic.grid(*SHAPE)
    shading = 40 * (1 + 0.5 * y + 0.3 * x).to(torch.complex64)
    assert scan.coil_maps is not None
    assert scan.reference is not None
    shaded = replace(
        scan, coil_maps=scan.coil_maps * shading, kspace=fft(ifft(scan.kspace) * shading)
    )
    settings = {} if method == "zero-filled" else {"weight": 0}
    laws.assert_equal(reconstruct(shaded, method, settings).image, scan.reference, 1e-3)


def test_known_maps_of_zeros_are_refused() -> None:
    scan = synthetic.scan(2, 1, 3, SHAPE)
    assert scan.coil_maps is not None
    with pytest.raises(DataError, match="all coil maps are zero"):
        reconstruct(replace(scan, coil_maps=0 * scan.coil_maps), "cg-sense")


def test_an_unknown_method_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UsageError, match=r"did you mean 'cg-sense'\?"):
        make_method("cgsense")


def test_the_default_suits_the_scan() -> None:
    static, series = synthetic.scan(shape=SHAPE), synthetic.scan(1, 3, shape=SHAPE)
    assert default_method(static) == "zero-filled"
    assert default_method(synthetic.accelerated(static, center=8)) == "kronecker-cascade"
    assert default_method(synthetic.accelerated(series, center=8)) == "kronecker-cine"


def test_the_robust_scale_is_the_magnitude_that_few_pixels_exceed() -> None:
    image = torch.arange(1000, dtype=torch.float32).reshape(1, 1, 25, 40)
    assert robust_scale(image) == 994
    image[0, 0, -1, -1] = 1e9  # one hot pixel does not matter
    assert robust_scale(image) == 994


def test_a_scan_with_few_bright_pixels_still_has_a_scale() -> None:
    image = torch.zeros(1, 1, 25, 40)
    image[0, 0, 0, 0] = 3.0
    assert robust_scale(image) == 3


def test_the_problem_is_posed_in_units_of_bright_tissue() -> None:
    scan = synthetic.scan(2, 1, 14, SHAPE, known_maps=False)
    noise = laws.random_array((14, 200), "noise", dtype=torch.complex64)
    problem = pose(replace(scan, noise=noise, kspace=scan.kspace * 4e-5))
    image = problem.encoding.H(problem.acquisition.kspace)
    assert robust_scale(image) == pytest.approx(1, rel=1e-4)
    assert problem.acquisition.n_coils == 12
    assert any("whitened" in note for note in problem.notes)
    assert any("compressed" in note for note in problem.notes)
    assert any("espirit" in note for note in problem.notes)


def test_a_mask_without_a_center_is_refused_in_a_sentence() -> None:
    scan = synthetic.accelerated(
        synthetic.scan(1, 1, 3, SHAPE, known_maps=False), keep=0.0, center=3
    )
    with pytest.raises(DataError, match="at least 6 x 6"):
        reconstruct(scan, "cg-sense")


def test_walsh_maps_need_less_of_a_center() -> None:
    scan = synthetic.accelerated(
        synthetic.scan(1, 1, 3, SHAPE, known_maps=False), keep=0.3, center=5
    )
    result = reconstruct(scan, "cg-sense", {"calibration": "walsh"})
    assert any("walsh" in note for note in result.provenance.notes)


def test_a_mask_along_x_is_reconstructed_as_well_as_one_along_y() -> None:
    scan = synthetic.accelerated(synthetic.scan(1, 1, 4, (40, 40)), center=10)
    turned = replace(
        scan,
        kspace=scan.kspace.mT,
        mask=scan.mask.mT,
        coil_maps=scan.coil_maps.mT if scan.coil_maps is not None else None,
        reference=None,
        header=replace(scan.header, phase_axis=-1),
    )
    for method in ("cg-sense", "tv"):
        along_y = reconstruct(scan, method).image
        laws.assert_equal(reconstruct(turned, method).image.mT, along_y, 1e-3)


@pytest.mark.parametrize("name", sorted(set(METHODS) - {"network"}))
def test_only_the_methods_for_series_refuse_a_static_scan(name: str) -> None:
    scan = synthetic.accelerated(synthetic.scan(1, 1, 3, SHAPE), center=12)
    if name not in SERIES_METHODS:
        check_suits(name, scan)
        assert reconstruct(scan, name, {}).image.shape == scan.image_shape
        return
    with pytest.raises(DataError, match="needs a time series"):
        check_suits(name, scan)
    with pytest.raises(DataError, match="needs a time series"):
        reconstruct(scan, name)


@pytest.mark.parametrize(("text", "value"), [("true", True), ("False", False), (False, False)])
def test_a_yes_or_no_setting_is_read_from_text(text: str | bool, value: bool) -> None:
    assert make_method("temporal-tv", {"cyclic": text}) == make_method(
        "temporal-tv", {"cyclic": value}
    )
    assert make_method("temporal-tv", {"cyclic": text}).cyclic is value  # type: ignore[attr-defined]


def test_a_yes_or_no_setting_refuses_other_words() -> None:
    with pytest.raises(UsageError, match="true or false"):
        make_method("temporal-tv", {"cyclic": "perhaps"})
