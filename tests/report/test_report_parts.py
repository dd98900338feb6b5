import base64
import io
import math

import numpy as np
import pytest
from PIL import Image

from feathermr.report.figures import contact_sheet, log_bytes, magnitude_bytes, phase_bytes, sheets
from feathermr.report.markup import definitions, figure
from feathermr.report.palettes import heat, phase
from feathermr.report.plot import line_plot, nice_upper
from feathermr.report.sampling_view import count_center_lines
from feathermr.report.selection import PIXELS, evenly, select, stops
from feathermr.report.window import shared_window


def _lightness(palette: np.ndarray) -> np.ndarray:
    return palette.astype(float) @ np.array([0.2126, 0.7152, 0.0722])


def test_the_error_palette_gets_lighter_at_every_step() -> None:
    lightness = _lightness(heat())
    assert lightness[0] < 3
    assert lightness[-1] > 230
    assert (np.diff(lightness[::8]) > 0).all()


def test_the_phase_palette_closes() -> None:
    colors = phase().astype(int)
    assert colors.shape == (256, 3)
    assert (colors[0] == 0).all()
    steps = np.abs(np.diff(np.concatenate([colors[1:], colors[1:2]]), axis=0)).max(axis=1)
    assert steps.max() <= 8
    assert _lightness(phase())[128] > _lightness(phase())[1] + 60


def test_magnitude_is_linear_up_to_the_window_and_white_above() -> None:
    assert magnitude_bytes(np.array([0.0, 1.0, 2.0, 9.0]), 2.0).tolist() == [0, 128, 255, 255]


def test_phase_runs_from_one_to_255_and_is_zero_where_masked() -> None:
    angle = np.array([-math.pi + 1e-6, 0.0, math.pi - 1e-6])
    values = phase_bytes(np.exp(1j * angle), 0.5)
    assert values.tolist() == [1, 128, 255]
    assert phase_bytes(0.4 * np.exp(1j * angle), 0.5).tolist() == [0, 0, 0]


def test_the_logarithm_keeps_small_samples_apart_from_missing_ones() -> None:
    values = log_bytes(np.array([0.0, 1e-9, 0.1, 1.0]), -40.0)
    assert values.tolist() == [0, 24, 140, 255]
    assert log_bytes(np.zeros(3), -40.0).tolist() == [0, 0, 0]


def test_frames_stand_row_by_row_on_their_sheet() -> None:
    frames = np.arange(5, dtype=np.uint8)[:, None, None] * np.ones((5, 2, 3), np.uint8)
    sheet = contact_sheet(frames)
    assert sheet.shape == (4, 9)
    assert sheet[::2, ::3].tolist() == [[0, 1, 2], [3, 4, 0]]


def test_sheets_are_png_files_that_hold_the_values() -> None:
    values = np.arange(2 * 1 * 5 * 7, dtype=np.uint8).reshape(2, 1, 5, 7)
    result = sheets(values, heat())
    assert len(result.addresses) == 2
    raw = base64.b64decode(result.addresses[1].removeprefix("data:image/png;base64,"))
    picture = Image.open(io.BytesIO(raw))
    assert picture.size == (7, 5)
    assert (np.asarray(picture.convert("RGB")) == heat()[values[1, 0]]).all()


def test_one_window_comes_from_the_reference() -> None:
    reference = np.linspace(0, 10, 1001)
    window = shared_window(reference, "reference", [])
    assert window.upper == pytest.approx(9.95)
    assert window.caption == "window 0 to 9.95, 99.5 % of the reference"
    assert window.gain == 0


@pytest.mark.parametrize(("error", "gain"), [(0.11, 50), (0.4, 20), (0.9, 10), (4.0, 2), (99.0, 1)])
def test_the_gain_is_the_largest_that_keeps_the_best_method_visible(
    error: float, gain: int
) -> None:
    errors = [np.full(100, 50.0), np.full(100, error)]
    assert shared_window(np.full(100, 10.0), "reference", errors).gain == gain


def test_a_black_image_has_a_window_too() -> None:
    assert shared_window(np.zeros(9), "zero-filled", []).upper == 1.0


def test_evenly_keeps_both_ends_and_the_middle_when_one() -> None:
    assert evenly(5, 9) == (0, 1, 2, 3, 4)
    assert evenly(31, 4) == (0, 10, 20, 30)
    assert evenly(31, 1) == (15,)


def test_a_slider_stops_at_the_image_itself_and_evenly_else() -> None:
    assert stops(11, 6, 40) == tuple(range(11))
    assert stops(11, 6, 7) == (0, 2, 3, 6, 7, 8, 10)
    assert stops(11, 0, 2) == (0, 2, 5, 8, 10)


def test_the_selection_stays_within_its_budget_and_says_what_it_left_out() -> None:
    small = select(3, 20, pixels=100, pictures=7)
    assert (len(small.slices), len(small.frames), small.note) == (3, 20, "")
    many = select(40, 1, pixels=320 * 320, pictures=7)
    assert len(many.slices) == 8
    assert "8 of 40 slices" in many.note
    large = select(10, 100, pixels=640 * 320, pictures=7)
    assert len(large.slices) * len(large.frames) * 640 * 320 * 7 <= PIXELS
    assert "1 of 10 slices and 7 of 100 frames" in large.note


def test_center_lines_are_counted_around_the_center_only() -> None:
    lines = np.zeros(11, bool)
    lines[[0, 4, 5, 6, 7, 9]] = True
    assert count_center_lines(lines) == 4
    assert count_center_lines(np.ones(6, bool)) == 6
    lines[5] = False
    assert count_center_lines(lines) == 0


@pytest.mark.parametrize(
    ("value", "upper"), [(0.19, 0.2), (0.21, 0.25), (3.0, 5.0), (1.0, 1.0), (0.0, 1.0)]
)
def test_a_plot_ends_at_a_round_number(value: float, upper: float) -> None:
    assert nice_upper(value) == pytest.approx(upper)


def test_a_plot_leaves_a_gap_where_a_value_is_missing() -> None:
    text = line_plot(
        {"a": [1.0, math.nan, 0.5]}, [0.0, 1.0, 2.0], x_label="t", y_label="e", label="error"
    )
    assert 'd="M0.00 0.00M100.00 50.00"' in text


def test_text_from_outside_is_escaped() -> None:
    hostile = '"><script>alert(1)</script>'
    assert "<script" not in definitions([(hostile, hostile)])
    assert "<script" not in figure(hostile, image="a", view="whole", label=hostile, detail=hostile)
