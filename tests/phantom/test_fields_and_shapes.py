import math

import pytest
import torch

from feathermr.core.fft import plain_fft
from feathermr.core.seeding import generator
from feathermr.phantom.canvas import Canvas, enlarge
from feathermr.phantom.fields import band_noise, power_law_noise, smooth_noise
from feathermr.phantom.motion import draw_motion
from feathermr.phantom.shapes import box, disc, ellipse, segment, tube


def test_power_law_noise_has_the_asked_spectrum():
    field = power_law_noise(16, (127, 128), 2.0, generator(0))
    power = plain_fft(field).abs().square().mean((0, 1))
    low, high = power[0, 4], power[0, 16]
    assert math.log2(float(low / high)) / 2 == pytest.approx(2.0, abs=0.7)
    assert field.std() == pytest.approx(1.0, abs=1e-3)


def test_band_noise_oscillates_with_the_asked_period():
    field = band_noise(8, (128, 128), 16.0, generator(1), width=0.1)
    power = plain_fft(field).abs().square().mean((0, 1))[0, :64]
    assert int(power.argmax()) == 8


def test_smooth_noise_is_smooth():
    field = smooth_noise(3, (61, 90), 4, generator(2))
    assert field.shape == (3, 1, 61, 90)
    step = field.diff(dim=-1).abs().max()
    assert step < 0.35 * field.std()


def test_distances_of_circle_segment_and_box_are_exact():
    y, x = torch.tensor([3.0]), torch.tensor([4.0])
    assert disc(y, x, (0.0, 0.0), 2.0) == pytest.approx(3.0)
    assert ellipse(y, x, (0.0, 0.0), (2.0, 2.0)) == pytest.approx(3.0, rel=1e-5)
    assert segment(y, x, (0.0, 0.0), (0.0, 9.0))[0] == pytest.approx(3.0)
    assert tube(y, x, [(0.0, 0.0), (0.0, 9.0)], [1.0, 1.0]) == pytest.approx(2.0)
    assert box(y, x, (0.0, 0.0), (1.0, 1.0)) == pytest.approx(math.hypot(2, 3))


def _canvas(batch=2, shape=(30, 41)):
    source = generator(5)
    return Canvas(batch, shape, 1e-3, source, ((0.0,), draw_motion(batch, source)))


def test_painting_a_window_equals_painting_everything():
    canvas = _canvas()
    distance = disc(canvas.y, canvas.x, (canvas.uniform(0, 5e-3), -0.017), 6e-3)
    value = 1 + canvas.smooth(4)
    canvas.image += 0.3
    share = enlarge(0.5 - distance / canvas.pixel).clamp(0, 1)
    expected = torch.lerp(canvas.image, enlarge(value), share)
    canvas.paint(distance, value)
    torch.testing.assert_close(canvas.image, expected)


def test_a_painted_disc_has_its_area_and_its_place():
    canvas = _canvas(1, (101, 100))
    canvas.paint(disc(canvas.y, canvas.x, (0.01, -0.02), 0.015), 1.0)
    area = float(canvas.image.sum()) * canvas.pixel**2
    assert area == pytest.approx(math.pi * 0.015**2, rel=2e-3)
    rows, columns = canvas.image.sum((0, 1, 3)), canvas.image.sum((0, 1, 2))
    middle = (rows * torch.arange(202)).sum() / rows.sum()
    assert (float(middle) - 100.5) * canvas.pixel == pytest.approx(0.01, abs=1e-5)
    middle = (columns * torch.arange(200)).sum() / columns.sum()
    assert (float(middle) - 99.5) * canvas.pixel == pytest.approx(-0.02, abs=1e-5)
