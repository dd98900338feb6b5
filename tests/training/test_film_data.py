"""A file of films: what is read and refused, how it is dealt out, and what examples it makes."""

import math
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
import torch

import laws
from feathermr.core.errors import DataError, UsageError
from feathermr.core.fft import fft
from feathermr.training.example import Example
from feathermr.training.film_data import FilmConfig, FilmExamples, dealt, open_films
from feathermr.training.film_file import read_films

FRAMES, WIDTH, HEIGHT = 3, 20, 26
SMALL = FilmConfig(accelerations=(2.0,), center=4)


def films(count: int = 7, dtype: str = "float32") -> np.ndarray:
    drawn = np.random.default_rng(0).uniform(1, 200, (count, FRAMES, WIDTH, HEIGHT))
    return drawn.astype(dtype)


def written(path: Path, **arrays: np.ndarray) -> Path:
    np.savez(path / "cine.npz", **arrays)  # type: ignore[arg-type]
    return path / "cine.npz"


@pytest.mark.parametrize("dtype", ["float64", "float16", "uint8", "int32"])
def test_the_file_s_third_axis_is_x_and_its_fourth_is_y(tmp_path: Path, dtype: str) -> None:
    stored = films(dtype=dtype)
    read, subjects = read_films(written(tmp_path, dataset=stored), FRAMES)
    assert read.dtype == torch.float32
    assert read.shape == (7, FRAMES, HEIGHT, WIDTH)
    assert float(read[4, 2, 11, 5]) == np.float32(stored[4, 2, 5, 11])
    assert subjects == ()


def spoiled(value: float) -> np.ndarray:
    array = films()
    array[5, 1, 2, 3] = value
    return array


def test_a_file_that_cannot_be_used_is_one_sentence(tmp_path: Path) -> None:
    blank = films()
    blank[2] = 0
    cases = [
        ({"data": films()}, "has no array 'dataset', but: data"),
        ({"dataset": films()[0]}, r"must be \(sample, frame, x, y\), not of shape \(3, 20, 26\)"),
        ({"dataset": films()[:0]}, r"is empty: its shape is \(0, 3, 20, 26\)"),
        ({"dataset": films()[..., :9]}, "has images of 20 x 9; at least 16 x 16"),
        ({"dataset": spoiled(math.nan)}, "film 5 has values that are not finite"),
        ({"dataset": spoiled(1).astype(float) * 1e300}, "film 0 has values that are not finite"),
        ({"dataset": spoiled(-1)}, "film 5 has negative values"),
        ({"dataset": blank}, "film 2 is zero everywhere"),
        ({"dataset": films() * 1j}, "must be magnitudes, real numbers, not complex64"),
        ({"dataset": films()[:, :2]}, "films of 2 frames, the recipe 3; set data.films.frames"),
        ({"dataset": films(), "subject": np.arange(6)}, r"one subject a film, \(7,\), not \(6,\)"),
        ({"dataset": np.array([{"a": 1}])}, "is no .npz file of numbers"),
    ]
    for arrays, sentence in cases:
        with pytest.raises(DataError, match=sentence):
            read_films(written(tmp_path, **arrays), FRAMES)
    with pytest.raises(DataError, match="cannot read"):
        read_films(tmp_path / "none.npz")
    with pytest.raises(DataError, match="is a folder; give the"):
        read_films(tmp_path)
    np.save(tmp_path / "one.npy", films())
    with pytest.raises(DataError, match="is a single array"):
        read_films(tmp_path / "one.npy")
    whole = written(tmp_path, dataset=films()).read_bytes()
    for content in (b"no film", whole[:3000]):
        (tmp_path / "broken.npz").write_bytes(content)
        with pytest.raises(DataError, match=r"is no \.npz file of numbers"):
            read_films(tmp_path / "broken.npz")


def test_subjects_are_never_in_two_parts() -> None:
    subjects = [f"heart-{number // 5}" for number in range(60)]
    parts = dealt(60, subjects, (4, 1, 2), seed=0)
    assert sorted(chain(*parts)) == list(range(60))
    people = [{subjects[number] for number in part} for part in parts]
    assert [len(found) for found in people] == [7, 2, 3]
    assert not people[0] & people[1]
    assert not people[0] & people[2]
    assert not people[1] & people[2]
    assert dealt(60, subjects, (4, 1, 2), seed=0) == parts
    assert dealt(60, subjects, (4, 1, 2), seed=1) != parts


@pytest.mark.parametrize("count", [3, 7, 20, 200])
def test_films_without_subjects_are_dealt_out_in_blocks(count: int) -> None:
    places = set()
    for seed in range(8):
        parts = dealt(count, [], (4, 1, 2), seed)
        assert sorted(chain(*parts)) == list(range(count))
        for part in parts:
            assert part == list(range(part[0], part[0] + len(part)))
        places.add(parts[0][0])
    assert len(places) > 1


def test_too_few_films_or_subjects_are_refused() -> None:
    with pytest.raises(UsageError, match="use at least 3"):
        dealt(2, [], (4, 1, 2), seed=0)
    with pytest.raises(UsageError, match="use more cases"):
        dealt(9, ["a"] * 5 + ["b"] * 4, (4, 1, 2), seed=0)


def examples(endless: bool = True, **settings: object) -> FilmExamples:
    stored = torch.from_numpy(films()).transpose(-1, -2)
    config = FilmConfig(**{"accelerations": (2.0,), "center": 4, **settings})  # type: ignore[arg-type]
    return FilmExamples(stored, range(7), config, seed=3, endless=endless)


def assert_same(one: Example, other: Example) -> None:
    for name in ("kspace", "mask", "coil_maps", "target"):
        assert torch.equal(getattr(one, name), getattr(other, name))


def test_an_example_follows_from_seed_and_index() -> None:
    for endless in (True, False):
        first, again = examples(endless), examples(endless)
        again[0]
        assert_same(first[5], again[5])
    assert len(examples(endless=False, batch=3)) == 3
    assert [examples(endless=False, batch=3)[i].target.shape[0] for i in range(3)] == [3, 3, 1]
    with pytest.raises(IndexError):
        examples(endless=False)[7]


def test_every_film_comes_once_an_epoch_with_another_mask_each_time() -> None:
    source = examples()
    epochs = [[source[7 * epoch + place] for place in range(7)] for epoch in range(2)]
    stored = source.films / source.films.amax((1, 2, 3), keepdim=True)
    seen = []
    for epoch in epochs:
        found = []
        for example in epoch:
            image = example.target[0].abs()
            apart = (stored - image / image.max()).abs().amax((1, 2, 3))
            found.append(int(apart.argmin()))
            assert apart.min() < 1e-4
        assert sorted(found) == list(range(7))
        seen.append(found)
    assert seen[0] != seen[1]
    masks = {example.mask.numpy().tobytes() for epoch in epochs for example in epoch}
    assert len(masks) == 14


def test_a_film_to_validate_with_keeps_its_mask_and_phase() -> None:
    alone = FilmExamples(examples().films, [4], SMALL, seed=3, endless=False)
    assert_same(alone[0], examples(endless=False)[4])


def test_lines_are_skipped_along_y_and_what_is_not_sampled_is_zero() -> None:
    example = examples()[0]
    assert example.kspace.shape == (1, FRAMES, 1, HEIGHT, WIDTH)
    lines = example.mask[0, :, 0]
    assert torch.equal(lines, lines[..., :1].expand_as(lines))
    assert bool(lines[:, HEIGHT // 2 - 2 : HEIGHT // 2 + 2].all())
    assert lines[..., 0].sum(1).tolist() == [HEIGHT // 2] * FRAMES
    assert not torch.equal(lines[0], lines[1])
    assert not example.kspace[~example.mask.expand_as(example.kspace)].any()


def test_without_noise_the_samples_are_those_of_the_target() -> None:
    example = examples(snr=(math.inf, math.inf))[0]
    complete = fft(example.target)[:, :, None]
    expected = torch.where(example.mask, complete, torch.zeros(()))
    laws.assert_equal(example.kspace, expected, 1e-4)
    assert example.target.imag.abs().mean() > 0.1 * example.target.abs().mean()


def test_noise_has_the_ratio_that_was_asked_for() -> None:
    quiet, noisy = (examples(snr=(ratio, ratio))[0] for ratio in (math.inf, 10.0))
    scale = noisy.target.abs().max() / quiet.target.abs().max()
    difference = (noisy.kspace - quiet.kspace * scale)[noisy.mask.expand_as(noisy.kspace)]
    signal = noisy.target.abs().square().sum() / noisy.target.abs().sum()
    assert float(signal / difference.real.std()) == pytest.approx(10, rel=0.1)


@pytest.mark.parametrize("estimated", [0.0, 1.0])
def test_several_coils_make_one_target(estimated: float) -> None:
    example = examples(coils=(4,), estimated=estimated, snr=(200.0, 200.0))[0]
    assert example.kspace.shape[2] == example.coil_maps.shape[2] == 4
    assert example.target.shape == (1, FRAMES, HEIGHT, WIDTH)


def test_a_file_is_opened_with_what_a_user_has_to_know(tmp_path: Path) -> None:
    stored = films(14)
    found = open_films(written(tmp_path, dataset=stored), SMALL, seed=0)
    assert "names no subject" in found.notes[0]
    assert "8 to train, 2 to validate, 4 to test" in found.notes[0]
    assert "computed from the images that the result is compared with" in found.notes[1]
    people = np.array([f"h{number // 2}" for number in range(14)])
    known = open_films(written(tmp_path, dataset=stored, subject=people), SMALL, seed=0)
    assert known.notes[0] == "films by subject: 8 to train, 2 to validate, 4 to test"
    with pytest.raises(UsageError, match="center"):
        open_films(written(tmp_path, dataset=stored), FilmConfig(accelerations=(9.0,)), seed=0)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"patterns": {"kt-randon": 1.0}}, "did you mean 'kt-random'"),
        ({"patterns": {"kt-random": 0.0}}, "at least one sampling pattern"),
        ({"accelerations": (0.5,)}, "accelerations must be at least 1"),
        ({"parts": (4, 0, 2)}, "parts must be at least 1"),
        ({"center": 2.5}, "center is a whole number or a share"),
        ({"snr": (0.0, 1.0)}, "snr must be positive"),
        ({"coils": ()}, "coils must be at least 1"),
        ({"batch": 0}, "batch must be at least 1"),
    ],
)
def test_a_configuration_out_of_range_is_refused(wrong: dict[str, object], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        FilmConfig(**wrong)  # type: ignore[arg-type]
