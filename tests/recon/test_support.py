"""How far held-out samples support an image: values in closed form, and what is said of them."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

import synthetic
from feathermr.core.seeding import generator
from feathermr.recon.held_out import parted
from feathermr.recon.mixing import places_apart
from feathermr.recon.preview import preview
from feathermr.recon.problem import Problem, pose
from feathermr.recon.support import EXPECTED, Support, sentence, supports


def posed(frames: int = 1, coils: int = 3, *, keep: float = 0.4) -> tuple[Problem, Tensor]:
    """A problem without noise, whose samples are exactly those of the true image."""
    complete = synthetic.scan(1, frames, coils, (64, 50), dtype=torch.complex128)
    assert complete.reference is not None
    scan = synthetic.accelerated(complete, keep=keep, center=8)
    problem = pose(scan)
    truth = complete.reference / problem.scale * problem.shading
    return problem, truth


def unseen(problem: Problem, together: bool = False) -> Problem:
    scan = problem.acquisition
    apart = places_apart(scan.mask, scan.n_frames, scan.shape, together)
    return parted(problem, apart)[1]


def wrong(truth: Tensor, by: float = 0.3, seed: int = 0) -> Tensor:
    noise = torch.randn(truth.shape, dtype=truth.dtype, generator=generator(seed, "wrong"))
    return truth + by * noise


def test_an_image_that_is_the_truth_is_supported_fully() -> None:
    problem, truth = posed()
    (found,) = supports(unseen(problem), wrong(truth), truth, together=False)
    assert found.share == pytest.approx(1, abs=1e-6)
    assert found.errors is not None
    assert found.errors[1] < 1e-6 < found.errors[0]


def test_an_image_that_is_wrong_is_not_supported() -> None:
    problem, truth = posed()
    (found,) = supports(unseen(problem), truth, wrong(truth), together=False)
    assert found.share == pytest.approx(0, abs=1e-6)
    assert found.places >= 1


def test_the_share_is_the_minimum_of_the_error_and_is_shrunk_when_in_doubt() -> None:
    problem, truth = posed()
    held = unseen(problem)
    error = wrong(truth) - truth
    # 0.7 of the way lies the truth, with nothing left: no doubt, no shrinking
    (exact,) = supports(held, truth - 0.7 * error, truth + 0.3 * error, together=False)
    assert exact.share == pytest.approx(0.7, abs=1e-6)
    first, second = wrong(truth, seed=1), wrong(truth, 0.2, seed=2)
    (found,) = supports(held, first, second, together=False)
    kspace = held.acquisition.kspace
    y = (torch.arange(64, dtype=torch.float64) - 32) / 64
    x = (torch.arange(50, dtype=torch.float64) - 25) / 50
    weight = (y[:, None].square() + x.square()).sqrt()
    tries = torch.linspace(0, 1, 1001, dtype=torch.float64)
    energies = torch.stack(
        [
            ((held.encoding((1 - s) * first + s * second) - kspace).abs().square() * weight).sum()
            for s in tries
        ]
    )
    best = float(tries[energies.argmin()])
    assert EXPECTED < found.share < best  # between what is expected and what is measured
    assert found.errors is not None
    energy = (kspace.abs().square() * weight).sum()
    assert found.errors[0] == pytest.approx(float((energies[0] / energy).sqrt()), rel=1e-9)
    assert found.errors[1] == pytest.approx(float((energies[-1] / energy).sqrt()), rel=1e-9)


def test_the_more_samples_the_less_is_shrunk() -> None:
    problem, truth = posed(12)
    first, second = wrong(truth, seed=1), wrong(truth, 0.1, seed=2)
    alone = supports(unseen(problem), first, second, together=False)
    film = supports(unseen(problem, together=True), first, second, together=True)
    assert len(alone) == len(film) == 12
    assert len({each.share for each in film}) == 1
    assert film[0].places > max(each.places for each in alone)
    assert film[0].share > sum(each.share for each in alone) / 12


def test_two_images_that_agree_and_samples_of_nothing_leave_what_is_expected() -> None:
    problem, truth = posed()
    held = unseen(problem)
    assert supports(held, truth, truth, together=False)[0].share == pytest.approx(EXPECTED)
    nothing = replace(
        held, acquisition=replace(held.acquisition, kspace=0 * held.acquisition.kspace)
    )
    assert supports(nothing, truth, wrong(truth), together=False) == [Support()]


@pytest.mark.parametrize("along", [-2, -1])
def test_a_preview_keeps_lines_units_and_the_truth(along: int) -> None:
    complete = synthetic.scan(1, 2, 3, (64, 300), dtype=torch.complex128)
    scan = synthetic.accelerated(complete, keep=0.4, center=8)
    if along == -1:
        assert scan.coil_maps is not None
        scan = replace(
            scan,
            kspace=scan.kspace.mT,
            mask=scan.mask.mT,
            coil_maps=scan.coil_maps.mT,
            reference=None,
            header=replace(scan.header, phase_axis=-1),
        )
    problem = pose(scan)
    small = preview(problem, 0.4, 96)
    readout = -3 - along
    assert small.acquisition.kspace.shape[along] == 64
    assert small.acquisition.kspace.shape[readout] == 120
    before = problem.encoding.H(problem.acquisition.kspace).abs()
    after = small.encoding.H(small.acquisition.kspace).abs()
    assert float(after.quantile(0.95)) == pytest.approx(float(before.quantile(0.95)), rel=0.1)
    assert small.noise < problem.noise


def test_a_small_scan_is_its_own_preview_and_points_lose_the_outer_ones() -> None:
    problem, _ = posed()
    same = preview(problem, 0.4, 96).acquisition
    assert torch.equal(same.kspace, problem.acquisition.kspace)
    points = torch.rand(1, 1, 1, 200, 150, generator=generator(0, "points")) < 0.3
    points[..., 94:106, 69:81] = True
    complete = synthetic.scan(1, 1, 2, (200, 150), known_maps=False)
    scan = replace(complete, kspace=complete.kspace * points, mask=points, reference=None)
    small = preview(pose(scan), 0.4, 96).acquisition
    assert small.shape == (126, 96)
    assert bool(small.mask[..., 63 - 6 : 63 + 6, 48 - 6 : 48 + 6].all())
    assert not bool((small.kspace * ~small.mask).any())


def test_what_is_said() -> None:
    some = Support(0.6, (0.23, 0.21), 8)
    said = sentence("tv", "net", [some])
    assert said == (
        "this scan supports net by 60 %, the rest is tv (error of 8 lines or points held out: "
        "0.210 net, 0.230 tv)"
    )
    assert "supports net fully" in sentence("tv", "net", [replace(some, share=1.0)])
    assert "does not support net: the image is that of tv" in sentence(
        "tv", "net", [replace(some, share=0.0)]
    )
    several = sentence("tv", "net", [replace(some, share=s) for s in (0.1, 0.3, 0.9)])
    assert "supports net by 10 to 90 % (median 30 %)" in several
    assert "too little was sampled" in sentence("tv", "net", [Support(), Support()])
