"""Windows in time: they cover a film, and their borders cannot be seen."""

import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some

import laws
import synthetic
from feathermr.core.progress import silent
from feathermr.phantom import simulate
from feathermr.recon import reconstruct
from feathermr.recon.problem import Problem, pose
from feathermr.recon.windows import in_windows, windows
from feathermr.sampling import Undersampling


@given(frames=some.integers(1, 300), size=some.integers(2, 60), data=some.data())
def test_windows_cover_a_film_and_overlap(frames: int, size: int, data: some.DataObject) -> None:
    overlap = data.draw(some.integers(1, size - 1))
    parts = windows(frames, size, overlap)
    assert (parts[0].start, parts[-1].stop) == (0, frames)
    assert all(part.stop - part.start == min(size, frames) for part in parts)
    for first, second in itertools.pairwise(parts):
        assert first.stop - second.start >= overlap


def posed() -> Problem:
    return pose(synthetic.accelerated(synthetic.scan(2, 11, 1, (24, 20)), center=8))


def test_what_is_local_in_time_is_the_same_in_windows() -> None:
    problem = posed()
    whole = problem.encoding.H(problem.acquisition.kspace)

    def solve(part: Problem) -> torch.Tensor:
        return part.encoding.H(part.acquisition.kspace)

    laws.assert_equal(in_windows(problem, solve, 5, 2, silent), whole, 1e-6)


def test_a_difference_between_windows_fades_over_their_overlap() -> None:
    problem = posed()
    count = iter(range(100))

    def solve(part: Problem) -> torch.Tensor:
        return torch.full_like(part.acquisition.kspace[:, :, 0], float(next(count)))

    course = in_windows(problem, solve, 7, 3, silent)[0, :, 0, 0].real
    assert course[0] == 0
    assert course[-1] == 1
    assert float(course.diff().abs().max()) <= 0.51


@pytest.mark.parametrize("coils", [1, 4])
def test_no_seam_is_seen_in_a_film_that_is_reconstructed_in_windows(coils: int) -> None:
    complete = simulate("heart", frames=26, shape=(64, 56), coils=coils, snr=60, seed=11)
    scan = Undersampling(4, seed=2)(complete)
    assert complete.reference is not None
    truth = complete.reference.abs()
    whole = reconstruct(scan, "kronecker-cine").image.abs()
    parts = reconstruct(scan, "kronecker-cine", {"window": 14}).image.abs()
    error = [(film - truth).square().mean((0, 2, 3)).sqrt() for film in (whole, parts)]
    assert float((error[1] / error[0]).max()) < 1.2  # a window has fewer frames to learn from
    # where windows meet, neighbouring frames change no more than in the film as a whole
    steps = [film.diff(dim=1).square().mean((0, 2, 3)).sqrt() for film in (whole, parts)]
    assert float((steps[1] / steps[0]).max()) < 1.15
