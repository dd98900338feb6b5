"""The study of heart films: what is tuned, stored and said, and that its parts run."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from feathermr.core.seeding import generator

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(autouse=True)
def benchmarks_on_path(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))


def test_the_climb_ends_on_a_top_and_tries_nothing_twice():
    from cine_study_tuning import climb  # noqa: PLC0415 - its folder is on the path now

    ladders = {"weight": (1, 2, 4, 8, 16), "iterations": (10, 20, 40)}
    asked = []

    def score(settings):
        asked.append(tuple(settings.values()))
        return -((settings["weight"] - 8) ** 2) - (settings["iterations"] - 10) ** 2

    chosen, tried = climb(ladders, {"weight": 2, "iterations": 40}, score)
    assert chosen == {"weight": 8, "iterations": 10}
    assert len(asked) == len(set(asked)) == len(tried)
    assert max(tried, key=lambda pair: pair[1]) == [chosen, 0]


def test_a_gain_not_worth_a_step_ends_the_climb():
    from cine_study_tuning import climb  # noqa: PLC0415

    chosen, _ = climb({"weight": (1, 2, 4)}, {"weight": 2}, lambda one: 0.001 * one["weight"])
    assert chosen == {"weight": 2}


def test_every_ladder_holds_its_start_and_fits_its_method():
    from cine_study_tuning import LADDERS, STARTS  # noqa: PLC0415

    from feathermr import make_method  # noqa: PLC0415

    for method, ladders in LADDERS.items():
        assert all(STARTS[method][name] in values for name, values in ladders.items())
        make_method(method, STARTS[method])


def test_test_and_tuning_films_are_apart(tmp_path):
    from cine_study_scans import TUNING_FILMS, Size, groups  # noqa: PLC0415

    paths = [tmp_path / f"{name}.npz" for name in (*TUNING_FILMS, "a", "b", "c")]
    for path in paths:
        path.write_bytes(path.name.encode())
    for group in groups(Size(), paths):
        test, tuning = ({(one.kind, one.seed, one.path) for one in films}
                        for films in (group.test, group.tuning))  # fmt: skip
        assert test
        assert tuning
        assert not {(kind, path or seed) for kind, seed, path in test} & {
            (kind, path or seed) for kind, seed, path in tuning
        }


def test_the_center_has_the_lines_that_fit():
    from cine_study_scans import center_lines  # noqa: PLC0415

    assert [center_lines(128, r) for r in (5, 8, 12)] == [11, 11, 4]
    assert center_lines(64, 8) == 6


def _film():
    from cine_study_scans import Source  # noqa: PLC0415

    return Source("heart", "simulated", 1, 1, (64, 64), 6)


def test_a_stored_result_is_not_computed_again(tmp_path, monkeypatch):
    import cine_study_measure  # noqa: PLC0415
    from cine_study_measure import Contestant, Store, scored  # noqa: PLC0415

    store, one = Store(tmp_path), Contestant("view-sharing", "view-sharing", {"farthest": 0})
    first = scored(store, _film(), 5, one)
    assert set(first) == set(cine_study_measure.SCORES)

    def forbidden(*given):
        raise AssertionError("computed again")

    monkeypatch.setattr(cine_study_measure, "scores", forbidden)
    assert scored(store, _film(), 5, one) == first
    with pytest.raises(AssertionError, match="again"):
        scored(store, _film(), 5, Contestant("view-sharing", "view-sharing", {"farthest": 2}))


def test_a_failure_is_told_but_not_stored(tmp_path):
    from cine_study_measure import Contestant, Store, scored  # noqa: PLC0415

    store = Store(tmp_path)
    one = Contestant("network", "network", {"weights": str(tmp_path / "none")})
    assert "failed" in scored(store, _film(), 5, one)
    assert not list(tmp_path.glob("*.json"))


@pytest.mark.parametrize("name", ["none", "shift", "fourier", "recurrence"])
def test_a_mixer_keeps_the_shape_and_learns(name):
    from cine_mixers import MIXERS  # noqa: PLC0415

    features = torch.randn(6, 8, 5, 4, generator=generator(0)).requires_grad_()
    module = MIXERS[name](8, 2)
    mixed = module(features, 3)
    assert mixed.shape == features.shape
    mixed.square().sum().backward()
    assert all(one.grad is not None and one.grad.any() for one in (features, *module.parameters()))
    # another last frame of the first film: the second film is not touched
    other = features.detach().clone()
    other[2] += 1
    change = (module(other, 3) - mixed).abs().amax((1, 2, 3))
    assert not change[3:].any()
    assert bool(change[1] > 0) == (name != "none")


def _row(cine, dual, classical):
    def scores(level):
        values = [level, level + 1.0, level + 2.0]
        return {
            "psnr": values, "psnr-moving": values, "psnr-still": values, "ssim": [0.9] * 3,
            "nmse": [0.01] * 3, "wall-motion": [0.8] * 3,
        }  # fmt: skip

    tuned = {"kt-l1": {"chosen": {"weight": 112, "iterations": 40}, "tried": [[{}, 30.0]]}}
    return {
        "achieved": 4.9, "lines": 26, "center": 11, "tuned": tuned, "failed": {},
        "scores": {
            "zero-filled": scores(20.0), "kt-l1": scores(classical), "dual-unet": scores(dual),
            "kronecker-cine": scores(cine),
        },
    }  # fmt: skip


def _record(row):
    film = {"name": "a", "kind": "simulated", "seed": 1}
    cost = {"multiply_adds": 1e9, "memory": 1e6, "seconds": 0.5}
    known = {"sha256": "0" * 64, "file": {"card": {}}}
    return {
        "environment": {"Processor": "P", "Commit": "c", "Written": "w"},
        "size": {"name": "study", "repeats": 5, "film": 160},
        "settings": {
            "snr": 40, "centers": {"5": 11}, "pattern": "kt-random", "first_test": 8000,
            "first_tuning": 7000, "policy": "volume", "tuning_films": ["x"], "workers": 2,
            "note": "",
        },
        "networks": {
            "dual-unet": {**known, "parameters": 1000}, "kronecker-cine": {**known,
            "parameters": 90},
        },
        "groups": {
            "simulated-1": {
                "title": "simulated hearts, 1 coil", "coils": 1, "shape": [128, 128], "frames": 20,
                "test": [film] * 3, "tuning": [film], "accelerations": {"5": row},
            }
        },
        "costs": {
            "acceleration": 8, "threads": 2,
            "groups": {"simulated-1": {"kt-l1": cost, "kronecker-cine": cost}},
        },
        "picture": {"group": "simulated-1", "film": "a", "acceleration": 8},
        "seconds": 60.0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("cine", "over_dual", "over_classical"),
    [
        (34.0, "met in all 3", "met in all 3"),
        (32.0, "**not met** at 1 coil 5x whole (+2.00)", "met in all 3"),
        (31.0, "met in 0 of 3", "**not met** at 1 coil 5x whole (+1.00)"),
    ],
)
def test_the_page_says_which_targets_are_met(cine, over_dual, over_classical):
    from cine_study_page import page  # noqa: PLC0415

    lines = page(_record(_row(cine, 30.0, 30.0))).splitlines()
    (dual,) = [one for one in lines if one.startswith("- simulated hearts: +3 dB")]
    (best,) = [one for one in lines if one.startswith("- simulated hearts: +1.5 dB")]
    assert over_dual in dual
    assert over_classical in best
    assert any("parameters of the dual U-Net: met, 90 to 1,000 (9.0%)" in one for one in lines)
    assert any("the real film: +3 dB" in one and "not measured" in one for one in lines)
    assert any("| weight 112, iterations 40 |" in one and "| weight |" in one for one in lines)


def test_the_page_does_without_networks():
    from cine_study_page import page  # noqa: PLC0415

    record = _record(_row(34.0, 30.0, 30.0))
    record["networks"] = {}
    for name in ("dual-unet", "kronecker-cine"):
        del record["groups"]["simulated-1"]["accelerations"]["5"]["scores"][name]
    record["costs"]["groups"]["simulated-1"].pop("kronecker-cine")
    text = page(record)
    assert "Not there: `dual-unet`, `kronecker-cine`" in text
    assert "was not measured" in text


@pytest.mark.slow
def test_the_study_runs(tmp_path):
    command = [
        sys.executable, FOLDER / "cine_study.py", "--quick", "--workers", "1", "--threads", "1",
        "--output", tmp_path,
    ]  # fmt: skip
    subprocess.run(
        command, check=True, capture_output=True, timeout=600,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    record = json.loads((tmp_path / "results" / "cine.json").read_text())
    assert set(record["groups"]) == {"simulated-1", "simulated-8"}
    assert (tmp_path / "images" / "cine-study.png").stat().st_size > 1000
    assert "smoke test" in (tmp_path / "results" / "cine.md").read_text()
