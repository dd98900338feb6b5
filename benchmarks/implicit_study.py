"""Films at any time: ``make study-implicit``.

python benchmarks/implicit_study.py                       # train what is missing, then the page
python benchmarks/implicit_study.py --train --only rdn3d  # some trainings, no page
python benchmarks/implicit_study.py --tune inr            # settings on tuning films, printed
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch
from cine_study_measure import Store
from implicit_study_measure import LADDERS, tuned
from implicit_study_plan import SIZES, VARIANTS, Size, folder_name, recipe
from implicit_study_scans import groups
from study_runs import trained

ROOT = Path(__file__).resolve().parents[1]


def trainings(size: Size, folder: Path, only: list[str]) -> None:
    """All variants, or some."""
    for variant in VARIANTS:
        if not only or variant in only:
            trained(recipe(variant, size), folder / folder_name(variant))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="tiny, a minute")
    parser.add_argument("--train", action="store_true", help="train only, no page")
    parser.add_argument("--only", nargs="*", default=[], help="variants to train")
    parser.add_argument("--tune", choices=tuple(LADDERS), help="choose settings, print them")
    parser.add_argument("--films", nargs="*", type=Path, default=[], help="files of the real film")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--output", type=Path, help="folder, instead of docs and out")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    size = SIZES["quick" if options.quick else "study"]
    place = (options.output or ROOT / "out") / "implicit" / size.name
    if options.tune:
        films = [film for group in groups(size, options.films) for film in group.tuning]
        found = tuned(Store(place / "scores"), films, size.accelerations, options.tune)
        for settings, value in found["tried"]:
            print(f"{value:.3f} dB  {settings}")
        print(f"chosen: {found['chosen']}", file=sys.stderr)
        return
    trainings(size, place, options.only)


if __name__ == "__main__":
    main()
