"""What a trained network makes of films that it was not trained on: scores, pictures, a film."""

from __future__ import annotations

import csv
import json
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

from feathermr.acquisition import Header
from feathermr.acquisition.animation import write_gif
from feathermr.core.atomic import written_file
from feathermr.core.progress import Progress, silent
from feathermr.metrics import psnr, ssim
from feathermr.operators import Encoding
from feathermr.training.continuous import ContinuousExample, answer
from feathermr.training.example import Examples
from feathermr.training.film_figures import (
    draw_examples,
    draw_mask,
    draw_profiles,
    side_by_side,
)

#: films that are shown
SHOWN = 3
DEFINITION = (
    "magnitudes; PSNR and SSIM of each frame with its own largest value as the range, averaged "
    "over the frames of a film; mean and standard deviation over films"
)


@dataclass(frozen=True)
class RestoredFilm:
    """A film before, after, and as it should be: magnitudes (frame, y, x), bright tissue about 1.

    Attributes:
        aliased: the zero-filled film; where times between frames are wanted, its nearest frames.
        reconstruction: the network's.
        full: of the complete samples.
        mask: boolean, (frame, y, x).
    """

    aliased: Tensor
    reconstruction: Tensor
    full: Tensor
    mask: Tensor


class FilmScore(NamedTuple):
    """Scores of a film (a slice over time), those of the zero-filled one first.

    Attributes:
        psnr_before: dB.
        ssim_before: up to 1.
        psnr_after: dB.
        ssim_after: up to 1.
    """

    psnr_before: float
    ssim_before: float
    psnr_after: float
    ssim_after: float


def show_films(
    folder: Path,
    model: nn.Module,
    examples: Examples,
    device: str | torch.device = "cpu",
    progress: Progress = silent,
) -> Mapping[str, tuple[float, float]]:
    """Reconstruct films and write what came out into a folder.

    That is ``scores.csv`` (a film a line, in the order of the examples), ``scores.json`` (mean and
    standard deviation), ``mask.png``, ``examples.png``, ``profile.png`` and ``films.gif``.

    Args:
        folder: of the run.
        model: trained; is left on ``device``.
        examples: of films; they have an end.
        device: where the model runs.
        progress: told the number of examples done.

    Returns:
        Mean and standard deviation over films of each of `FilmScore`.
    """
    scores: list[FilmScore] = []
    shown: list[RestoredFilm] = []
    chosen = {index * len(examples) // SHOWN for index in range(SHOWN)}
    for index, films in enumerate(restored(model, examples, device)):
        scores += [score_film(film) for film in films]
        if index in chosen:
            shown += films
        progress(index + 1, len(examples))
    summary = summarise(scores)
    write_scores(folder, scores, summary)
    count = min(SHOWN, len(shown))
    shown = [shown[index * len(shown) // count] for index in range(count)]
    draw_mask(shown[0].mask, folder / "mask.png")
    columns = [(one.aliased, one.reconstruction, one.full) for one in shown]
    draw_examples(columns, folder / "examples.png")
    draw_profiles(columns, folder / "profile.png")
    write_gif(side_by_side(columns), Header(), folder / "films.gif")
    return summary


@torch.no_grad()
def restored(
    model: nn.Module, examples: Examples, device: str | torch.device
) -> Iterator[list[RestoredFilm]]:
    """The films of each example before and after."""
    model = model.to(device).eval()
    for index in range(len(examples)):
        example = examples[index].to(device)
        encoding = example.encoding
        assert isinstance(encoding, Encoding)  # films are always k-space
        before = encoding.H(example.measured)
        masks = encoding.mask.any(2).expand(before.shape).cpu()
        images = [before, answer(model, example), example.target]
        if isinstance(example, ContinuousExample):
            images[0], masks = before[:, example.nearest], masks[:, example.nearest.cpu()]
        magnitudes = [image.abs().float().cpu() for image in images]
        yield [RestoredFilm(*parts) for parts in zip(*magnitudes, masks, strict=True)]


def score_film(film: RestoredFilm) -> FilmScore:
    """PSNR and SSIM of the magnitudes, each frame by its own largest value, averaged."""
    wanted = film.full
    largest = wanted.amax(dim=(-2, -1))
    return FilmScore(
        *(
            float(metric(given, wanted, data_range=largest).mean())
            for given in (film.aliased, film.reconstruction)
            for metric in (psnr, ssim)
        )
    )


def summarise(scores: Sequence[FilmScore]) -> dict[str, tuple[float, float]]:
    """Mean and standard deviation of each score; the deviation of one film is 0."""
    columns = zip(FilmScore._fields, zip(*scores, strict=True), strict=True)
    return {
        name: (statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else 0.0)
        for name, values in columns
    }


def write_scores(
    folder: Path, scores: Sequence[FilmScore], summary: Mapping[str, tuple[float, float]]
) -> None:
    """The table of films, and mean and standard deviation over them."""
    with written_file(folder / "scores.csv") as beside, beside.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("film", *FilmScore._fields))
        writer.writerows(
            (number, *(f"{value:.5f}" for value in score)) for number, score in enumerate(scores)
        )
    record = {
        "films": len(scores),
        "definition": DEFINITION,
        "scores": {name: {"mean": mean, "std": std} for name, (mean, std) in summary.items()},
    }
    with written_file(folder / "scores.json") as beside:
        beside.write_text(json.dumps(record, indent=1) + "\n")


def sentence(summary: Mapping[str, tuple[float, float]]) -> str:
    """One line for people."""

    def values(key: str, unit: str, digits: int) -> str:
        (old, old_std), (new, new_std) = summary[f"{key}_before"], summary[f"{key}_after"]
        return (
            f"{old:.{digits}f} ({old_std:.{digits}f}) -> {new:.{digits}f} ({new_std:.{digits}f})"
            f"{unit}"
        )

    return f"PSNR {values('psnr', ' dB', 2)}, SSIM {values('ssim', '', 4)}, mean (std) over films"
