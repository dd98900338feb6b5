"""Moving objects: what moves and what stands still, one beat or a stretch of time."""

import importlib

import pytest
import torch
from torch import Tensor

import laws
from feathermr.core.seeding import generator
from feathermr.phantom import ANATOMIES, Between, draw_motion, film
from feathermr.phantom.film import deformed

#: the module, which the function of the same name hides
MODULE = importlib.import_module("feathermr.phantom.film")
SHAPE = (32, 38)
SIZE = (64, 76)


def drawn(anatomy: str, frames: int, seed: int = 3) -> Tensor:
    return film(anatomy, SHAPE, frames, generator(seed, "film"))


@pytest.fixture
def gated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every film is one beat with the breath held."""
    monkeypatch.setattr(MODULE, "GATED", 1.0)
    monkeypatch.setattr(MODULE, "HELD", 1.0)


@pytest.mark.parametrize("anatomy", ANATOMIES)
def test_every_object_moves_and_stays_real_and_non_negative(anatomy: str) -> None:
    frames = drawn(anatomy, 5)
    assert frames.shape == (1, 5, *SIZE)
    assert frames.dtype == torch.float32
    assert bool(torch.isfinite(frames).all())
    assert float(frames.min()) >= 0
    assert float(frames.diff(dim=1).abs().mean()) > 1e-3 * float(frames.mean())


@pytest.mark.parametrize("anatomy", ["heart", "abdomen"])
def test_the_same_generator_gives_the_same_film_and_another_another(anatomy: str) -> None:
    assert torch.equal(drawn(anatomy, 3), drawn(anatomy, 3))
    assert not torch.allclose(drawn(anatomy, 3), drawn(anatomy, 3, seed=4), atol=0.1)


@pytest.mark.usefixtures("gated")
@pytest.mark.parametrize("anatomy", ["heart", "texture"])
def test_after_gating_more_frames_are_finer_steps_of_the_same_beat(anatomy: str) -> None:
    laws.assert_equal(drawn(anatomy, 6)[:, ::2], drawn(anatomy, 3), 1e-4)


@pytest.mark.usefixtures("gated")
@pytest.mark.parametrize("anatomy", ["heart", "texture"])
def test_the_last_frame_of_a_beat_leads_back_to_the_first(anatomy: str) -> None:
    frames = drawn(anatomy, 24)[0]
    steps = (frames.roll(-1, 0) - frames).flatten(1).norm(dim=1)
    assert float(steps[-1]) <= 1.01 * float(steps[:-1].max())
    assert float(steps[:-1].max()) < 0.6 * float((frames - frames[:1]).flatten(1).norm(dim=1).max())


@pytest.mark.parametrize("anatomy", ["heart", "texture"])
def test_in_real_time_more_frames_are_a_longer_stretch(
    anatomy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MODULE, "GATED", 0.0)
    laws.assert_equal(drawn(anatomy, 6)[:, :3], drawn(anatomy, 3), 1e-3)


@pytest.mark.parametrize("cyclic", [True, False])
@pytest.mark.parametrize("anatomy", ["heart", "texture"])
def test_what_lies_between_frames_is_of_the_same_motion(anatomy: str, cyclic: bool) -> None:
    between = Between((0.0, 1.0, 1.5, 2.0, 3.0), cyclic)
    frames = film(anatomy, SHAPE, 3, generator(5, "film"), between)
    assert frames.shape == (1, 8, *SIZE)
    own, asked = frames[:, :3], frames[:, 3:]
    laws.assert_equal(asked[:, [0, 1, 3]], own, 1e-5)
    assert (asked[:, 2] - own[:, 1]).norm() > 1e-3 * own[:, 1].norm()
    later = (asked[:, 4] - own[:, 0]).norm() / own[:, 0].norm()
    assert float(later) < 1e-3 if cyclic else float(later) > 1e-3


@pytest.mark.parametrize("breathing", [0.0, 1.0])
def test_a_beat_later_all_is_as_before_unless_the_body_breathes(breathing: float) -> None:
    motion = draw_motion(1, generator(0), breathing=breathing)
    moments = torch.tensor([0.2, 0.55]) * float(motion.period)
    times = torch.cat([moments, moments + float(motion.period)])
    body = torch.rand(1, 1, *SIZE, generator=generator(1))
    frames = deformed(body, motion, times, generator(2))
    again = (frames[:, 2:] - frames[:, :2]).norm() / frames[:, :2].norm()
    assert (frames[:, 0] - frames[:, 1]).norm() > 0.02 * frames[:, 0].norm()
    assert float(again) > 0.02 if breathing else float(again) < 1e-3


@pytest.mark.parametrize("seed", range(4))
def test_only_a_round_region_moves(seed: int) -> None:
    motion = draw_motion(1, generator(seed))
    times = torch.linspace(0, 1, 7)
    even = deformed(torch.ones(1, 1, *SIZE), motion, times, generator(seed, "place"))
    region = 1 - even.amin((0, 1))  # what the contraction dims
    region = region / region.max()
    body = torch.rand(1, 1, *SIZE, generator=generator(seed, "body"))
    frames = deformed(body, motion, times, generator(seed, "place"))
    change = (frames - body).abs().amax((0, 1))
    still = region < 1e-5
    assert 0.05 < float(still.float().mean()) < 0.99
    assert float(change[still].max()) < 2e-3
    assert float(change[region > 0.5].mean()) > 0.02
