import math

import pytest
import torch

from feathermr.core.seeding import generator
from feathermr.phantom.contrast import SEQUENCES, draw_contrast, signal

INDEX = {name: torch.tensor(index) for index, name in enumerate(SEQUENCES)}


def _signal(name, repetition, echo, inversion, degrees, t1=1.0, t2=0.1, density=0.8):
    times = torch.tensor([repetition, echo, inversion], dtype=torch.float64)
    values = (
        torch.tensor(v, dtype=torch.float64) for v in (math.radians(degrees), t1, t2, density)
    )
    return float(signal(INDEX[name], times, *values))


def test_spin_echo_signal_by_value():
    expected = 0.8 * (1 - math.exp(-0.5)) * math.exp(-0.2)
    assert _signal("t1 spin echo", 0.5, 0.02, 0.0, 90) == pytest.approx(expected)


def test_inversion_recovery_nulls_at_its_inversion_time():
    null = math.log(2)
    assert _signal("flair", 100.0, 0.0, null, 90) == pytest.approx(0.0, abs=1e-12)


def test_spoiled_echo_is_brightest_at_the_ernst_angle():
    ernst = math.degrees(math.acos(math.exp(-0.01)))
    at, below, above = (_signal("spoiled echo", 0.01, 0.0, 0.0, ernst * f) for f in (1.0, 0.9, 1.1))
    assert at > below
    assert at > above


def test_balanced_signal_for_short_repetition_by_value():
    # TR << T2: sin a / ((T1 / T2)(1 - cos a) + 1 + cos a)
    angle = math.radians(50)
    expected = 0.8 * math.sin(angle) / (10 * (1 - math.cos(angle)) + 1 + math.cos(angle))
    assert _signal("balanced", 1e-5, 0.0, 0.0, 50) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(
    ("sequence", "brighter", "darker"),
    [
        ("t1 spin echo", "white matter", "gray matter"),
        ("t1 spin echo", "gray matter", "cerebrospinal fluid"),
        ("t2 spin echo", "cerebrospinal fluid", "gray matter"),
        ("t2 spin echo", "gray matter", "white matter"),
        ("flair", "gray matter", "cerebrospinal fluid"),
        ("flair", "lesion", "white matter"),
        ("inversion recovery", "white matter", "gray matter"),
        ("balanced", "blood", "myocardium"),
        ("proton density", "fluid", "meniscus"),
    ],
)
def test_tissues_are_ordered_as_in_the_textbook(sequence, brighter, darker):
    contrast = draw_contrast(200, {sequence: 1.0}, generator(0))
    assert (contrast[brighter] > contrast[darker]).float().mean() > 0.85
