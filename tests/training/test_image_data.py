"""Pictures as examples: how they are dealt out, mixed, cropped and degraded."""

import math
from collections import Counter
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import laws
from feathermr.core.errors import DataError, UsageError
from feathermr.core.fft import fft
from feathermr.operators import KERNELS, Kernel
from feathermr.recon.problem import robust_scale
from feathermr.training.example import Example, LowResolution
from feathermr.training.image_config import ImagesConfig
from feathermr.training.image_data import CRIME, GIVEN, NO_CASES, open_images, open_test_images
from feathermr.training.image_examples import ImageExamples
from feathermr.training.image_files import FoundPictures, Picture, find_pictures
from feathermr.training.image_split import dealt
from feathermr.training.lowering import plain
from feathermr.training.simulated import SimulatedExamples
from feathermr.training.sources import NO_PICTURES, as_trained, open_sources
from training.picture_folders import paint, tumours
from training.small import TEXT, small_recipe

QUIET = (math.inf, math.inf)
SMALL = ImagesConfig(test=1, validation=1, crop=32, share=0.0, batch=2)


def listed(kinds: dict[str, int], part: str = "") -> tuple[Picture, ...]:
    """Pictures of patients with two slices each."""
    return tuple(
        Picture(Path(f"{kind}-p{n // 2:02d}-s{n}.png"), f"{part}{kind}/{n}", kind)
        for kind, count in kinds.items()
        for n in range(count)
    )


def pairs_folder(root: Path, size: tuple[int, int] = (45, 53)) -> Path:
    for number, name in enumerate(("baby", "bird", "head")):
        paint(root / "HR" / f"{name}.png", number, size)
        low = size[0] // 2, -(-size[1] // 2)
        paint(root / "LR_bicubic" / "X2" / f"{name}x2.png", 10 + number, low)
    return root


def test_each_kind_is_dealt_out_by_itself_and_no_case_is_in_two_parts() -> None:
    found = FoundPictures(listed({"glioma": 20, "notumor": 30}))
    config = replace(SMALL, case=r"^(.+)-s\d+", validation=0.2, test=3)
    parts = dealt(found, config, seed=1)
    assert [Counter(one.kind for one in part) for part in parts] == [
        {"glioma": 10, "notumor": 18},
        {"glioma": 4, "notumor": 6},
        {"glioma": 6, "notumor": 6},
    ]
    people = [{one.path.name.split("-s")[0] for one in part} for part in parts]
    assert all(not one & other for one, other in combinations(people, 2))
    assert dealt(found, config, seed=1) == parts
    assert dealt(found, config, seed=2) != parts
    few = dealt(found, replace(config, train=4), seed=1)
    assert Counter(one.kind for one in few[0]) == {"glioma": 4, "notumor": 4}
    assert few[1:] == parts[1:]


def test_the_folder_s_own_test_gives_five_of_each_kind_and_keeps_its_patients() -> None:
    own = listed({"glioma": 14, "notumor": 14}, "Testing/")
    found = FoundPictures(listed({"glioma": 20, "notumor": 20}, "Training/"), own)
    train, validation, test = dealt(found, replace(SMALL, test=5, validation=0.1), seed=0)
    assert Counter(one.kind for one in test) == {"glioma": 5, "notumor": 5}
    assert set(test) < set(own)
    assert len({one.name for one in (*train, *validation, *test)}) == 50
    known = dealt(found, replace(SMALL, test=5, case=r"^(.+)-s\d+"), seed=0)
    tested = {one.path.name.split("-s")[0] for one in known[2]}
    assert not tested & {one.path.name.split("-s")[0] for one in (*known[0], *known[1])}
    assert len(known[0]) == 40 - 20 - 4


def test_a_split_that_cannot_be_is_refused() -> None:
    found = FoundPictures(listed({"glioma": 20, "notumor": 5}))
    with pytest.raises(UsageError, match=r"^notumor: 5 case\(s\) cannot give 1 to validation, 5"):
        dealt(found, replace(SMALL, test=5), seed=0)
    with pytest.raises(DataError, match=r"the name of glioma-p00-s0.png has no case by"):
        dealt(found, replace(SMALL, case=r"patient(\d+)"), seed=0)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.5])
def test_the_share_of_natural_pictures_is_exact_and_all_come_once_an_epoch(share: float) -> None:
    bodies, natural = listed({"brain": 7}), listed({"natural": 5})
    config = replace(SMALL, share=share)
    source = ImageExamples(bodies, config, 0, natural=natural, endless=True)
    chosen = [source._chosen(number) for number in range(70)]
    kinds = Counter(one.kind for one in chosen if one)
    assert kinds["natural"] == math.floor(70 * share)
    shown = [one.name for one in chosen if one and one.kind == "brain"]
    epochs = [tuple(shown[start : start + 7]) for start in range(0, len(shown) - 6, 7)]
    assert all(set(epoch) == {one.name for one in bodies} for epoch in epochs)
    assert len(set(epochs)) > 1


def same(one: object, other: object) -> bool:
    return all(
        torch.equal(value, vars(other)[name])
        for name, value in vars(one).items()
        if isinstance(value, torch.Tensor)
    )


@pytest.mark.parametrize("task", ["super-resolution", "undersampling"])
@pytest.mark.parametrize("folder", [True, False])
def test_an_example_follows_from_seed_and_index(tmp_path: Path, task: str, folder: bool) -> None:
    root = tumours(tmp_path / "bodies")
    for number in range(3):
        paint(tmp_path / "natural" / f"{number}.png", 50 + number, (60, 70))
    natural = str(tmp_path / "natural") if folder else ""
    config = replace(SMALL, task=task, share=0.5, natural=natural, accelerations=(2.0,))  # type: ignore[arg-type]
    first, again = (open_images(root, config, seed=4) for _ in range(2))
    again.train[0]
    for index in (0, 3):
        assert same(first.train[index], again.train[index])
        assert first.train[index].target.shape == (2, 1, 32, 32)
    assert not same(first.train[0], first.train[3])
    assert same(first.validation[1], again.validation[1])
    whole = (40, 36)
    assert first.validation[1].target.shape == (1, 1, *whole)
    assert len(first.validation) == len(first.test) == 2
    assert "4 to train, 2 to validate, 2 to test" in first.notes[0]
    assert ("3 natural pictures" if folder else "simulated") in first.notes[1]
    assert first.notes[2:] == (NO_CASES, CRIME)
    with pytest.raises(IndexError):
        first.validation[2]


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("kernel", KERNELS)
def test_what_is_measured_is_the_target_at_low_resolution(
    tmp_path: Path, scale: int, kernel: Kernel
) -> None:
    y, x = np.mgrid[:91, :79] / 7
    body = np.exp(-(((y - 6.5) / 4) ** 2) - ((x - 5.5) / 4) ** 2)
    for number in range(3):
        values = body * (120 + 50 * np.sin(2 * y + number) + 50 * np.cos(2 * x + number))
        Image.fromarray(values.astype(np.uint8)).save(tmp_path / f"{number}.png")
    config = replace(SMALL, scale=scale, kernel=kernel, snr=QUIET, crop=50)
    data = open_images(tmp_path, config, seed=0)
    for example in (data.validation[0], data.train[0], data.train[1]):
        assert isinstance(example, LowResolution)
        assert not any(size % scale for size in example.target.shape[-2:])
        expected = plain(example.encoding(example.target).abs())
        inside = (..., slice(3, -3), slice(3, -3))  # the picture went on beyond a crop
        shifts = [(0, 0), (0, 1), (1, 0), (0, -1), (-1, 0)]
        errors = [
            float((example.low.roll(shift, (-2, -1)) - expected)[inside].norm()) for shift in shifts
        ]
        assert errors[0] < 0.2 * float(expected[inside].norm())  # steep phase costs detail
        assert errors[0] < 0.6 * min(errors[1:])
    assert data.train[0].target.shape[-2:] == (50 // scale * scale,) * 2
    assert data.validation[0].target.shape[-2:] == (91 // scale * scale, 79 // scale * scale)
    assert robust_scale(data.validation[0].measured) == pytest.approx(1, rel=1e-5)


def test_given_pictures_of_low_resolution_are_used(tmp_path: Path) -> None:
    root = pairs_folder(tmp_path)
    config = replace(SMALL, kernel="bicubic")
    found = open_images(root, config, seed=0)
    assert found.notes[-1] == GIVEN
    for index, picture in enumerate(find_pictures(root, 2).train):
        example = open_test_images(root, config, seed=0)[index]
        assert picture.low is not None
        for image, path, size in (
            (example.measured, picture.low, (22, 26)),
            (example.target, picture.path, (44, 52)),
        ):
            grey = np.asarray(Image.open(path).convert("L"), dtype=np.float32)[: size[0], : size[1]]
            ratio = image[0, 0].real / torch.from_numpy(grey)
            assert image.shape[-2:] == size
            assert float(ratio.std() / ratio.mean()) < 1e-4
    crop = found.train[0]
    shown = crop.measured[0, 0].real.flatten()
    assert crop.measured.shape[-2:] == (16, 16)
    assert all(size == 32 for size in crop.target.shape[-2:])
    assert len(torch.unique(shown)) > 100
    paint(root / "LR_bicubic" / "X2" / "birdx2.png", 0, (15, 26))
    with pytest.raises(DataError, match=r"birdx2.png has 15 x 26 .* no pair 2 times apart"):
        open_test_images(root, config, seed=0)[1]
    truncated = open_test_images(root, replace(config, kernel="truncation"), seed=0)[1]
    assert truncated.target.shape[-2:] == (44, 52)


def test_undersampled_samples_without_noise_are_those_of_the_target(tmp_path: Path) -> None:
    config = replace(SMALL, task="undersampling", snr=QUIET, accelerations=(2.0,))
    data = open_images(tumours(tmp_path), config, seed=0)
    axes = set()
    for index in range(4):
        example = data.train[index]
        assert isinstance(example, Example)
        complete = fft(example.target)[:, :, None]
        laws.assert_equal(example.kspace, torch.where(example.mask, complete, 0.0), 1e-4)
        for mask in example.mask[:, 0, 0]:
            assert int(mask.sum()) == 32 * 16
            axes.add(int(mask.any(0).all()))
    assert axes == {0, 1}


def test_noise_has_the_ratio_that_was_asked_for(tmp_path: Path) -> None:
    root = tumours(tmp_path)
    config = replace(SMALL, task="undersampling", accelerations=(1.0,))
    quiet, noisy = (
        open_images(root, replace(config, snr=snr), seed=0).validation[0] for snr in (QUIET, (9, 9))
    )
    scale = noisy.target.abs().max() / quiet.target.abs().max()
    difference = noisy.measured - quiet.measured * scale
    signal = noisy.target.abs().square().sum() / noisy.target.abs().sum()
    assert float(signal / difference.real.std()) == pytest.approx(9, rel=0.1)


def test_crops_of_a_picture_that_is_mostly_dark_show_something(tmp_path: Path) -> None:
    values = np.zeros((300, 300), dtype=np.uint8)
    values[100:200, 100:200] = 200
    for number in range(3):
        values[0, 0] = number
        Image.fromarray(values).save(tmp_path / f"{number}.png")
    source = open_images(tmp_path, replace(SMALL, batch=8), seed=0).train
    bright = torch.cat([source[index].target.abs().mean((-2, -1)) for index in range(4)])
    assert float((bright > 0.05).float().mean()) > 0.6
    assert float(bright.max()) < 1.3


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"scale": 5}, "scale must be 2, 3 or 4, not 5"),
        ({"kernel": "nearest"}, "not 'nearest'"),
        ({"patterns": {"randon": 1.0}}, "did you mean 'random'"),
        ({"patterns": {"random": 0.0}}, "at least one sampling pattern"),
        ({"accelerations": (0.5,)}, "accelerations must be at least 1"),
        ({"share": 1.0}, "share must be from 0 to below 1"),
        ({"crop": 16}, "crop and largest must be at least 32"),
        ({"validation": 0.0}, "validation above 0"),
        ({"snr": (2.0, 1.0)}, "snr must be positive and grow"),
        ({"case": "patient"}, "case must be a regular expression with one group"),
        ({"case": "("}, "case must be a regular expression with one group"),
    ],
)
def test_a_configuration_out_of_range_is_refused(wrong: dict[str, object], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        ImagesConfig(**wrong)  # type: ignore[arg-type]


def test_without_a_folder_the_simulator_mixes_natural_pictures_in() -> None:
    changes = {"data.source": "images", "data.images.scale": "3", "data.images.batch": "2"}
    recipe = small_recipe(changes, TEXT.replace("sizes: [32, 40]", "sizes: [48, 56]"))
    found = open_sources(recipe, None)
    assert found.notes == (NO_PICTURES,)
    assert found.test is None
    example = found.train[0]
    assert isinstance(example, LowResolution)
    assert (example.scale, example.target.shape[0]) == (3, 2)
    used = as_trained(recipe, None).data
    assert used.source == "simulated"
    assert used.simulated.anatomies == {"texture": 0.5, "natural": 0.5}
    for source, natural in ((found.train, True), (found.validation, False)):
        assert isinstance(source, SimulatedExamples)
        assert ("natural" in source.config.anatomies) == natural
    again = open_sources(as_trained(recipe, None), None)
    assert same(again.train[1], found.train[1])
    assert same(again.validation[1], found.validation[1])
    scans = open_sources(small_recipe(changes | {"data.images.task": "undersampling"}), None)
    assert isinstance(scans.train[0], Example)


def test_a_recipe_takes_pictures_from_a_folder(tmp_path: Path) -> None:
    changes = {"data.source": "images", "data.images.crop": "32", "data.images.test": "1"}
    found = open_sources(small_recipe(changes | {"data.validation": "1"}), tumours(tmp_path))
    assert isinstance(found.train[0], LowResolution)
    assert len(found.validation) == 1
    assert CRIME in found.notes
