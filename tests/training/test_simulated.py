"""Simulated examples: repeatable, never twice the same, posed as a reconstruction poses them."""

from dataclasses import replace

import pytest
import torch

import laws
from feathermr.acquisition import Acquisition
from feathermr.core.errors import UsageError
from feathermr.recon.problem import pose
from feathermr.sampling import PATTERNS
from feathermr.training.example import Example
from feathermr.training.simulated import SimulatedConfig, SimulatedExamples

SMALL = SimulatedConfig(sizes=(48, 64), coils=(1, 3), accelerations=(2.0, 4.0))
MOVING = {name for name in PATTERNS if name.startswith("kt-")}
#: films, of strips or whole
FILMS = SimulatedConfig(
    anatomies={"heart": 0.5, "texture": 0.5},
    sizes=(32, 40),
    frames=(3, 5),
    coils=(1, 3),
    estimated=0.0,
    patterns={"kt-random": 1.0},
    accelerations=(2.0, 4.0),
)


def fields(example: Example) -> tuple[torch.Tensor, ...]:
    return example.kspace, example.mask, example.coil_maps, example.target


def test_the_same_index_gives_the_same_bits_and_another_index_another_example() -> None:
    one, two = SimulatedExamples(SMALL, 4), SimulatedExamples(SMALL, 4)
    for first, second in zip(fields(one[7]), fields(two[7]), strict=True):
        assert torch.equal(first, second)
    masks = [one[index].mask.expand_as(one[index].kspace).sum() for index in range(6)]
    assert len({(int(each), one[index].kspace.shape) for index, each in enumerate(masks)}) > 3


def test_splits_and_seeds_show_other_objects() -> None:
    fixed = SimulatedConfig(sizes=(48, 48), coils=(1,), batch=1)
    targets = [
        SimulatedExamples(fixed, seed, split)[0].target.abs()
        for seed, split in ((0, "train"), (0, "validation"), (1, "train"))
    ]
    for first, second in ((0, 1), (0, 2), (1, 2)):
        assert not torch.allclose(targets[first], targets[second], atol=0.1)


def test_samples_are_zero_where_nothing_was_sampled_and_bright_tissue_is_about_one() -> None:
    examples = SimulatedExamples(SMALL, 0)
    for index in range(8):
        example = examples[index]
        assert bool((example.kspace[~example.mask.expand_as(example.kspace)] == 0).all())
        assert example.target.shape == example.encoding.domain == example.kspace[:, :, 0].shape
        assert 0.7 < float(example.target.abs().amax()) < 4
        assert 1.5 < example.mask.numel() / int(example.mask.sum()) < 4.5


def test_the_target_is_what_complete_samples_without_noise_give() -> None:
    config = SimulatedConfig(
        sizes=(48, 48), coils=(3,), estimated=0.0, snr=(1e6, 1e6), accelerations=(1.0, 1.0), batch=1
    )
    example = SimulatedExamples(config, 0)[0]
    laws.assert_equal(example.encoding.H(example.kspace), example.target, 1e-3)


def test_a_reconstruction_poses_the_same_problem() -> None:
    config = SimulatedConfig(sizes=(48, 64), coils=(4,), estimated=1.0, batch=1)
    example = SimulatedExamples(config, 2)[1]
    posed = pose(Acquisition(kspace=example.kspace * 17, mask=example.mask)).acquisition
    laws.assert_equal(posed.kspace, example.kspace, 1e-3)
    assert posed.coil_maps is not None
    laws.assert_equal(posed.coil_maps, example.coil_maps, 1e-3)


def test_a_finite_number_of_cases_comes_again_with_other_masks() -> None:
    config = SimulatedConfig(sizes=(48, 48), coils=(1,), cases=3, batch=1, snr=(50.0, 50.0))
    examples = SimulatedExamples(config, 0)
    first, again, other = (examples[index] for index in (0, 3, 1))

    def alike(one: torch.Tensor, two: torch.Tensor) -> float:
        """Correlation of magnitudes; phase, shading and noise are drawn anew for each scan."""
        pair = torch.stack([one.abs().flatten(), two.abs().flatten()])
        return float(torch.corrcoef(pair)[0, 1])

    assert not torch.equal(first.mask, again.mask)
    assert alike(first.target, again.target) > 0.9
    assert alike(first.target, other.target) < 0.7


@pytest.mark.parametrize("pattern", sorted(set(PATTERNS) - MOVING))
@pytest.mark.parametrize("coils", [1, 4])
def test_every_pattern_can_be_drawn_at_every_acceleration(pattern: str, coils: int) -> None:
    config = SimulatedConfig(
        sizes=(48, 72), coils=(coils,), patterns={pattern: 1.0}, accelerations=(2.0, 9.0), batch=1
    )
    examples = SimulatedExamples(config, 1)
    for index in range(6):
        assert torch.isfinite(torch.view_as_real(examples[index].target)).all()


def test_a_film_has_its_own_lines_in_every_frame_and_moves() -> None:
    examples = SimulatedExamples(FILMS, 0)
    counts = set()
    for index in range(4):
        example = examples[index]
        slices, frames, _, height, width = example.kspace.shape
        assert slices == FILMS.batch
        assert example.target.shape == (slices, frames, height, width)
        assert example.target.diff(dim=1).abs().amax((-2, -1)).min() > 0.01
        lines = example.mask.expand_as(example.kspace)
        assert bool((lines[:, 1:] != lines[:, :-1]).flatten(2).any(2).all())
        assert bool((lines[0] != lines[1]).any())
        assert bool((example.kspace[~lines] == 0).all())
        counts.add(frames)
    assert counts <= {3, 4, 5}
    assert len(counts) > 1


@pytest.mark.parametrize("pattern", sorted(MOVING))
@pytest.mark.parametrize("strip", [0, 16])
def test_every_pattern_of_films_can_be_drawn(pattern: str, strip: int) -> None:
    config = replace(
        FILMS, patterns={pattern: 1.0}, strip=strip, accelerations=(4.0, 12.0), batch=1
    )
    for index in range(2):
        example = SimulatedExamples(config, 1)[index]
        assert torch.isfinite(torch.view_as_real(example.target)).all()
        assert 0 < int(example.mask.sum()) < example.mask.numel()


@pytest.mark.parametrize("index", [0, 1, 2])
def test_a_strip_is_cut_from_the_image_along_the_readout(index: int) -> None:
    config = replace(
        FILMS, sizes=(40, 40), coils=(3,), accelerations=(1.0, 1.0), snr=(1e6, 1e6), batch=1
    )
    narrow = SimulatedExamples(replace(config, strip=16), 4)[index]
    laws.assert_equal(narrow.encoding.H(narrow.kspace), narrow.target, 1e-3)
    image, strip = SimulatedExamples(config, 4)[index].target, narrow.target
    readout = -1 if strip.shape[-1] == 16 else -2
    assert sorted(strip.shape[-2:]) == [16, 40]
    places = [image.narrow(readout, first, 16) for first in range(25)]
    errors = [float((one / one.norm() - strip / strip.norm()).norm()) for one in places]
    assert min(errors) < 1e-3


def test_a_strip_skips_lines_along_its_long_side_alone() -> None:
    examples = SimulatedExamples(replace(FILMS, strip=16, batch=1), 2)
    sides = set()
    for index in range(8):
        example = examples[index]
        short = -1 if example.kspace.shape[-1] == 16 else -2
        assert example.kspace.shape[short] == 16
        assert example.encoding.mask.shape[short] == 1
        lines = example.encoding.mask.sum((-2, -1))
        assert int(lines.max()) < example.kspace.shape[-3 - short] // 1.5
        sides.add(short)
    assert sides == {-1, -2}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"anatomies": {"brian": 1.0}}, "did you mean 'brain'"),
        ({"patterns": {"randm": 1.0}}, "did you mean 'random'"),
        ({"sizes": (8, 64)}, "sizes"),
        ({"frames": (0, 4)}, "frames"),
        ({"frames": (8, 4)}, "frames"),
        ({"strip": 12}, "strip"),
        ({"accelerations": (0.5, 4.0)}, "accelerations"),
        ({"snr": (0.0, 10.0)}, "snr"),
        ({"batch": 0}, "batch"),
    ],
)
def test_what_cannot_be_drawn_is_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        SimulatedConfig(**settings)  # type: ignore[arg-type]


def test_there_is_an_end_where_one_was_asked_for() -> None:
    examples = SimulatedExamples(SMALL, 0, "validation", 2)
    assert len(examples) == 2
    with pytest.raises(IndexError):
        examples[2]
