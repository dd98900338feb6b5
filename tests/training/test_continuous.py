"""Examples that are wanted between the acquired frames."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

import laws
from feathermr.core.errors import UsageError
from feathermr.core.seeding import generator
from feathermr.models.table import build
from feathermr.models.unrolled import Continuous
from feathermr.models.weights import load_weights
from feathermr.training.batches import to_batch, to_example
from feathermr.training.continuous import ContinuousExample, answer, draw_times
from feathermr.training.run_folder import series
from feathermr.training.simulated import SimulatedConfig, SimulatedExamples
from training.small import trained

FILMS = SimulatedConfig(
    anatomies={"heart": 0.5, "texture": 0.5},
    sizes=(32, 40),
    frames=(4, 4),
    queries=(5, 7),
    coils=(1, 3),
    patterns={"kt-laplacian": 1.0},
    accelerations=(3.0, 6.0),
    between=False,
)


TEXT = """
model: liif-rdn3d
settings: {width: 8, blocks: 1, layers: 1, growth: 4, features: 4, decoder_width: 8}
data:
  validation: 2
  simulated:
    batch: 1
    sizes: [32, 32]
    frames: [3, 3]
    queries: [4, 4]
    coils: [1]
    anatomies: {texture: 1.0}
    patterns: {kt-laplacian: 1.0}
    accelerations: [2, 2.5]
loss: {name: log-mse}
trainer: {steps: 4, validate_every: 2, checkpoint_every: 2, log_every: 2}
"""


def example(index: int, config: SimulatedConfig = FILMS) -> ContinuousExample:
    found = SimulatedExamples(config, 1)[index]
    assert isinstance(found, ContinuousExample)
    return found


def test_few_frames_are_acquired_and_more_are_wanted_of_the_same_motion() -> None:
    kinds = set()
    for index in range(9):
        one = example(index)
        count = len(one.times)
        assert one.measured.shape[:2] == (2, 4)
        assert one.target.shape == (2, count, *one.measured.shape[-2:])
        assert 5 <= count <= 7
        assert one.encoding.domain[1] == 4
        assert (one.target.diff(dim=1).abs().amax((-3, -2, -1)) > 0.02).all()
        kinds.add(one.cyclic)
    assert kinds == {True, False}


def test_what_is_wanted_at_a_frame_is_the_frame() -> None:
    exact = replace(
        FILMS, accelerations=(1.0,), snr=(1e6, 1e6), estimated=0.0, batch=1, flaws=False
    )
    for index in range(4):
        one = example(index, exact)
        frames = one.encoding.H(one.measured)
        nearest = frames[:, one.nearest]
        for time, place in zip(one.times.tolist(), range(len(one.times)), strict=True):
            error = (one.target[:, place] - nearest[:, place]).norm() / nearest[:, place].norm()
            assert error < 2e-3 + 0.8 * abs(time - round(time))


def test_the_scan_does_not_depend_on_the_number_of_times() -> None:
    still = replace(FILMS, anatomies={"texture": 1.0}, queries=(5, 5))
    first, second = (example(2, replace(still, queries=(n, n))) for n in (5, 6))
    assert torch.equal(first.measured, second.measured)
    assert torch.equal(first.acquired.mask, second.acquired.mask)


@pytest.mark.parametrize("cyclic", [True, False])
def test_times_grow_and_reach_over_the_film(cyclic: bool) -> None:
    length = 8 if cyclic else 7
    times = torch.tensor([draw_times(8, 16, generator(n), cyclic=cyclic) for n in range(50)])
    assert (times.diff() > 0).all()
    assert 0 <= float(times.min()) < 0.1
    assert length - 0.1 < float(times.max()) <= length


def test_a_batch_gives_the_example_back() -> None:
    one = example(0)
    again = to_example(to_batch(one))
    assert isinstance(again, ContinuousExample)
    assert again.cyclic == one.cyclic
    for name in ("measured", "target", "times"):
        assert torch.equal(getattr(again, name), getattr(one, name))


def test_the_answer_is_at_the_times_and_other_networks_say_that_they_have_none() -> None:
    one = example(0)
    model = build("liif-rdn3d", {"width": 4, "blocks": 1, "layers": 1, "growth": 4, "features": 4})
    assert isinstance(model, Continuous)
    with torch.no_grad():
        found = answer(model, one)
        whole = answer(model, one.acquired)
        wanted = model.at(one.measured, one.encoding, one.times, cyclic=one.cyclic)
    assert found.shape == one.target.shape
    assert whole.shape[1] == 4
    laws.assert_equal(found, wanted, 1e-5)
    with pytest.raises(UsageError, match="gives the acquired frames alone"):
        answer(build("kronecker-cine", {"width": 8, "levels": 1, "steps": 1}), one)


def test_a_training_validates_between_frames_and_ends_with_films(tmp_path: Path) -> None:
    folder = trained(tmp_path / "run", text=TEXT)
    assert len(series(folder.rows(), "validation", "psnr")) == 2
    assert len((folder.path / "scores.csv").read_text().splitlines()) == 3
    network = load_weights(folder.weights).network
    assert isinstance(network, Continuous)
    one = SimulatedExamples(replace(FILMS, frames=(3, 3), coils=(1,)), 0)[0]
    assert torch.isfinite(torch.view_as_real(answer(network, one))).all()


@pytest.mark.parametrize(
    "settings", [{"queries": (3, 2)}, {"queries": (0, 2)}, {"frames": (1, 4)}, {"queries": (-1, 2)}]
)
def test_times_that_cannot_be_are_refused(settings: dict[str, tuple[int, int]]) -> None:
    with pytest.raises(UsageError, match="queries"):
        replace(FILMS, **settings)  # type: ignore[arg-type]
