"""How soon each field reaches what a SIREN ends with: ``make bench-implicit``.

    python benchmarks/implicit_speed.py                  # measure, store, write the page
    python benchmarks/implicit_speed.py --device cuda    # the same on a GPU
    python benchmarks/implicit_speed.py --quick          # tiny films, print only
    python benchmarks/implicit_speed.py --page           # write the page again from what is stored

Every field is fitted to the same samples of simulated hearts, whose k-space is that of a finer
object, not of the reference. At every look at the held-out samples its PSNR is taken, too, outside
of the time that counts. Temporal total variation stands beside, at the best of many weights. Writes
``docs/results/implicit-speed.md`` from ``docs/results/implicit-speed.json``.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from implicit_speed_page import page
from torch import Tensor

from feathermr import Acquisition, Undersampling, make_method, simulate
from feathermr.core.atomic import written_file
from feathermr.core.environment import environment
from feathermr.core.settings import Setting
from feathermr.metrics import score_all
from feathermr.models.implicit import FIELDS, build_field, domain_of
from feathermr.models.implicit.grid import film_of, grid_of
from feathermr.nn.cost import parameter_count
from feathermr.recon.held_out import split
from feathermr.recon.implicit_fit import FitConfig, fit
from feathermr.recon.problem import Problem, pose

ROOT = Path(__file__).resolve().parents[1]
STORED = ROOT / "docs" / "results" / "implicit-speed.json"
PAGE = ROOT / "docs" / "results" / "implicit-speed.md"
#: of temporal total variation, each tried with every number of iterations
WEIGHTS = (3.0, 6.0, 12.0, 25.0, 50.0, 100.0)
ITERATIONS = (15, 25, 60)
#: of all fields
WEIGHT, IN_SPACE = 12.0, 0.4

#: those that are measured unless others are named: a wide SIREN takes hours
COMPARED = ("factors", "hash", "fourier", "siren")

Record = dict[str, Any]


@dataclass(frozen=True)
class Size:
    """How much is measured.

    Attributes:
        seeds: of the hearts.
        shape: (y, x).
        frames: of a film.
        coils: of the array.
        accelerations: of every film.
        snr: signal over noise.
        settings: of fields, where they are not the default.
        steps: of fits, where they are not the field's own.
    """

    seeds: tuple[int, ...] = (8100, 8101)
    shape: tuple[int, int] = (40, 32)
    frames: int = 6
    coils: int = 1
    accelerations: tuple[float, ...] = (3,)
    snr: float = 40.0
    settings: Mapping[str, Mapping[str, Setting]] = field(default_factory=dict)
    steps: Mapping[str, int] = field(default_factory=dict)


QUICK = Size(
    (8100,), (24, 20), 5, 1, (3,), 40.0,
    {"siren": {"layers": 2, "width": 24}, "siren-wide": {"layers": 2, "width": 24},
     "hash": {"resolutions": 2, "width": 8}, "fourier": {"features": 8, "width": 16},
     "factors": {"rank": 4}},
    dict.fromkeys(FIELDS, 20),
)  # fmt: skip


def said(what: str) -> None:
    print(f"measuring: {what}", file=sys.stderr, flush=True)


def psnr(image: Tensor, scan: Acquisition) -> float:
    """Mean over the frames, in dB."""
    assert scan.reference is not None
    scores = score_all(
        image.cpu(), scan.reference.cpu(), policy="slice", alignment="none", method="", scan="",
        subject="", metrics=("psnr",),
    )  # fmt: skip
    return float(scores[0].mean)


def clock() -> float:
    """Seconds of this process on the CPU, where other work does not count; of the clock on a GPU.

    On one thread, both are the same.
    """
    return time.perf_counter() if torch.cuda.is_available() else time.process_time()


def temporal_tv(scan: Acquisition) -> Record:
    """The best over weights and iterations, chosen by the reference itself."""
    tried = []
    for weight in WEIGHTS:
        for iterations in ITERATIONS:
            method = make_method("temporal-tv", {"weight": weight, "iterations": iterations})
            start = clock()
            made = method(scan)
            tried.append((psnr(made.image, scan), clock() - start, weight, iterations))
    best = max(tried)
    return dict(zip(("psnr", "seconds", "weight", "iterations"), best, strict=True))


def fitted(name: str, problem: Problem, scan: Acquisition, size: Size) -> Record:
    """PSNR over seconds of one fit, and at its end."""
    kind = FIELDS[name]
    domain = domain_of(scan.header, scan.shape, scan.n_frames, cyclic=True)
    like = problem.acquisition.kspace.real
    own = build_field(name, domain, size.settings.get(name)).to(like.device)
    config = FitConfig(
        size.steps.get(name, kind.steps), kind.learning_rate, problem.weight(WEIGHT), IN_SPACE,
        optimiser="lbfgs" if kind.quasi_newton else "adam",
    )  # fmt: skip
    samples, grid = split(problem), grid_of(domain, like)
    course: list[tuple[float, float]] = []
    lost = 0.0

    def value() -> float:
        return psnr(film_of(own, grid)[None] * problem.scale / problem.shading, scan)

    def progress(done: int, total: int) -> None:
        nonlocal lost
        _wait(like)
        before = clock()
        course.append((before - start - lost, value()))
        lost += clock() - before

    start = clock()
    with torch.no_grad():
        outcome = fit(own, samples, config, progress)  # type: ignore[arg-type]
        _wait(like)
        seconds = clock() - start - lost
        return {
            "psnr": value(), "seconds": seconds, "steps": outcome.steps,
            "held_out": outcome.held_out, "parameters": parameter_count(own), "course": course,
        }  # fmt: skip


def _wait(like: Tensor) -> None:
    if like.is_cuda:
        torch.cuda.synchronize()


def measure(size: Size, names: list[str], device: str) -> Record:
    """The whole record."""
    start = time.perf_counter()
    films = []
    for acceleration in size.accelerations:
        for seed in size.seeds:
            complete = simulate(
                "heart", frames=size.frames, shape=size.shape, coils=size.coils, snr=size.snr,
                seed=seed,
            )  # fmt: skip
            scan = Undersampling(acceleration, seed=seed)(complete.without_coil_maps()).to(device)
            problem = pose(scan)
            film: Record = {"acceleration": acceleration, "seed": seed, "fields": {}}
            said(f"temporal-tv, heart {seed}, {acceleration:g}x")
            film["temporal-tv"] = temporal_tv(scan)
            for name in names:
                said(f"{name}, heart {seed}, {acceleration:g}x")
                film["fields"][name] = fitted(name, problem, scan, size)
            films.append(film)
    return {
        "environment": dict(environment()),
        "device": torch.cuda.get_device_name(0) if device != "cpu" else "",
        "size": asdict(size),
        "weight": WEIGHT,
        "in_space": IN_SPACE,
        "films": films,
        "minutes": (time.perf_counter() - start) / 60,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--fields", nargs="+", choices=tuple(FIELDS), default=COMPARED)
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--quick", action="store_true", help="tiny films, print only")
    parser.add_argument("--page", action="store_true", help="write the page, measure nothing")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.quick:
        print(page(measure(QUICK, options.fields, options.device)))
        return
    if not options.page:
        record = measure(Size(), options.fields, options.device)
        with written_file(STORED) as beside:
            beside.write_text(json.dumps(record, indent=1) + "\n")
    text = page(json.loads(STORED.read_text()))
    print(text)
    with written_file(PAGE) as beside:
        beside.write_text(text)


if __name__ == "__main__":
    main()
