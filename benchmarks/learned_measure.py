"""Reconstruct, score and sweep for the benchmark of the trained networks."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from learned_cases import Group, Scan
from torch import Tensor

from feathermr import Acquisition, make_method, undersample
from feathermr.calibration import calibration_data
from feathermr.core.errors import FeatherError
from feathermr.core.seeding import generator
from feathermr.metrics import score_all
from feathermr.operators import Encoding
from feathermr.recon.problem import Problem, pose

METRICS = ("psnr", "ssim", "nmse")
SWEPT = ("l1-wavelet", "tv")
#: multiples of the default weight that a sweep starts with; it goes on while its end is the best
FACTORS = (0.5, 1.0, 2.0)
LARGEST_FACTOR = 16.0
#: share of the samples outside the center that are held out of a raw scan
HELD_OUT = 0.1

Value = dict[str, Any]


@dataclass(frozen=True)
class Contestant:
    """A method with settings, under its name in tables."""

    name: str
    method: str
    settings: Mapping[str, str | float]


def weighted(method: str, factor: float) -> Contestant:
    """A swept method at a multiple of its default weight."""
    weight = factor * make_method(method).weight  # type: ignore[attr-defined]
    return Contestant(f"{method} x {factor:g}", method, {"weight": weight})


def networks(files: Mapping[str, str]) -> list[Contestant]:
    """The trained networks: those of the package, or of other files."""
    return [
        Contestant(name, "network" if file else name, {"weights": file} if file else {})
        for name, file in files.items()
    ]


def processor_seconds(device: str) -> float:
    """Of this process on the CPU, so that other work does not count; of the clock on a GPU."""
    return time.process_time() if device == "cpu" else time.perf_counter()


def measure(scan: Scan, contestant: Contestant, problem: Problem, device: str) -> Value:
    """Scores of one method on one scan; why, when it failed."""
    start = processor_seconds(device)
    try:
        image = make_method(contestant.method, contestant.settings)(scan.given.to(device)).image
        image = image.cpu()
        seconds = processor_seconds(device) - start
        scores = score_all(
            image, scan.reference, policy="slice", alignment="none", method=contestant.name,
            scan=scan.name, subject=scan.name, metrics=METRICS,
        )  # fmt: skip
    except FeatherError as error:
        return {"failed": str(error)}
    value: Value = {one.metric: one.mean for one in scores}
    value["seconds"] = round(seconds, 3)
    if contestant.method != "zero-filled" or scan.given.n_coils == 1:
        value["residual"] = residual(image, problem)
    return value


def residual(image: Tensor, problem: Problem) -> float:
    """``||A x - y|| / ||y||`` at the sampled positions, whitened and compressed as in the methods.

    Root-sum-of-squares has no phase, so that it has no residual.
    """
    kspace = problem.acquisition.kspace
    predicted = problem.encoding(image * problem.shading / problem.scale)
    return float((predicted - kspace).norm() / kspace.norm())


def group_row(group: Group, files: Mapping[str, str], sweep: bool, device: str) -> Value:
    """All methods on all scans of a group."""
    problems = [pose(scan.given) for scan in group.scans]

    def every(contestant: Contestant) -> list[Value]:
        return [
            measure(scan, contestant, problem, device)
            for scan, problem in zip(group.scans, problems, strict=True)
        ]

    methods = {"zero-filled": every(Contestant("zero-filled", "zero-filled", {}))}
    tuned = {}
    for method in SWEPT:
        if sweep:
            found = swept(method, every, lambda values: average(values, "psnr"))
            tuned[method] = {f"{factor:g}": values for factor, values in found.items()}
            methods[method] = found[1.0]
        else:
            methods[method] = every(Contestant(method, method, {}))
    for contestant in networks(files):
        methods[contestant.name] = every(contestant)
    return {
        "name": group.name, "title": group.title, "coils": group.coils,
        "acceleration": group.acceleration, "target": group.target,
        "scans": [scan.name for scan in group.scans], "methods": methods, "sweeps": tuned,
    }  # fmt: skip


def swept(
    method: str,
    every: Callable[[Contestant], list[Value]],
    gain: Callable[[Sequence[Value]], float],
) -> dict[float, list[Value]]:
    """By multiple of the default weight, until the best is not at an end."""
    found = {factor: every(weighted(method, factor)) for factor in FACTORS}
    while True:
        best = max(found, key=lambda factor: gain(found[factor]))
        if best == min(found) and best > 1 / LARGEST_FACTOR:
            found[best / 2] = every(weighted(method, best / 2))
        elif best == max(found) and best < LARGEST_FACTOR:
            found[best * 2] = every(weighted(method, best * 2))
        else:
            return dict(sorted(found.items()))


def average(values: Sequence[Value], key: str) -> float:
    """Mean over scans; minus infinity when one failed."""
    if any("failed" in value for value in values):
        return float("-inf")
    return sum(value[key] for value in values) / len(values)


def raw_rows(scan: Acquisition, folds: int, files: Mapping[str, str], device: str) -> Value:
    """How well each method predicts samples of a measured scan that it was not given."""
    if scan.n_slices > 1 or scan.n_frames > 1:
        scan = replace(
            scan,
            kspace=scan.kspace[:1, :1],
            mask=scan.mask[:1, :1],
            reference=None,
            coil_maps=None,
        )
    parts = [held_out(scan, fold) for fold in range(folds)]
    problems = [pose(given) for given, _ in parts]
    if scan.noise is not None or problems[0].acquisition.n_coils != scan.n_coils:
        raise SystemExit("--raw takes a scan without noise samples and of at most 12 coils")

    def every(contestant: Contestant) -> list[Value]:
        return [
            prediction_error(scan, given, hidden, contestant, problem, device)
            for (given, hidden), problem in zip(parts, problems, strict=True)
        ]

    methods = {"zero-filled": every(Contestant("zero-filled", "zero-filled", {}))}
    sweeps = {}
    for method in SWEPT:
        found = swept(method, every, lambda values: -average(values, "error"))
        sweeps[method] = {f"{factor:g}": values for factor, values in found.items()}
        methods[method] = found[1.0]
    for contestant in networks(files):
        methods[contestant.name] = every(contestant)
    return {
        "coils": scan.n_coils, "shape": list(scan.shape), "acceleration": scan.acceleration,
        "held_out": [int(hidden.sum()) for _, hidden in parts], "methods": methods,
        "sweeps": sweeps,
    }  # fmt: skip


def held_out(scan: Acquisition, fold: int) -> tuple[Acquisition, Tensor]:
    """The scan without some of its samples, and where these are (1, 1, 1, y, x)."""
    _, region = calibration_data(scan)
    sampled = scan.mask.any(dim=2, keepdim=True).expand(1, 1, 1, *scan.shape).clone()
    free = sampled.clone()
    free[..., region.top : region.bottom, region.left : region.right] = False
    places = free.flatten().nonzero()[:, 0]
    order = torch.randperm(len(places), generator=generator(fold, "held out"))
    hidden = torch.zeros_like(sampled).flatten()
    hidden[places[order[: round(HELD_OUT * len(places))]]] = True
    hidden = hidden.reshape(sampled.shape)
    return undersample(scan, ~hidden), hidden


def prediction_error(
    scan: Acquisition, given: Acquisition, hidden: Tensor, contestant: Contestant,
    problem: Problem, device: str,
) -> Value:  # fmt: skip
    """``||A x - y|| / ||y||`` where samples were held out, with one set of maps for all methods."""
    start = processor_seconds(device)
    try:
        image = posed_image(given, contestant, problem, device)
    except FeatherError as error:
        return {"failed": str(error)}
    seconds = processor_seconds(device) - start
    maps, known = problem.acquisition.coil_maps, problem.acquisition.kspace
    if maps is None:
        maps = torch.ones_like(known[:, :1])
    predicted = Encoding(hidden, maps, 1)(image)
    wanted = torch.where(hidden, scan.kspace / problem.scale, torch.zeros_like(known))
    return {
        "error": float((predicted - wanted).norm() / wanted.norm()),
        "residual": float((problem.encoding(image) - known).norm() / known.norm()),
        "seconds": round(seconds, 3),
    }


def posed_image(
    given: Acquisition, contestant: Contestant, problem: Problem, device: str
) -> Tensor:
    """The image in the units and with the coil maps of the problem.

    The methods estimate the same maps from the same samples; zero filling would give
    root-sum-of-squares without phase, so that ``A^H y`` stands for it.
    """
    if contestant.method == "zero-filled":
        return problem.encoding.H(problem.acquisition.kspace)
    image = make_method(contestant.method, contestant.settings)(given.to(device)).image.cpu()
    return image * problem.shading / problem.scale
