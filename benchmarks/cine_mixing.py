"""Ways to mix the frames of a film inside kronecker-cine, at equal budget.

    python benchmarks/cine_mixing.py                        # some 15 minutes of one core
    python benchmarks/cine_mixing.py --steps 1000 --seeds 0 1 2
    python benchmarks/cine_mixing.py --steps 2 --films 1 --output out/try   # a smoke test

Each training is stored when it is finished and never done again; ``mixing.json`` collects them,
and ``cine_study.py --mixing FOLDER`` puts them on the page.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import torch
from cine_mixers import MIXERS, TITLES, with_mixer
from cine_study_measure import Store
from torch import Tensor, nn

from feathermr.core.atomic import written_file
from feathermr.core.environment import environment
from feathermr.core.seeding import seeded
from feathermr.metrics import psnr
from feathermr.models.table import build, configure
from feathermr.nn.cost import parameter_count
from feathermr.nn.noise_level import noise_of
from feathermr.training.example import Example
from feathermr.training.losses import make_loss
from feathermr.training.schedule import ScheduleConfig, learning_rate_factor
from feathermr.training.simulated import SimulatedConfig, SimulatedExamples

ROOT = Path(__file__).resolve().parents[1]
MODEL = "kronecker-cine"
#: weight of the image after each earlier step beside the one after it
EARLIER = 0.5
CLIP = 1.0
BETAS = (0.9, 0.99)
DATA = SimulatedConfig(
    batch=1, sizes=(64, 96), frames=(8, 16), coils=(1, 1, 1, 4), estimated=0.0, blend=0.1,
    anatomies={"heart": 0.7, "texture": 0.15, "abdomen": 0.15},
    patterns={"kt-random": 0.6, "kt-equispaced": 0.4}, accelerations=(4.0, 10.0),
    snr=(15.0, 120.0),
)  # fmt: skip


def train(name: str, seed: int, settings: dict[str, Any], films: list[Example]) -> dict[str, Any]:
    """One training in a plain loop: Adam, cosine, all steps of the cascade in the loss."""
    network = build(MODEL, {"steps": settings["cascades"]}, seed)
    with seeded(seed, "mixing", name):
        network = with_mixer(network, name, configure(MODEL).kronecker)
    examples, loss = SimulatedExamples(DATA, seed), make_loss("log-mse")
    steps, rate = settings["steps"], settings["learning_rate"]
    optimiser = torch.optim.Adam(network.parameters(), rate, BETAS)
    schedule = ScheduleConfig("cosine", warm_up=max(1, steps // 12), floor=0.01)
    curve, seconds = [], 0.0
    for step in range(steps):
        example = examples[step]
        begun = time.process_time()
        for group in optimiser.param_groups:
            group["lr"] = rate * learning_rate_factor(schedule, step, steps)
        with torch.autocast("cpu", torch.bfloat16):
            images = network.images(example.kspace, example.encoding)
        value, weight = torch.zeros(()), 1.0
        for image in reversed(images):
            value = value + weight * loss(image, example.target).total
            weight *= EARLIER
        optimiser.zero_grad()
        value.backward()
        nn.utils.clip_grad_norm_(network.parameters(), CLIP)
        optimiser.step()
        seconds += time.process_time() - begun
        if (step + 1) % -(-steps // 2) == 0 or step + 1 == steps:
            curve.append({"step": step + 1, "psnr": validate(network, films)})
            print(f"{name}, seed {seed}, step {step + 1}: {curve[-1]['psnr']:.2f} dB", flush=True)
    return {
        "mixing": name, "seed": seed, "parameters": parameter_count(network), "curve": curve,
        "seconds_a_step": round(seconds / steps, 4),
    }  # fmt: skip


@torch.no_grad()
def validate(network: nn.Module, films: list[Example]) -> float:
    """Mean PSNR over films, in single precision."""
    network.eval()
    values = [quality(network(one.kspace, one.encoding), one.target) for one in films]
    network.train()
    return round(sum(values) / len(values), 4)


@torch.no_grad()
def start_quality(films: list[Example]) -> float:
    """The same of what every cascade starts from."""
    network = build(MODEL)
    values = []
    for one in films:
        noise = noise_of(one.kspace, one.encoding.mask)
        _, start = network.start(one.encoding.H(one.kspace), one.encoding, noise)
        values.append(quality(start, one.target))
    return round(sum(values) / len(values), 4)


def quality(image: Tensor, target: Tensor) -> float:
    """PSNR of a film's magnitude, frames by the film's largest value, averaged."""
    wanted = target.abs()
    return float(psnr(image.abs(), wanted, data_range=wanted.amax()).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--steps", type=int, default=250, help="of each training")
    parser.add_argument("--cascades", type=int, default=3, help="steps of the network")
    parser.add_argument("--learning-rate", type=float, default=2e-3)
    parser.add_argument("--films", type=int, default=16, help="to validate with")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--only", nargs="+", choices=list(MIXERS), default=list(MIXERS))
    parser.add_argument("--output", type=Path, default=ROOT / "out" / "cine-mixing")
    options = parser.parse_args()
    torch.set_num_threads(1)
    settings = {key: getattr(options, key) for key in ("steps", "cascades", "learning_rate")}
    store = Store(options.output / "runs")
    held_out = SimulatedExamples(DATA, 0, "validation")
    films = [held_out[number] for number in range(options.films)]
    runs: dict[str, list[Any]] = {}
    for seed in options.seeds:
        for name in options.only:
            key = {"mixing": name, "seed": seed, "films": options.films, **settings}
            found = store.read(name, key)
            if found is None:
                found = train(name, seed, settings, films)
                store.write(name, key, found)
            runs.setdefault(name, []).append(found)
    record = {
        "format": "feathermr cine mixing 1", "environment": dict(environment()),
        "settings": settings, "films": options.films, "seeds": options.seeds,
        "start": start_quality(films), "titles": TITLES, "runs": runs,
    }  # fmt: skip
    with written_file(options.output / "mixing.json") as beside:
        beside.write_text(json.dumps(record, allow_nan=False) + "\n")
    print(f"wrote {options.output / 'mixing.json'}")


if __name__ == "__main__":
    main()
