"""What each method makes of the films of the study, at the acquired times and between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from cine_study_measure import Store
from cine_study_tuning import LADDERS as CINE_LADDERS
from cine_study_tuning import STARTS, climb
from implicit_study_scans import Film, acquired, truth
from torch import Tensor

from feathermr import make_method
from feathermr.metrics import psnr, score_all

CLASSICAL = ("temporal-tv", "kt-tv")
#: what is tried of each setting of a method, in order; see `climb`
LADDERS: Mapping[str, Mapping[str, tuple[float, ...]]] = {
    **{name: CINE_LADDERS[name] for name in CLASSICAL},
    "inr": {"weight": (1.5, 3, 6, 12, 25, 50, 100), "in_space": (0.05, 0.1, 0.2, 0.4)},
}
SCORES = ("psnr", "ssim", "psnr-moving", "psnr-still")
DECIMALS = 5


@dataclass(frozen=True)
class Contestant:
    """A method with settings, under its name in tables.

    Attributes:
        name: in tables.
        method: in ``METHODS``.
        settings: of it.
        blended: it gives the acquired frames alone, and others are blended of the two beside.
        weights: SHA-256 of a network's file.
    """

    name: str
    method: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    blended: bool = False
    weights: str = ""

    def record(self) -> dict[str, Any]:
        """What decides its images, without where a file lies."""
        settings = {key: value for key, value in self.settings.items() if key != "weights"}
        return {
            "method": self.method, "settings": settings, "blended": self.blended,
            "weights": self.weights,
        }  # fmt: skip


def classical(name: str, settings: Mapping[str, Any]) -> Contestant:
    """A method of the acquired frames."""
    return Contestant(name, name, dict(settings), blended=True)


def between(frames: Tensor, step: int) -> Tensor:
    """A film (slice, frame, y, x) of one heart beat, ``step`` times as many frames by blending."""
    later = frames.roll(-1, dims=1)
    shares = [place / step for place in range(step)]
    parts = [(1 - share) * frames + share * later for share in shares]
    return torch.stack(parts, dim=2).flatten(1, 2)


def film_of(film: Film, acceleration: float, contestant: Contestant) -> tuple[Tensor, float]:
    """The film at all times (slice, time, y, x), and the seconds it took."""
    given = acquired(film, acceleration)
    settings = dict(contestant.settings)
    if not contestant.blended:
        settings["times"] = film.times
    made = make_method(contestant.method, settings)(given)
    image = between(made.image, film.step) if contestant.blended else made.image
    return image, made.seconds


def scores(
    film: Film, acceleration: float, contestant: Contestant, metrics: Sequence[str]
) -> dict[str, float]:
    """Of the film at all times, of the acquired ones, and of those between.

    One data range, the largest value of the true film, and one value a film.
    """
    reference = truth(film).reference
    assert reference is not None
    image, seconds = film_of(film, acceleration, contestant)
    found = score_all(
        image, reference, policy="volume", alignment="none", method=contestant.name,
        scan=film.name, subject=film.name, metrics=metrics,
    )  # fmt: skip
    values = {one.metric: one.mean for one in found}
    is_acquired = torch.arange(film.times) % film.step == 0
    for name, which in (("psnr-acquired", is_acquired), ("psnr-between", ~is_acquired)):
        pair = (one.abs()[:, which].flatten(1, 2) for one in (image, reference))
        values[name] = float(psnr(*pair, data_range=float(reference.abs().max())))
    return {name: round(value, DECIMALS) for name, value in values.items()} | {
        "seconds": round(seconds, 3)
    }


def scored(
    store: Store, film: Film, acceleration: float, contestant: Contestant,
    metrics: Sequence[str] = SCORES,
) -> dict[str, float]:  # fmt: skip
    """Scores of one method on one film, from the store if they are there."""
    known = {key: value for key, value in vars(film).items() if key != "path"}
    key = {
        "film": known | {"real": bool(film.path)}, "acceleration": acceleration,
        "contestant": contestant.record(), "scores": metrics,
    }  # fmt: skip
    name = f"{film.name}-{film.frames}-{acceleration:g}x-{contestant.method}"
    if (found := store.read(name, key)) is None:
        found = scores(film, acceleration, contestant, metrics)
        store.write(name, key, found)
    return found


def tuned(
    store: Store, films: Sequence[Film], accelerations: Sequence[float], method: str
) -> dict[str, Any]:
    """The best settings on tuning films, by the mean PSNR of whole films."""

    def score(settings: Mapping[str, float]) -> float:
        one = Contestant(method, method, settings, blended=method in CLASSICAL)
        values = [
            scored(store, film, acceleration, one, ("psnr",))["psnr"]
            for film in films
            for acceleration in accelerations
        ]
        return round(sum(values) / len(values), DECIMALS)

    start = STARTS.get(method, {"weight": 12, "in_space": 0.1})
    chosen, tried = climb(LADDERS[method], start, score)
    return {"chosen": chosen, "tried": tried}
