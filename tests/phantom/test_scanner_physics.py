"""The phase and the flaws of a scanner: each part by itself, by law and by value."""

import math

import pytest
import torch

from feathermr.core.fft import fft, ifft
from feathermr.core.seeding import generator
from feathermr.phantom import (
    k_window,
    scanner_phase,
    scanner_signal,
    scene,
    shading,
    with_ghosts,
    with_spike,
)
from feathermr.phantom.chemical_shift import share_above, tissue_phase, vessel_phase, with_fat
from feathermr.phantom.off_resonance import blurred, dipole_field
from feathermr.phantom.scanner_signal import CORNER, _outskirts


def disc(height: int = 90, width: int = 110, radius: float = 30.0) -> torch.Tensor:
    """A bright disc with a ring twice as bright (1, 1, y, x)."""
    y, x = torch.arange(height) - height // 2, torch.arange(width) - width // 2
    far = torch.hypot(y[:, None].float(), x[None, :].float())
    return ((far < radius).float() + (far < radius).float() * (far > radius - 8))[None, None]


def test_the_phase_has_modulus_one_and_follows_its_generator() -> None:
    body = scene("abdomen", 2, (40, 33), generator(1))
    phase = scanner_phase(body, generator(2))
    torch.testing.assert_close(phase.abs(), torch.ones_like(body))
    torch.testing.assert_close(phase, scanner_phase(body, generator(2)), rtol=0, atol=0)
    assert (phase - scanner_phase(body, generator(3))).abs().max() > 0.1


def test_most_bodies_have_steep_phase_and_some_have_none() -> None:
    body = disc()
    inside = body[0, 0] > 0
    spreads = []
    for seed in range(60):
        phase = scanner_phase(body, generator(seed))[0, 0][inside]
        spreads.append(1 - float(phase.mean().abs()))
    assert sum(spread < 1e-4 for spread in spreads) in range(1, 15)
    assert sum(spread > 0.1 for spread in spreads) > 30


def test_fat_out_of_phase_cancels_water_only_where_both_are() -> None:
    body = disc()
    for seed in range(30):
        signal = with_fat(body, generator(seed))
        assert signal.shape == body.shape
        # what fat takes from water, or adds to it, is at most the whole of both
        assert float(signal.abs().max()) <= 2 * float(body.max()) + 1e-4
    total = torch.stack([with_fat(body, generator(seed)).abs().sum() for seed in range(40)])
    assert float(total.min()) < 0.98 * float(body.sum()) < float(total.max()) + 1e-2


def test_a_share_of_fat_is_between_zero_and_one_and_constant_in_one_tissue() -> None:
    for seed in range(20):
        share = share_above(disc(), generator(seed))
        assert float(share.min()) >= 0
        assert float(share.max()) <= 1
        middle = share[0, 0, 40:50, 50:60]
        assert float(middle.max() - middle.min()) < 1e-6


@pytest.mark.parametrize("flaw", ["soft rim", "grain"])
def test_a_share_of_fat_follows_neither_grain_nor_a_rim_beside_air(flaw: str) -> None:
    """A body of one tissue is all fat or all water, so the share at a pixel is the middle's."""
    body = disc(120, 120, 40.0).clamp_max(1)
    if flaw == "grain":
        body = body * (1 + 0.08 * torch.randn(body.shape, generator=generator(1)))
    else:
        body = blurred(body, 3)
    wrong = []
    for seed in range(60):
        share = share_above(body, generator(seed))
        off = (share - share[..., 40:80, 40:80].mean()).abs()
        wrong.append(float((body * off).sum() / body.sum()))
    assert sum(wrong) / 60 < 0.012


def test_displaced_fat_stays_on_its_side_of_the_picture() -> None:
    body = torch.zeros(1, 1, 48, 48)
    body[..., 20:30, 30:] = 1
    for seed in range(30):
        assert float(with_fat(body, generator(seed))[..., :20].abs().max()) < 1e-6


def test_what_a_shim_leaves_is_flat_in_the_middle_and_steep_in_the_corners() -> None:
    for seed in range(10):
        angle = _outskirts(1, (64, 80), generator(seed))[0, 0]
        steps = angle.diff(dim=-1).abs()
        assert float(angle.abs().max()) <= 2 * math.pi * CORNER * 1.3**4
        assert float(steps[30:34, 38:42].mean()) < 0.1 * float(steps.max())


def test_tissue_and_vessels_turn_by_no_more_than_they_say() -> None:
    for seed in range(20):
        assert float(tissue_phase(disc(), generator(seed)).abs().max()) <= math.pi
        assert float(vessel_phase(disc(), generator(seed)).min()) >= 0


def test_the_field_is_steep_beside_air_and_flat_within() -> None:
    """Far from all air the second differences of a field of distant sources are small."""
    field = dipole_field(disc(128, 128, 50.0), generator(5))[0, 0]
    laplacian = (field[2:, 1:-1] + field[:-2, 1:-1] + field[1:-1, 2:] + field[1:-1, :-2]) - (
        4 * field[1:-1, 1:-1]
    )
    y = torch.arange(126) - 63
    far = torch.hypot(y[:, None].float(), y[None, :].float())
    inside, rim = laplacian[far < 25].abs().mean(), laplacian[(far - 50).abs() < 4].abs().mean()
    assert float(rim) > 20 * float(inside)


def test_the_frames_of_a_film_share_their_phase_where_nothing_moves() -> None:
    still = disc().expand(1, 3, -1, -1)
    signal = scanner_signal(still, generator(4))
    torch.testing.assert_close(signal[:, 0], signal[:, 2])


def test_shading_is_positive_and_brighter_at_a_rim() -> None:
    factors = torch.cat([shading(1, (40, 30), generator(seed)) for seed in range(40)])
    assert float(factors.min()) > 0
    assert float(factors.amax((-2, -1)).max() / factors.amin((-2, -1)).min()) > 3
    plain = (factors.amax((-2, -1)) - factors.amin((-2, -1))) < 1e-6
    assert bool(plain.any())


def test_a_window_keeps_the_center_of_k_space() -> None:
    windows = [k_window((48, 37), generator(seed)) for seed in range(60)]
    found = [one for one in windows if one is not None]
    assert 15 < len(found) < 42
    for window in found:
        assert window.shape == (48, 37)
        assert float(window[24, 18]) == 1
        assert float(window.min()) >= 0
        assert float(window.max()) <= 1
    assert any(float(window[0, 18]) == 0 for window in found)


@pytest.mark.parametrize("axis", [-1, -2])
def test_ghosts_are_rare_and_repeat_an_object_along_the_lines(axis: int) -> None:
    image = torch.zeros(1, 1, 1, 64, 64, dtype=torch.complex64)
    image[..., 32, 32] = 1
    kspace = fft(image)
    ghosted = [ifft(with_ghosts(kspace, axis, generator(seed))) for seed in range(200)]
    changed = [one for one in ghosted if not torch.equal(one, ifft(kspace))]
    assert 2 <= len(changed) <= 25
    for one in changed:
        off = one[0, 0, 0].clone()
        off.select(0 if axis == -1 else 1, 32).zero_()
        assert float(off.abs().max()) < 1e-5


def test_a_spike_is_one_sample() -> None:
    kspace = torch.randn(1, 1, 3, 20, 24, dtype=torch.complex64, generator=generator(0))
    spiked = [with_spike(kspace, generator(seed)) for seed in range(200)]
    changed = [one for one in spiked if not torch.equal(one, kspace)]
    assert 1 <= len(changed) <= 20
    for one in changed:
        assert int((one != kspace).any(2).sum()) == 1
