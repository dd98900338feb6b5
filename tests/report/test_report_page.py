import base64
import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import feathermr
from feathermr.acquisition import Header
from feathermr.core.errors import DataError, ShapeError
from feathermr.report import page as page_module
from feathermr.report import write_report
from feathermr.report.family import sliders
from feathermr.report.film import liveliest, relative_errors
from feathermr.report.page import render
from feathermr.report.shown import gather

HOSTILE = "\"'><script>alert(1)</script></title><img src=x onerror=alert(2)>&amp;${oops}"


def _data(page: str) -> dict:
    return json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL).group(1))


def _page(comparison) -> str:
    return render(comparison, title="A title", command="feathermr demo")


def test_the_file_is_written_whole_and_alone(make_comparison, tmp_path: Path) -> None:
    path = write_report(make_comparison(), tmp_path / "report.html", title="A title")
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.html"]
    assert path.read_text().rstrip().endswith("</html>")


def test_a_failing_page_leaves_the_older_file_as_it_was(
    make_comparison, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "report.html"
    path.write_text("older")
    monkeypatch.setattr(page_module, "embed", lambda data: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_report(make_comparison(), path)
    assert path.read_text() == "older"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_folder_that_cannot_be_written_is_a_data_error(make_comparison, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot write"):
        write_report(make_comparison(), tmp_path / "file" / "report.html")


def test_nothing_is_loaded_from_anywhere(make_comparison) -> None:
    page = _page(make_comparison(slices=2, frames=3))
    assert not re.search(r'(src|href)="(?!data:,)', page)
    assert not re.search(r"https?://|@import|url\(", page)
    assert "default-src 'none'" in page


def test_the_policy_admits_exactly_the_script_of_the_page(make_comparison) -> None:
    page = _page(make_comparison())
    script = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = hashlib.sha256(script[0].encode()).digest()
    admitted = re.search(r"script-src 'sha256-([^']+)'", page).group(1)
    assert len(script) == 1
    assert admitted == base64.b64encode(digest).decode()


def test_hostile_text_stays_text(make_comparison) -> None:
    header = Header(source=HOSTILE, subject=HOSTILE, anatomy=HOSTILE, notes=(HOSTILE,))
    comparison = make_comparison(
        frames=2, header=header, methods=("zero-filled", HOSTILE), notes=(HOSTILE,)
    )
    page = render(comparison, title=HOSTILE, command=HOSTILE)
    assert page.count("<script") == 2
    assert "<img" not in page
    assert page.count("</title>") == 1
    assert "${oops}" in page


def test_all_images_share_the_window_of_the_reference(make_comparison) -> None:
    comparison = make_comparison(frames=3)
    shown = gather(comparison)
    assert shown.names == ("reference", "zero-filled", "cg-sense")
    expected = np.percentile(comparison.reference.abs().numpy(), 99.5)
    assert shown.window.upper == pytest.approx(float(expected), rel=1e-6)
    page = _page(comparison)
    assert page.count(f"window 0 to {expected:.4g}, 99.5 % of the reference") >= 3
    assert f"error x {shown.window.gain}: brightest at {expected / shown.window.gain:.3g}" in page


def test_errors_are_differences_of_magnitude(make_comparison) -> None:
    comparison = make_comparison()
    shown = gather(comparison)
    image = comparison.reconstructions["cg-sense"].image
    expected = (image.abs() - comparison.reference.abs()).abs().numpy()
    np.testing.assert_allclose(shown.errors[1], expected, atol=1e-6)


def test_relative_errors_agree_with_their_formula(make_comparison) -> None:
    comparison = make_comparison(slices=2, frames=3)
    truth = comparison.reference[1].abs().double()
    error = comparison.reconstructions["cg-sense"].image[1].abs().double() - truth
    expected = (error.square().sum((-2, -1)) / truth.square().sum((-2, -1))).sqrt()
    found = relative_errors(gather(comparison), 1)["cg-sense"]
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-5)


def test_the_line_starts_where_the_film_moves_most(make_comparison) -> None:
    comparison = make_comparison(frames=3)
    comparison.reference[:, 1, 25, 4] += 30
    assert liveliest(gather(comparison)) == (4, 25)
    page = _page(comparison)
    assert 'max="29" value="4" data-x="4" data-y="25"' in page


def test_a_film_is_shown_with_its_profiles_and_errors_once_for_each_image(make_comparison) -> None:
    page = _page(make_comparison(frames=3, methods=("zero-filled", "a@b")))
    film = page[page.index('id="film"') : page.index('id="images"')]
    shown = re.findall(r'data-image="(\w+-\d)" data-view="(\w+)"', film)
    magnitudes = [f"magnitude-{index}" for index in range(3)]
    assert shown == [
        *((name, "whole") for name in magnitudes),
        *((name, "course") for name in magnitudes),
        *((f"error-{index}", "course") for index in (1, 2)),
    ]
    assert film.count("a@b, film") == 1
    # the pictures are those of the images: a film costs no second copy of them
    assert len(_data(page)["pictures"]) == len(_data(_page(make_comparison()))["pictures"]) + 1


def test_without_a_reference_nothing_is_called_an_error(make_comparison) -> None:
    page = _page(make_comparison(frames=3, reference=False))
    assert "99.5 % of the zero-filled" in page
    assert "no reference image" in page
    assert "error-" not in "".join(_data(page)["pictures"])
    assert "Error over time" not in page
    assert "<h3>Error" not in page


def test_a_single_image_needs_no_swipe(make_comparison) -> None:
    page = _page(make_comparison(methods=("zero-filled",), reference=False))
    assert 'id="swipe"' not in page
    assert 'id="film"' not in page
    assert 'id="slice"' not in page


def test_a_factor_fitted_by_the_scores_is_applied_and_said(make_comparison) -> None:
    comparison = make_comparison()
    scores = tuple(
        replace(score, alignment="least-squares", factor=2.0) for score in comparison.scores
    )
    shown = gather(replace(comparison, scores=scores))
    image = comparison.reconstructions["zero-filled"].image
    np.testing.assert_allclose(shown.magnitudes[1], 2 * image.abs().numpy(), rtol=1e-6)
    assert "zero-filled is shown multiplied by 2" in shown.notes[0]


def test_a_crop_that_the_header_asks_for_is_said(make_comparison) -> None:
    header = Header(image_shape=(20, 11))
    shown = gather(make_comparison(header=header))
    assert shown.size == (20, 11)
    assert "37 x 30" in shown.notes[0]
    assert "20 x 11" in shown.notes[0]


def test_slices_left_out_are_said(make_comparison) -> None:
    page = _page(make_comparison(slices=19))
    assert "shows 8 of 19 slices" in page
    data = _data(page)
    assert data["slices"][0] == "1"
    assert data["slices"][-1] == "19"
    assert len(data["pictures"]["magnitude-0"]["sheets"]) == 8


def test_captions_hold_the_scores_of_the_image_shown(make_comparison) -> None:
    comparison = make_comparison(slices=2, frames=3)
    values = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0)
    scores = tuple(replace(one, metric="psnr", values=values) for one in comparison.scores)
    captions = _data(_page(replace(comparison, scores=scores)))["captions"]
    assert captions["2"][1] == ["psnr 4", "psnr 5", "psnr 6"]
    assert "0" not in captions


def test_values_that_are_not_finite_are_counted(make_comparison) -> None:
    comparison = make_comparison(reference=False)
    comparison.reconstructions["cg-sense"].image[0, 0, 3, 4] = torch.nan
    page = _page(comparison)
    assert "Values that are NaN or infinite, shown as black: 1 in cg-sense." in page


def test_images_of_different_size_are_refused(make_comparison) -> None:
    comparison = make_comparison()
    whole = comparison.reconstructions["cg-sense"]
    cut = {**comparison.reconstructions, "cg-sense": replace(whole, image=whole.image[..., :-2, :])}
    with pytest.raises(ShapeError, match="cg-sense has"):
        gather(replace(comparison, reconstructions=cut))


@pytest.mark.parametrize(
    ("origin", "text"), [("simulated", "Simulated data"), ("image", "Retrospective data")]
)
def test_data_that_no_scanner_measured_is_marked(make_comparison, origin: str, text: str) -> None:
    assert text in _page(make_comparison(header=Header(origin=origin)))
    assert text not in _page(make_comparison())


def test_pixels_that_are_not_square_are_shown_in_proportion(make_comparison) -> None:
    header = Header(spacing=(5e-3, 2e-3, 1e-3))
    assert _data(_page(make_comparison(header=header)))["aspect"] == pytest.approx(
        30 / 74, abs=1e-6
    )


def test_everything_needed_to_repeat_is_there(make_comparison) -> None:
    comparison = make_comparison(frames=2)
    page = _page(comparison)
    kspace = hashlib.sha256(comparison.acquisition.kspace.numpy().tobytes()).hexdigest()
    image = comparison.reconstructions["cg-sense"].image.contiguous().numpy().tobytes()
    for text in (
        "feathermr demo",
        kspace,
        hashlib.sha256(image).hexdigest(),
        torch.__version__,
        feathermr.__version__,
        "iterations = 7",
        "scan.h5",
        f"{comparison.acquisition.acceleration:.3g}",
    ):
        assert text in page


def test_more_frames_than_were_acquired_can_be_shown(make_comparison) -> None:
    few, many = make_comparison(frames=2), make_comparison(frames=5)
    page = _page(replace(many, acquisition=few.acquisition))
    assert len(_data(page)["frames"]) == 5


def test_the_pattern_is_described_from_the_mask(make_comparison) -> None:
    comparison = make_comparison()
    assert "whole lines, skipped along y" in _page(comparison)
    mask = comparison.acquisition.mask.expand(-1, -1, -1, -1, 30).clone()
    mask[..., 3, 4] = ~mask[..., 3, 4]
    acquisition = replace(comparison.acquisition, mask=mask)
    assert "<dd>points</dd>" in _page(replace(comparison, acquisition=acquisition))


def test_pages_with_a_slider_show_at_most_twice_the_pixels(make_comparison) -> None:
    comparison = make_comparison(frames=3, methods=("inr-lambda",), family=tuple(range(-5, 4)))
    shown = gather(comparison)
    (slider,) = sliders(comparison, shown)
    assert len(slider.labels) == 9
    assert slider.magnitudes[slider.own] is None
    made = comparison.reconstructions["inr-lambda"]
    wanted = np.abs(made.family.image(1e-5)[:, :, 5:31].numpy())
    cut = replace(comparison.acquisition.header, image_shape=(26, 30))
    smaller = replace(comparison, reconstructions={"inr-lambda": replace(made, header=cut)})
    np.testing.assert_allclose(
        sliders(smaller, gather(smaller))[0].magnitudes[0], wanted, rtol=1e-6
    )


def test_larger_films_have_fewer_stops_before_fewer_frames(
    make_comparison, monkeypatch: pytest.MonkeyPatch
) -> None:
    comparison = make_comparison(frames=3, methods=("inr-lambda",), family=tuple(range(-5, 4)))
    film = 3 * 37 * 30
    monkeypatch.setattr("feathermr.report.shown.PIXELS", 5 * film)  # room for ten films
    shown = gather(comparison)
    assert len(shown.selection.frames) == 3
    labels = sliders(comparison, shown)[0].labels
    assert len(labels) == 8  # and the reference and its errors
