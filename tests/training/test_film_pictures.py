"""What a training on films leaves: scores that can be checked by hand, pictures that show them."""

import csv
import json
import statistics
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import feathermr
from feathermr.core.errors import DataError, UsageError
from feathermr.operators import Encoding
from feathermr.training.film_data import FilmConfig, FilmExamples
from feathermr.training.film_figures import GAP, HEADING, side_by_side
from feathermr.training.film_pictures import (
    FilmScore,
    RestoredFilm,
    restored,
    score_film,
    show_films,
    summarise,
)
from feathermr.training.recipe import load_recipe
from feathermr.training.sources import SIMULATED, open_sources
from feathermr.training.train import TrainingRun
from training.small import small_recipe, trained

TEXT = """
base: cine-dual-unet
settings: {frames: 5, width: 4, levels: 2, temporal_width: 2, temporal_blocks: 1}
data:
  validation: 1
  films: {frames: 5, accelerations: [3], center: 4, batch: 2}
  simulated: {frames: [5, 5], sizes: [32, 40], accelerations: [2], batch: 1}
trainer: {steps: 2, validate_every: 2, log_every: 1}
"""
PICTURES = ("mask.png", "examples.png", "profile.png", "films.gif")
FILES = {"scores.csv", "scores.json", "model.safetensors", *PICTURES}


@pytest.fixture(scope="module")
def cine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Hearts of the simulator in the layout of a file of films: two slices of each subject."""
    films, subjects = [], []
    for subject in range(7):
        scan = feathermr.simulate(
            "heart", slices=2, shape=(40, 32), frames=5, coils=1, seed=subject
        )
        assert scan.reference is not None
        films += list(scan.reference.abs().mT.numpy())
        subjects += [f"heart-{subject}"] * 2
    path = tmp_path_factory.mktemp("films") / "cine.npz"
    np.savez(path, dataset=np.stack(films), subject=np.array(subjects))
    return path


def on(path: Path | None) -> TrainingRun:
    return TrainingRun(data=path, accelerator="cpu")


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "scores.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_file_that_the_simulator_writes_is_trained_on_and_shown(
    cine: Path, tmp_path: Path
) -> None:
    folder = trained(tmp_path / "run", text=TEXT, run=on(cine))
    assert {path.name for path in folder.path.iterdir()} >= FILES
    table = rows(folder.path)
    assert [row["film"] for row in table] == ["0", "1", "2", "3"]
    record = json.loads((folder.path / "scores.json").read_text())
    assert record["films"] == 4
    for name in FilmScore._fields:
        values = [float(row[name]) for row in table]
        assert record["scores"][name]["mean"] == pytest.approx(statistics.fmean(values), abs=1e-4)
        assert record["scores"][name]["std"] == pytest.approx(statistics.stdev(values), abs=1e-4)
    for name in PICTURES:
        with Image.open(folder.path / name) as picture:
            assert np.asarray(picture.convert("L")).std() > 10
            assert getattr(picture, "n_frames", 1) == (5 if name == "films.gif" else 1)
    assert load_recipe(folder.recipe).data.source == "films"


def test_a_run_that_its_time_ends_shows_films_too(tmp_path: Path) -> None:
    """And without a file it is trained on simulated hearts, and its record says so."""
    longer = {"trainer.steps": "5000", "trainer.validate_every": "5000"}
    run = TrainingRun(accelerator="cpu", minutes=1e-6)
    folder = trained(tmp_path / "run", longer, run, text=TEXT)
    assert {path.name for path in folder.path.iterdir()} >= FILES
    assert load_recipe(folder.recipe).data.source == "simulated"


def test_no_picture_is_drawn_of_images_that_do_not_move(tmp_path: Path) -> None:
    folder = trained(tmp_path / "run", {"trainer.steps": "1", "trainer.validate_every": "1"})
    assert not FILES & {path.name for path in folder.path.iterdir()} - {"model.safetensors"}


def test_a_run_is_told_where_its_films_come_from(cine: Path) -> None:
    recipe = small_recipe(text=TEXT)
    assert open_sources(recipe, None).notes == (SIMULATED,)
    found = open_sources(recipe, cine)
    assert found.notes[0] == "films by subject: 8 to train, 2 to validate, 4 to test"
    assert found.test is not None
    assert len(found.test) == 2
    with pytest.raises(DataError, match="films of 5 frames, the recipe 20; set"):
        open_sources(small_recipe({"data.films.frames": "20"}, TEXT), cine)
    with pytest.raises(UsageError, match="leave --data out"):
        open_sources(small_recipe({"data.source": "simulated"}, TEXT), cine)


class Truth(nn.Module):
    """Knows the answer, to one part in a hundred."""

    def __init__(self, answers: Mapping[int, torch.Tensor]) -> None:
        super().__init__()
        self.answers, self.asked = answers, 0

    def forward(self, kspace: torch.Tensor, encoding: Encoding) -> torch.Tensor:
        self.asked += 1
        return 1.01 * self.answers[self.asked - 1]


def examples() -> FilmExamples:
    drawn = np.random.default_rng(1).uniform(0, 1, (4, 5, 24, 20))
    films = torch.from_numpy(drawn.astype(np.float32))
    config = FilmConfig(accelerations=(2.0,), center=4, batch=3)
    return FilmExamples(films, range(4), config, seed=0, endless=False)


def test_scores_are_those_of_each_film_before_and_after(tmp_path: Path) -> None:
    source = examples()
    model = Truth({index: source[index].target for index in range(2)})
    summary = show_films(tmp_path, model, source)
    table = rows(tmp_path)
    assert len(table) == 4
    for number, row in enumerate(table):
        example = source[number // 3]
        full = example.target[number % 3].abs()
        error = (full / 100).square().mean((-2, -1))
        wanted = (10 * (full.amax((-2, -1)).square() / error).log10()).mean()
        assert float(row["psnr_after"]) == pytest.approx(float(wanted), abs=1e-3)
        assert float(row["psnr_before"]) < float(row["psnr_after"]) - 10
        assert float(row["ssim_before"]) < float(row["ssim_after"]) <= 1
    assert summary["psnr_after"][0] > 40


def test_a_film_comes_with_its_own_mask_and_zero_filled_image() -> None:
    source = examples()
    films = next(restored(Truth({0: source[0].target}), source, "cpu"))
    assert len(films) == 3
    example = source[0]
    for number, film in enumerate(films):
        assert torch.equal(film.mask, example.mask[number, :, 0])
        aliased = example.encoding.H(example.kspace)[number].abs()
        assert torch.equal(film.aliased, aliased)


def test_one_film_has_no_deviation() -> None:
    image = torch.rand(2, 16, 16)
    film = RestoredFilm(image / 2, image, image, image > 0)
    summary = summarise([score_film(film)])
    assert summary["ssim_after"] == (pytest.approx(1.0), 0.0)


def test_the_animation_shows_the_three_versions_beside_each_other() -> None:
    large, small = torch.rand(4, 30, 40), torch.rand(3, 20, 24)
    film = side_by_side([(large, large / 2, large), (small, small, small)])
    assert film.shape == (1, 3, HEADING + 30 + GAP + 20, 3 * 40 + 2 * GAP)
    body = film[0, :, HEADING : HEADING + 30]
    assert torch.equal(body[..., :40], body[..., -40:])
    assert float((body[..., 44:84] - body[..., :40] / 2).abs().max()) < 0.01
    below = film[0, :, HEADING + 30 + GAP :]
    assert torch.equal(below[..., 8:32], below[..., 96:120])
    assert bool((below[..., :8] == 1).all())
    assert 0.05 < float((film[0, 0, :HEADING] < 0.5).float().mean()) < 0.5
