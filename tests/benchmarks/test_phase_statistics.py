"""What the statistics of phase say of phases that are known."""

import math
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
import torch

from feathermr.core.seeding import generator

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(FOLDER))
    return import_module("phase_statistics")


def turned(angle: torch.Tensor) -> torch.Tensor:
    """Images (1, 60, 64): a square of 40 x 44 of magnitude one, turned by an angle."""
    image = torch.zeros(60, 64, dtype=torch.complex64)
    image[10:50, 10:54] = 1
    return (image * torch.polar(torch.ones_like(angle), angle))[None]


def test_a_ramp_turns_by_the_same_from_pixel_to_pixel(benchmark: ModuleType) -> None:
    step = 0.8
    values, deciles = benchmark.measure(turned(step * torch.arange(64).expand(60, 64) * 1.0))
    assert deciles[0] == pytest.approx(0, abs=1e-5)  # along y
    assert deciles[8] == pytest.approx(step, abs=1e-5)
    # 40 of 40 lines along x turn 43 times, 44 along y never
    assert values["turns"] == pytest.approx(43 * step / (2 * math.pi) * 40 / 84, rel=1e-4)
    assert values["wraps"] == pytest.approx(round(43 * step / (2 * math.pi)) * 40 / 84, rel=1e-4)
    assert values["steep"] == pytest.approx(100 * 40 * 43 / (40 * 43 + 39 * 44), rel=1e-4)


def test_what_is_imaginary_is_what_is_not_smooth(benchmark: ModuleType) -> None:
    smooth = turned(0.3 * torch.ones(60, 64))
    assert benchmark.imaginary(smooth, 0.03) == pytest.approx(0, abs=1e-6)
    checked = torch.where((torch.arange(60)[:, None] + torch.arange(64)) % 2 == 0, 0.4, -0.4)
    share = benchmark.imaginary(turned(checked), 0.03)
    assert share == pytest.approx(100 * math.sin(0.4) ** 2, rel=0.02)


def test_coils_count_as_they_see(benchmark: ModuleType) -> None:
    """Coils with phases of their own that see the same turn say what one of them says."""
    one = turned(0.2 * torch.arange(64).expand(60, 64) * 1.0)
    both = torch.cat([one, 0.5 * one * complex(math.cos(2), math.sin(2))])
    alone, together = (benchmark.measure(images)[0] for images in (one, both))
    assert together == pytest.approx(alone, abs=1e-4)


def test_smooth_phase_is_steep_nowhere(benchmark: ModuleType) -> None:
    phase = benchmark.smooth_phase((64, 48), generator(3))
    assert phase.shape == (1, 1, 128, 96)
    assert float((phase[..., 1:] * phase[..., :-1].conj()).angle().abs().max()) < 0.3
