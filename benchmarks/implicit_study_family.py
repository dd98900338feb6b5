"""One fit of ``inr-lambda`` against a fit at every weight, and fields of a raw static scan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import learned_measure
from implicit_study_scans import Film, acquired, truth
from torch import Tensor

from feathermr import Acquisition, make_method
from feathermr.metrics import psnr
from feathermr.recon.problem import pose

#: logarithms to base 10 of lambda that are looked at
LEVELS = (-5.0, -4.5, -4.0, -3.5, -3.0, -2.5, -2.0, -1.5, -1.0, -0.5, 0.0)
#: and those of the picture
SHOWN = (-5.0, -4.0, -3.0, -2.0, -1.0)
#: multiples of the default weight on the raw scan
FACTORS = (0.25, 0.5, 1.0, 2.0, 4.0)


def film_psnr(image: Tensor, film: Film) -> float:
    """Of a whole film, all times."""
    reference = truth(film).reference
    assert reference is not None
    pair = (one.abs().flatten(1, 2) for one in (image, reference))
    return round(float(psnr(*pair, data_range=float(reference.abs().max()))), 5)


def sweep(film: Film, acceleration: float) -> dict[str, Any]:
    """PSNR by level of the one fit and of a fit at each, and what each way took."""
    given = acquired(film, acceleration)
    family = make_method("inr-lambda")(given)
    assert family.field is not None
    times = family.field.domain.equal_times(film.times)
    unit = pose(given).weight(1.0)
    one_fit, each, seconds = [], [], 0.0
    for level in LEVELS:
        image, _ = family.field.image(times, 10**level)
        one_fit.append(film_psnr(image, film))
        made = make_method("inr", {"weight": 10**level / unit, "times": film.times})(given)
        each.append(film_psnr(made.image, film))
        seconds += made.seconds
    return {
        "film": film.name, "acceleration": acceleration, "levels": LEVELS, "inr-lambda": one_fit,
        "inr": each, "seconds": {"inr-lambda": family.seconds, "inr": seconds},
        "default": film_psnr(make_method("inr", {"times": film.times})(given).image, film),
    }  # fmt: skip


def shown(film: Film, acceleration: float) -> dict[float, Tensor]:
    """The film (time, y, x) by level, of one fit."""
    family = make_method("inr-lambda")(acquired(film, acceleration)).field
    assert family is not None
    times = family.domain.equal_times(film.times)
    return {level: family.image(times, 10**level)[0][0] for level in SHOWN}


def raw_scan(scan: Acquisition, fields: Sequence[str], folds: int) -> dict[str, Any]:
    """How well fields predict samples of a measured scan that they were not given, beside TV."""
    parts = [learned_measure.held_out(scan, fold) for fold in range(folds)]
    problems = [pose(given) for given, _ in parts]

    def every(name: str, method: str, settings: dict[str, Any]) -> list[dict[str, Any]]:
        one = learned_measure.Contestant(name, method, settings)
        return [
            learned_measure.prediction_error(scan, given, hidden, one, problem, "cpu")
            for (given, hidden), problem in zip(parts, problems, strict=True)
        ]

    found = {}
    for name, method, settings, factors in (
        ("tv", "tv", {}, FACTORS),
        *((f"inr, {field}", "inr", {"field": field}, FACTORS if field == "factors" else (1.0,))
          for field in fields),
    ):  # fmt: skip
        default: float = make_method(method).weight  # type: ignore[attr-defined]
        found[name] = {
            f"{factor:g}": every(name, method, {"weight": factor * default, **settings})
            for factor in factors
        }
    return {
        "coils": scan.n_coils, "shape": list(scan.shape), "acceleration": scan.acceleration,
        "held_out": learned_measure.HELD_OUT, "folds": folds, "methods": found,
    }  # fmt: skip
