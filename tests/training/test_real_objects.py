"""Real images as objects: what a folder may hold, the split by group, and what is drawn."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from feathermr.core.errors import DataError
from feathermr.core.seeding import generator
from feathermr.training.real_objects import (
    CREDITS,
    UNNAMED,
    RealImage,
    RealObjects,
    diffused,
    open_real_objects,
)
from feathermr.training.recipe import parse_recipe
from feathermr.training.simulated import SimulatedConfig, SimulatedExamples
from feathermr.training.sources import NO_IMAGES, as_trained, open_sources


def packed(path: Path, groups: int = 12, each: int = 2) -> Path:
    """A file of bright squares, each group of a brightness and a size of its own."""
    images, names = [], []
    for group in range(groups):
        image = np.zeros((60 + group, 70), np.uint8)
        image[15:45, 20:50] = 100 + 10 * group
        images += [image] * each
        names += [f"subject-{group}"] * each
    sizes = [image.size for image in images]
    np.savez(
        path,
        data=np.concatenate([image.ravel() for image in images]),
        shapes=np.array([image.shape for image in images]),
        offs=np.cumsum([0, *sizes[:-1]]),
        group=np.array(names),
    )
    return path


def test_groups_are_never_in_two_parts(tmp_path: Path) -> None:
    packed(tmp_path / "one.npz")
    parts = open_real_objects(tmp_path, seed=0)
    groups = {name: {image.group for image in part.images} for name, part in parts.items()}
    assert {name: len(found) for name, found in groups.items()} == {
        "train": 10,
        "validation": 1,
        "test": 1,
    }
    assert not groups["train"] & (groups["validation"] | groups["test"])
    assert sum(len(part) for part in parts.values()) == 24
    assert {image.pixels.shape for image in parts["train"].images} <= {
        torch.Size([60 + group, 70]) for group in range(12)
    }


def test_pictures_in_folders_are_objects_too(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    for number in range(4):
        picture = np.full((40, 50), 40 * (number + 1), np.uint8)
        Image.fromarray(picture).save(inner / f"{number}.png")
    parts = open_real_objects(tmp_path, seed=0)
    assert len(parts["train"]) == 2
    assert len(parts["validation"]) == len(parts["test"]) == 1


def test_an_object_lies_on_the_finer_grid_and_is_about_one_where_bright() -> None:
    image = torch.zeros(200, 180)
    image[60:140, 50:130] = 250
    objects = RealObjects([RealImage(image, "a")])
    for seed in range(10):
        body = objects.draw((48, 56), generator(seed))
        assert body.shape == (1, 1, 96, 112)
        assert float(body.min()) >= 0
        assert float(body.max()) < 1.6  # cubic interpolation rings, another contrast brightens
        assert float(body.max()) > 0.1
    again = objects.draw((48, 56), generator(9))
    assert torch.equal(again, body)


def test_diffusion_takes_texture_away_and_keeps_edges_and_the_mean() -> None:
    step = torch.zeros(40, 40)
    step[:, 20:] = 1.0
    rough = step + 0.02 * torch.randn(40, 40, generator=generator(0))
    smooth = diffused(rough, edge=0.1, steps=40)
    assert float((smooth - step)[:, :17].std()) < 0.3 * float((rough - step)[:, :17].std())
    assert float(smooth[:, 20].mean() - smooth[:, 19].mean()) > 0.8
    assert float(smooth.mean()) == pytest.approx(float(rough.mean()), abs=1e-6)


def test_simulated_scans_take_their_objects_from_them() -> None:
    stripes = (torch.arange(256) % 16 < 8).float()[:, None].expand(-1, 256)
    objects = RealObjects([RealImage(255 * stripes, "a")])
    config = SimulatedConfig(sizes=(64, 64), coils=(1,), batch=1, real=1.0, snr=(1e4, 1e4))
    with_images = SimulatedExamples(config, 0, real=objects)[0]
    without = SimulatedExamples(config, 0)[0]
    assert with_images.target.shape == without.target.shape
    assert not torch.allclose(with_images.target, without.target)


def test_a_recipe_takes_a_folder_of_images_or_says_that_it_has_none(tmp_path: Path) -> None:
    packed(tmp_path / "one.npz")
    recipe = parse_recipe(
        "model: kronecker-cascade\ndata: {source: simulated, validation: 2, "
        "simulated: {batch: 1, sizes: [48, 48], real: 1.0}}",
        "text",
    )
    given, alone = open_sources(recipe, tmp_path), open_sources(recipe, None)
    assert given.notes == ()
    assert alone.notes == (NO_IMAGES,)
    assert not torch.equal(given.train[0].target, alone.train[0].target)


def test_the_card_names_the_sources_of_the_images(tmp_path: Path) -> None:
    packed(tmp_path / "one.npz")
    recipe = parse_recipe(
        "model: kronecker-cascade\ndata: {source: simulated, simulated: {real: 1.0}}", "text"
    )
    assert as_trained(recipe, tmp_path).data.credits == (UNNAMED,)
    (tmp_path / CREDITS).write_text("Somebody, a data set, CC0\n\nAnother, CC BY 4.0\n")
    named = as_trained(recipe, tmp_path)
    assert named.data.credits == ("Somebody, a data set, CC0", "Another, CC BY 4.0")
    assert as_trained(recipe, None).data.credits == ()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: path.write_bytes(b"nothing"), "is no packed file of images"),
        (lambda path: np.savez(path, data=np.zeros(4, np.uint8)), "is no packed file of images"),
        (lambda path: path.unlink(), "images of 0 group"),
    ],
)
def test_a_folder_without_images_is_refused(tmp_path: Path, spoil: object, message: str) -> None:
    path = packed(tmp_path / "one.npz")
    spoil(path)  # type: ignore[operator]
    with pytest.raises(DataError, match=message):
        open_real_objects(tmp_path, seed=0)


def test_a_file_that_ends_early_is_refused(tmp_path: Path) -> None:
    path = packed(tmp_path / "one.npz")
    with np.load(path) as stored:
        kept = dict(stored)
    kept["data"] = kept["data"][:-10]
    np.savez(path, **kept)
    with pytest.raises(DataError, match="data ends before its last image does"):
        open_real_objects(tmp_path, seed=0)
    with pytest.raises(DataError, match="is no folder of images"):
        open_real_objects(path, seed=0)
