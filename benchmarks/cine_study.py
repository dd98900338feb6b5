"""Films of hearts, all methods side by side: ``make study-cine``.

    python benchmarks/cine_study.py --dual runs/dual --films FOLDER/*.npz   # all of it
    python benchmarks/cine_study.py --cine runs/cine --dual runs/dual  # weights that do not ship
    python benchmarks/cine_study.py --ablations out/cine-ablations --mixing out/cine-mixing
    python benchmarks/cine_study.py --page      # only the page, from what is stored
    python benchmarks/cine_study.py --quick     # a smoke test, written elsewhere

Every result of a method on a film is stored when it is finished (``out/cine-study``) under what
decides it, and is never computed again, so that the study can be stopped and gone on with; remove
the folder after a method was changed. The page ``docs/results/cine.md`` is written from
``docs/results/cine.json``. The ablations and the comparison of temporal mixing are trained by
``cine_ablations.py`` and ``cine_mixing.py``.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch
from cine_study_measure import (
    POLICY,
    SCORES,
    Contestant,
    Store,
    card,
    measured_costs,
    network,
    scored,
    tuned,
)
from cine_study_page import page
from cine_study_picture import draw, picture_films
from cine_study_scans import (
    CENTERS,
    FIRST_TEST,
    FIRST_TUNING,
    PATTERN,
    QUICK,
    SNR,
    TUNING_FILMS,
    Group,
    Size,
    Source,
    center_lines,
    complete,
    groups,
    undersampled,
)
from cine_study_statistics import CINE, DUAL, best_classical
from cine_study_tuning import CLASSICAL, LADDERS

from feathermr.core.atomic import written_file
from feathermr.core.environment import environment

ROOT = Path(__file__).resolve().parents[1]
FORMAT = "feathermr cine study 1"
#: of the picture, and of the films that are timed
SHOWN_ACCELERATION = 8
Say = Callable[[str], None]
Job = tuple[Callable[..., Any], tuple[Any, ...]]


@contextmanager
def pool(workers: int) -> Iterator[Callable[[Sequence[Job]], Iterable[tuple[int, Any]]]]:
    """A function that does jobs beside each other and gives (place, answer) as they finish."""
    if workers < 2:
        yield lambda jobs: ((place, work(*given)) for place, (work, given) in enumerate(jobs))
        return
    with ProcessPoolExecutor(
        workers, get_context("spawn"), torch.set_num_threads, (1,)
    ) as processes:

        def every(jobs: Sequence[Job]) -> Iterable[tuple[int, Any]]:
            places: dict[Future[Any], int] = {
                processes.submit(work, *given): place for place, (work, given) in enumerate(jobs)
            }
            return ((places[one], one.result()) for one in as_completed(places))

        yield every


def score_film(store: Store, source: Source, jobs: Sequence[tuple[float, Contestant]]) -> list[Any]:
    """All methods on one film, which is made once."""
    return [scored(store, source, acceleration, one) for acceleration, one in jobs]


def study(
    size: Size, found: Sequence[Group], networks: Sequence[Contestant], store: Store,
    workers: int, say: Say,
) -> dict[str, Any]:  # fmt: skip
    """Tune, then test; the part of the record that holds them."""
    record: dict[str, Any] = {}
    with pool(workers) as every:
        order = [
            (group, acceleration, method)
            for method in reversed(CLASSICAL)
            for group in reversed(found)
            for acceleration in size.accelerations
        ]
        chosen: dict[tuple[str, float, str], Any] = {}
        jobs: list[Job] = [(tuned, (store, group.tuning, r, m)) for group, r, m in order]
        for done, (place, answer) in enumerate(every(jobs), 1):
            group, acceleration, method = order[place]
            chosen[group.key, acceleration, method] = answer
            say(f"tuned {done} of {len(order)}: {group.title}, {acceleration:g}x, {method}")
        films = [(group, source) for group in found for source in group.test]
        rows = {
            group.key: [
                (r, one)
                for r in size.accelerations
                for one in contestants(group.key, r, chosen, networks)
            ]
            for group in found
        }
        answers: dict[tuple[str, str], list[Any]] = {}
        jobs = [(score_film, (store, source, rows[group.key])) for group, source in films]
        for done, (place, answer) in enumerate(every(jobs), 1):
            group, source = films[place]
            answers[group.key, source.name] = answer
            say(f"tested {done} of {len(films)}: {source.name}")
    for group in found:
        record[group.key] = group_record(group, size, rows[group.key], chosen, answers)
    return record


def contestants(
    key: str, acceleration: float, chosen: Mapping[Any, Any], networks: Sequence[Contestant]
) -> list[Contestant]:
    """The tuned classical methods and the networks."""
    classical = [
        Contestant(method, method, chosen[key, acceleration, method]["chosen"])
        for method in CLASSICAL
    ]
    return [*classical, *networks]


def group_record(
    group: Group, size: Size, rows: Sequence[tuple[float, Contestant]], chosen: Mapping[Any, Any],
    answers: Mapping[Any, Sequence[Mapping[str, Any]]],
) -> dict[str, Any]:  # fmt: skip
    """Scores by acceleration, method and metric, one a film in the order of the films."""
    by: dict[str, Any] = {}
    for acceleration in size.accelerations:
        scan = undersampled(group.test[0], acceleration)
        phase = scan.header.phase_axis
        by[f"{acceleration:g}"] = {
            "achieved": scan.acceleration,
            "lines": int(scan.mask[0, 0, 0].any(-1 if phase == -2 else -2).sum()),
            "center": center_lines(scan.kspace.shape[phase], acceleration),
            "tuned": {m: chosen[group.key, acceleration, m] for m in CLASSICAL if LADDERS[m]},
            "scores": {}, "failed": {},
        }  # fmt: skip
    for place, (acceleration, one) in enumerate(rows):
        values = [answers[group.key, source.name][place] for source in group.test]
        there = by[f"{acceleration:g}"]
        if failed := [value["failed"] for value in values if "failed" in value]:
            there["failed"][one.name] = failed[0]
        else:
            there["scores"][one.name] = {m: [value[m] for value in values] for m in SCORES}
    scan = complete(group.test[0])
    return {
        "title": group.title, "coils": group.coils, "shape": list(scan.shape),
        "frames": scan.n_frames, "test": [source.record() for source in group.test],
        "tuning": [source.record() for source in group.tuning], "accelerations": by,
    }  # fmt: skip


def costs(
    size: Size, found: Sequence[Group], record: Mapping[str, Any],
    networks: Sequence[Contestant], store: Store, say: Say,
) -> dict[str, Any]:  # fmt: skip
    """Of a simulated film with one coil and with eight, by group and method."""
    acceleration = timed_acceleration(size)
    answers: dict[str, Any] = {}
    for group in found[:2]:
        there = record[group.key]["accelerations"][f"{acceleration:g}"]["tuned"]
        every = [Contestant(m, m, there[m]["chosen"] if m in there else {}) for m in CLASSICAL]
        answers[group.key] = measured_costs(
            store, group.test[0], acceleration, [*every, *networks], size.repeats
        )
        for name, answer in answers[group.key].items():
            say(f"cost of {name}, {group.title}: {answer}")
    return {"acceleration": acceleration, "threads": torch.get_num_threads(), "groups": answers}


def timed_acceleration(size: Size) -> float:
    return SHOWN_ACCELERATION if SHOWN_ACCELERATION in size.accelerations else size.accelerations[0]


def picture(
    size: Size, found: Sequence[Group], record: Mapping[str, Any],
    networks: Sequence[Contestant], path: Path,
) -> dict[str, Any]:  # fmt: skip
    """Draw the first real slice, or the first heart when there is none."""
    group = next((one for one in found if one.key == "film-1"), found[0])
    acceleration = timed_acceleration(size)
    rows = record[group.key]["accelerations"][f"{acceleration:g}"]
    best = best_classical(rows["scores"], "psnr")
    shown = [Contestant("zero-filled", "zero-filled")]
    shown += [Contestant(best, best, rows["tuned"].get(best, {"chosen": {}})["chosen"])]
    shown += [one for name in (DUAL, CINE) for one in networks if one.name == name]
    shown = [one for one in shown if one.name in rows["scores"]]
    source = group.test[0]
    draw(picture_films(undersampled(source, acceleration), shown), path)
    return {"group": group.key, "film": source.name, "acceleration": acceleration}


def run(options: argparse.Namespace, size: Size, folder: Path, stored: Path) -> None:
    """Everything that is missing, then the record."""
    begun = time.perf_counter()

    def say(line: str) -> None:
        print(f"[{time.perf_counter() - begun:5.0f} s] {line}", flush=True)

    store = Store((options.output or ROOT / "out") / "cine-study" / size.name)
    found = groups(size, options.films)
    networks = [
        one for name, given in ((DUAL, options.dual), (CINE, options.cine))
        if (one := network(name, given)) is not None
    ]  # fmt: skip
    torch.set_num_threads(1)
    results = study(size, found, networks, store, options.workers, say)
    torch.set_num_threads(options.threads)
    record = {
        "format": FORMAT,
        "environment": dict(environment()),
        "size": dict(vars(size)),
        "settings": {
            "snr": SNR, "centers": {f"{r:g}": n for r, n in CENTERS.items()}, "pattern": PATTERN,
            "first_test": FIRST_TEST, "first_tuning": FIRST_TUNING, "policy": POLICY,
            "tuning_films": list(TUNING_FILMS), "workers": options.workers, "note": options.note,
        },
        "networks": {one.name: card(one) for one in networks},
        "groups": results,
        "costs": costs(size, found, results, networks, store, say),
        "picture": picture(size, found, results, networks, folder / "images" / "cine-study.png"),
        "seconds": round(time.perf_counter() - begun, 1),
    }  # fmt: skip
    save(stored, {**kept(stored), **record})
    say(f"stored {stored}")


def kept(stored: Path) -> dict[str, Any]:
    """Trainings of an earlier run of this command."""
    earlier = json.loads(stored.read_text()) if stored.exists() else {}
    return {key: earlier[key] for key in ("ablations", "mixing") if key in earlier}


def add_trainings(options: argparse.Namespace, stored: Path) -> None:
    """Put the collected trainings of the other two commands into the record."""
    record = json.loads(stored.read_text())
    for key in ("ablations", "mixing"):
        folder: Path | None = getattr(options, key)
        if folder is not None:
            record[key] = json.loads((folder / f"{key}.json").read_text())
    save(stored, record)


def save(stored: Path, record: Mapping[str, Any]) -> None:
    with written_file(stored) as beside:
        beside.write_text(json.dumps(record, allow_nan=False) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="tiny, a minute")
    parser.add_argument("--films", nargs="+", type=Path, default=[], help="real slices over time")
    parser.add_argument("--film-size", type=int, help="their matrix; 0 for as it is, else 160")
    parser.add_argument("--dual", default="", help="run folder or weights of the dual U-Net")
    parser.add_argument("--cine", default="", help="other weights than those of the package")
    parser.add_argument("--ablations", type=Path, help="folder of cine_ablations.py")
    parser.add_argument("--mixing", type=Path, help="folder of cine_mixing.py")
    parser.add_argument("--note", default="", help="sentence on the networks, for the page")
    parser.add_argument("--workers", type=int, default=2, help="processes of one thread each")
    parser.add_argument("--threads", type=int, default=2, help="of the runs that are timed")
    parser.add_argument("--page", action="store_true", help="only write the page anew")
    parser.add_argument("--output", type=Path, help="folder, instead of docs")
    options = parser.parse_args()
    size = QUICK if options.quick else Size()
    if options.film_size is not None:
        size = Size(**{**vars(size), "film": options.film_size})
    folder = options.output or ROOT / ("out/cine-quick" if options.quick else "docs")
    stored = folder / "results" / "cine.json"
    if not options.page:
        run(options, size, folder, stored)
    add_trainings(options, stored)
    with written_file(folder / "results" / "cine.md") as beside:
        beside.write_text(page(json.loads(stored.read_text())))
    print(f"wrote {folder / 'results' / 'cine.md'}")


if __name__ == "__main__":
    main()
