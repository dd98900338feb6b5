"""Jobs through a worker's engine, and through the memory that it shares, without a server."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from feathermr.acquisition import Acquisition, Header
from feathermr.acquisition.header_text import header_to_text
from feathermr.deploy.server.engine import Engine
from feathermr.deploy.server.jobs import (
    PREFIX,
    Answer,
    Arrays,
    Failure,
    Job,
    SharedMemory,
    answer_from_line,
    answer_to_line,
    job_from_line,
    job_to_line,
)
from feathermr.recon import reconstruct
from synthetic import accelerated, nmse, scan


def job(
    method: str, given: Acquisition, calibrate: bool = False, maps: Arrays | None = None
) -> Job:
    mask = given.mask.expand(1, given.n_frames, 1, *given.shape)
    arrays = {"kspace": given.kspace[0].numpy(), "mask": mask[0, :, 0].numpy(), **(maps or {})}
    return Job(method, "", "fp32", header_to_text(Header()), calibrate, False, arrays)


def answered(engine: Engine, asked: Job) -> Answer:
    answer = engine(asked)
    assert isinstance(answer, Answer), answer
    return answer


def image(answer: Answer) -> torch.Tensor:
    return torch.from_numpy(answer.arrays["image"].copy())[None]


@pytest.mark.parametrize("method", ["tv", "zero-filled", "kronecker-cascade"])
def test_a_job_gives_what_the_method_gives_again_and_again(method: str) -> None:
    given = accelerated(scan(1, 1, 3, (40, 32), known_maps=False), center=12)
    engine = Engine()
    for _ in range(2):
        answer = answered(engine, job(method, given))
        assert nmse(image(answer), reconstruct(given, method).image) < 1e-10
        assert answer.method == method


def test_the_method_that_suits_is_taken_when_none_is_named() -> None:
    engine, complete = Engine(), scan(1, 1, 3, (40, 32), known_maps=False)
    assert answered(engine, job("auto", complete)).method == "zero-filled"
    sparse = accelerated(complete, center=12)
    assert answered(engine, job("auto", sparse)).method == "kronecker-cascade"


@pytest.mark.parametrize("coils", [3, 14])
def test_coil_maps_of_one_job_serve_the_next(coils: int) -> None:
    film = accelerated(scan(1, 2, coils, (40, 32), known_maps=False), center=14)
    engine = Engine()
    first = answered(engine, job("cg-sense", film, calibrate=True))
    maps = {name: array for name, array in first.arrays.items() if name != "image"}
    assert maps["maps"].shape == (min(coils, 12), 40, 32)
    assert ("mixing" in maps) == (coils > 12)
    second = answered(engine, job("cg-sense", film, maps=maps))
    assert set(second.arrays) == {"image"}
    assert nmse(image(second), image(first)) < 1e-10
    assert film.reference is not None
    assert nmse(image(second).abs(), film.reference.abs()) < 0.02


def test_a_part_of_a_film_is_not_taken_for_a_cycle() -> None:
    film = accelerated(scan(1, 6, 1, (40, 32)), center=12)
    part = replace(job("view-sharing", film), partial=True)
    expected = reconstruct(film, "view-sharing", {"cyclic": False}).image
    assert nmse(image(answered(Engine(), part)), expected) < 1e-10
    assert nmse(expected, reconstruct(film, "view-sharing").image) > 1e-4


def test_a_job_that_fails_says_why_and_the_engine_goes_on() -> None:
    given = accelerated(scan(1, 1, 3, (40, 32), known_maps=False), center=12)
    engine = Engine()
    failure = engine(job("kronecker-cine", given))
    assert isinstance(failure, Failure)
    assert failure.expected
    assert "needs a time series" in failure.sentence
    broken = job("tv", given, maps={"maps": np.zeros((2, 2), np.complex64)})
    assert isinstance(engine(broken), Failure)
    answered(engine, job("tv", given))


def test_jobs_and_answers_go_through_the_shared_memory_unchanged() -> None:
    ours = SharedMemory()
    theirs = SharedMemory(ours.descriptor)
    given = accelerated(scan(1, 1, 3, (40, 32), known_maps=False), center=12)
    for size in (3, 200, 5):  # it grows, and is used again
        extra = np.arange(size * 1000, dtype=np.float64).reshape(size, 1000)
        sent = job("tv", given, maps={"mixing": extra, "none": np.zeros((0, 3), np.uint8)})
        came = job_from_line(job_to_line(sent, ours)[PREFIX:], theirs)
        assert came.arrays.keys() == sent.arrays.keys()
        assert all(np.array_equal(came.arrays[name], sent.arrays[name]) for name in sent.arrays)
        assert (came.method, came.calibrate, came.header) == ("tv", False, sent.header)
        answer = Answer("tv", "1", 2.0, 0.1, "", {"weight": 1.0}, ("a", "b"), {"image": extra})
        back = answer_from_line(answer_to_line(answer, theirs)[PREFIX:], ours)
        assert isinstance(back, Answer)
        assert np.array_equal(back.arrays["image"], extra)
        assert (back.notes, back.settings) == (("a", "b"), {"weight": 1.0})
    ours.close()
    ours.close()
    failure = Failure("a reason", expected=True)
    assert answer_from_line(answer_to_line(failure, theirs)[PREFIX:], theirs) == failure
