"""One training of the Kronecker study in a plain loop, and the scores of what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from kronecker_study_cases import ACCELERATIONS, Scan, fixed_scans, objects, training_batch
from kronecker_study_plan import MODELS, Run, Size, settings
from torch import Tensor, nn

from feathermr.metrics import nmse, psnr, score_all, ssim
from feathermr.models.table import build
from feathermr.recon.methods import make_method
from feathermr.training.ema import AveragedModel
from feathermr.training.example import Example, join
from feathermr.training.losses import Loss, make_loss
from feathermr.training.schedule import ScheduleConfig, learning_rate_factor

METRICS = ("psnr", "ssim", "nmse")
#: the composite loss of the paper; its perceptual term needs weights that are not part of this
LOSS = ("composite", {"perceptual": 0.0})
AVERAGE = 0.999
CLIP = 1.0
DECIMALS = 6
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


@dataclass(frozen=True)
class Cases:
    """The scans of a study.

    Attributes:
        train: complete k-space of each object.
        validation: fixed scans.
        test: fixed scans, which nothing is ever chosen by.
    """

    train: list[Tensor]
    validation: list[Scan]
    test: list[Scan]


@dataclass(frozen=True)
class Trained:
    """What a training gave.

    Attributes:
        model: with averaged weights.
        curve: one row a validation.
        seconds: of processor time, validations left out.
    """

    model: nn.Module
    curve: list[dict[str, float]]
    seconds: float


def open_cases(size: Size) -> Cases:
    counts = size.objects
    return Cases(
        objects("train", counts["train"], size.pixels),
        fixed_scans("validation", counts["validation"], size.pixels),
        fixed_scans("test", counts["test"], size.pixels),
    )


def train(run: Run, size: Size, cases: Cases, rate: float, steps: int) -> Trained:
    """Adam, cosine, averaged weights; bfloat16 in the network's real-valued layers."""
    model = build(MODELS[run.row][0], settings(size, run.row, run.part), run.seed).to(DEVICE)
    averaged = AveragedModel(model, AVERAGE)
    loss = make_loss(*LOSS)
    optimiser = torch.optim.Adam(model.parameters(), lr=rate)
    schedule = ScheduleConfig("cosine", warm_up=steps // 20)
    complete = cases.train[: max(1, round(run.fraction * len(cases.train)))]
    marks = {steps * (mark + 1) // size.validations for mark in range(size.validations)}
    curve, seconds = [], 0.0
    for step in range(steps):
        begun = time.process_time()
        for group in optimiser.param_groups:
            group["lr"] = rate * learning_rate_factor(schedule, step, steps)
        example = training_batch(complete, size.batch, step, run.seed).to(DEVICE)
        with torch.autocast(DEVICE, torch.bfloat16):
            prediction = model(example.kspace, example.encoding)
        optimiser.zero_grad()
        value = loss(prediction, example.target).total
        value.backward()
        nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimiser.step()
        averaged.update(model, step)
        seconds += time.process_time() - begun
        if step + 1 in marks:
            row = validate(averaged.model, cases.validation, loss)
            curve.append({"step": step + 1, "training": float(value.detach()), **row})
    return Trained(averaged.model, curve, seconds)


def predictions(
    model: nn.Module, scans: list[Scan], batch: int = 6
) -> Iterable[tuple[Example, Tensor]]:
    """Images of all scans of one acceleration after the other, in batches."""
    for acceleration in ACCELERATIONS:
        same = [scan.example for scan in scans if scan.acceleration == acceleration]
        for start in range(0, len(same), batch):
            example = join(same[start : start + batch]).to(DEVICE)
            with torch.inference_mode():
                yield example, model(example.kspace, example.encoding)


def validate(model: nn.Module, scans: list[Scan], loss: Loss) -> dict[str, float]:
    """Means over slices."""
    sums: dict[str, float] = {}
    count = 0
    for example, image in predictions(model, scans):
        given, wanted = image.abs(), example.target.abs()
        largest = wanted.amax(dim=(-2, -1))
        values = {
            name: float(function(given, wanted, data_range=largest).mean())
            for name, function in (("psnr", psnr), ("ssim", ssim), ("nmse", nmse))
        }
        values["loss"] = float(loss(image, example.target).total)
        slices = len(image)
        count += slices
        for name, value in values.items():
            sums[name] = sums.get(name, 0.0) + slices * value
    return {name: round(value / count, DECIMALS) for name, value in sums.items()}


def test_images(model: nn.Module, scans: list[Scan]) -> list[Tensor]:
    """The image of each scan, each by itself."""
    examples = (scan.example.to(DEVICE) for scan in scans)
    with torch.inference_mode():
        return [model(one.kspace, one.encoding).cpu() for one in examples]


def scores(images: list[Tensor], scans: list[Scan]) -> dict[str, dict[str, list[float]]]:
    """By acceleration and metric: one value a subject, each slice by its own largest value."""
    found: dict[str, dict[str, list[float]]] = {
        str(acceleration): {metric: [] for metric in METRICS} for acceleration in ACCELERATIONS
    }
    for image, scan in zip(images, scans, strict=True):
        for one in score_all(
            image, scan.example.target, policy="slice", alignment="none", method="one",
            scan=scan.name, subject=scan.subject, metrics=METRICS,
        ):  # fmt: skip
            found[str(scan.acceleration)][one.metric].append(round(one.mean, DECIMALS))
    return found


def choose_rate(
    row: str, size: Size, cases: Cases, say: Callable[[str], None]
) -> Mapping[str, Any]:
    """The learning rate of a family: the best of a few on the validation cases."""
    tried = {}
    for rate in size.rates:
        run = Run("rate", "rate", row)
        curve = train(run, size, cases, rate, size.rate_steps).curve
        tried[f"{rate:g}"] = curve[-1]["psnr"]
        say(f"{row}: learning rate {rate:g} gives {curve[-1]['psnr']:.2f} dB")
    return {"rates": tried, "chosen": float(max(tried, key=lambda rate: tried[rate]))}


def classical_images(scans: list[Scan], name: str, weights: Mapping[int, float]) -> list[Tensor]:
    """Images of a classical method in the units of the examples, which networks are scored in."""
    images = []
    for scan in scans:
        own = {"weight": weights[scan.acceleration]} if weights else {}
        found = make_method(name, own)(scan.acquisition)
        images.append(found.image / found.scale)
    return images


def choose_weights(size: Size, scans: list[Scan]) -> dict[str, dict[str, float]]:
    """Mean PSNR of the l1-wavelet on the validation cases, by acceleration and weight."""
    found: dict[str, dict[str, float]] = {}
    for weight in size.weights:
        same = dict.fromkeys(ACCELERATIONS, weight)
        table = scores(classical_images(scans, "l1-wavelet", same), scans)
        for acceleration, values in table.items():
            mean = sum(values["psnr"]) / len(values["psnr"])
            found.setdefault(acceleration, {})[f"{weight:g}"] = round(mean, DECIMALS)
    return found
