"""What tells one sampling pattern from another: densities, spacing, distances."""

import numpy as np
import pytest
import torch

from feathermr.core.seeding import generator
from feathermr.sampling import PATTERNS
from feathermr.sampling.poisson_disc import throw_darts, tuned_darts


def lines(name, size, *, frames=1, acceleration=4.0, center=1, seed=0):
    mask = PATTERNS[name](
        (1, frames, size, 3),
        acceleration=acceleration,
        center=center,
        axis=-2,
        generator=generator(seed),
    )
    return mask[0, :, 0, :, 0]


def test_kt_random_reproduces_the_published_cine_mask():
    mask = lines("kt-random", 192, frames=20, acceleration=5, center=11)
    assert mask.shape == (20, 192)
    assert (mask.sum(dim=1) == 38).all()
    assert mask[:, 91:102].all()
    assert not mask.all(dim=0)[[90, 102]].any()


def test_kt_random_follows_its_density():
    size, frames = 64, 20000
    mask = lines("kt-random", size, frames=frames, acceleration=size / 2, center=1)
    share = mask.float().mean(dim=0)
    weight = (1 - (torch.arange(size) - 32).abs() / 32) ** 2
    weight[32] = 0
    expected = weight / weight.sum()
    expected[32] = 1
    assert torch.allclose(share, expected, atol=5 * (0.05 * 0.95 / frames) ** 0.5)
    assert share[0] == 0


def test_kt_laplacian_follows_its_density():
    size, frames = 64, 20000
    mask = lines("kt-laplacian", size, frames=frames, acceleration=size / 2, center=1)
    share = mask.float().mean(dim=0)
    weight = torch.exp(-(18**0.5) * (torch.arange(size) - 32).abs() / 32)
    weight[32] = 0
    expected = weight / weight.sum()
    expected[32] = 1
    assert torch.allclose(share, expected, atol=5 * (0.06 * 0.94 / frames) ** 0.5)
    assert share[0] < 0.1 * share[31]


def test_random_lines_are_uniform_outside_the_center():
    share = torch.stack([lines("random", 20, center=2, seed=s)[0].float() for s in range(3000)])
    outside = torch.cat([share.mean(dim=0)[:9], share.mean(dim=0)[11:]])
    assert torch.allclose(outside, torch.tensor(3 / 18), atol=0.035)


def test_gaussian_lines_thin_out_by_the_normal_density():
    share = torch.stack([lines("gaussian", 61, acceleration=30, seed=s)[0] for s in range(6000)])
    counts = share.float().mean(dim=0)
    assert counts[40] / counts[31] == pytest.approx(np.exp(-0.5 * (1.0**2 - 0.1**2)), rel=0.25)
    assert counts[20] / counts[29] == pytest.approx(np.exp(-0.5 * (1.0**2 - 0.1**2)), rel=0.25)


@pytest.mark.parametrize(
    ("size", "acceleration", "center"), [(321, 4, 26), (64, 3.3, 5), (9, 2, 1)]
)
def test_equispaced_gaps_differ_by_at_most_one(size, acceleration, center):
    for seed in range(20):
        mask = lines("equispaced", size, acceleration=acceleration, center=center, seed=seed)[0]
        start = size // 2 - center // 2
        outside = torch.cat([mask[:start], mask[start + center :]])
        where = outside.nonzero()[:, 0]
        gaps = torch.cat([where.diff(), where[:1] - where[-1:] + len(outside)])
        assert gaps.max() - gaps.min() <= 1


def test_equispaced_offset_takes_every_position():
    union = torch.stack([lines("equispaced", 40, seed=s)[0] for s in range(60)]).any(dim=0)
    assert union.all()


def test_kt_equispaced_completes_k_space_in_one_period():
    mask = lines("kt-equispaced", 101, frames=8, acceleration=4, center=5)
    gap = -(-96 // (round(101 / 4) - 5))
    for first in range(8 - gap + 1):
        assert mask[first : first + gap].any(dim=0).all()
    assert not mask[: gap - 2].any(dim=0).all()


def closest_violation(radii, kept):
    rows, columns = np.divmod(np.array(kept), radii.shape[1])
    distance = np.hypot(rows[:, None] - rows, columns[:, None] - columns)
    allowed = np.minimum(radii[rows, columns][:, None], radii[rows, columns])
    np.fill_diagonal(distance, np.inf)
    return (distance - allowed).min()


@pytest.fixture
def radii():
    rows, columns = np.mgrid[-15:16, -20:21]
    return 1.2 + 0.21 * np.hypot(rows, columns)


@pytest.fixture
def order(radii):
    return np.random.default_rng(3).permutation(radii.size)


def test_darts_keep_their_distance_and_leave_no_room(radii, order):
    kept = throw_darts(radii, order)
    assert closest_violation(radii, kept) >= 0
    rows, columns = np.divmod(np.array(kept), radii.shape[1])
    every_row, every_column = np.divmod(np.arange(radii.size), radii.shape[1])
    distance = np.hypot(every_row[:, None] - rows, every_column[:, None] - columns)
    assert (distance < radii.ravel()[kept]).any(axis=1).all()


def test_darts_at_distance_one_fill_the_grid(order):
    assert sorted(throw_darts(np.ones((31, 41)), order)) == list(range(31 * 41))


def test_tuned_darts_are_exact_and_keep_a_distance_near_the_jamming_one(radii, order):
    wanted = 130
    kept = tuned_darts(radii, order, wanted)
    assert len(set(kept)) == wanted
    factors = np.linspace(0.1, 2, 400)
    held = max(f for f in factors if closest_violation(f * radii, kept) >= 0)
    assert len(throw_darts(held * radii, order)) == pytest.approx(wanted, rel=0.12)


def test_poisson_samples_keep_apart_far_from_the_center():
    shape = (1, 1, 121, 150)
    request = {"acceleration": 10, "center": 12, "axis": -2}
    poisson = PATTERNS["poisson"](shape, **request, generator=generator(5))[0, 0, 0]
    gaussian = PATTERNS["gaussian-2d"](shape, **request, generator=generator(5))[0, 0, 0]

    def touching(mask):
        edge = mask[:30]
        return int((edge[1:] & edge[:-1]).sum() + (edge[:, 1:] & edge[:, :-1]).sum())

    assert touching(poisson) == 0
    assert touching(gaussian) > 0


def test_poisson_thins_out_towards_the_edges():
    mask = PATTERNS["poisson"](
        (1, 1, 160, 160), acceleration=8, center=4, axis=-1, generator=generator(2)
    )[0, 0, 0].float()
    near, middle, far = mask[70:90, 70:90].mean(), mask[45:115, 45:115].mean(), mask[:12].mean()
    assert near > 2 * middle * 0.8
    assert middle > 2 * far
