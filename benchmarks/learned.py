"""The trained networks of the package against tuned classical methods: ``make bench-learned``.

    python benchmarks/learned.py                                # simulated scans
    python benchmarks/learned.py --images "hearts" a.mat b.mat  # and retrospective ones of images
    python benchmarks/learned.py --raw scan.npy --layout coil,y,x   # and held-out real samples
    python benchmarks/learned.py --scans FOLDER                 # and complete measured ones, .npy
    python benchmarks/learned.py --parts images --images ...    # that part anew, the rest is kept
    python benchmarks/learned.py --cascade runs/cascade         # weights that do not ship yet
    python benchmarks/learned.py --quick                        # a smoke test, written elsewhere

Writes ``docs/weights.md`` from ``docs/results/learned.json``. One thread; with weights of one's own
or ``--quick`` both go to ``out/learned`` instead.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from learned_cases import FIRST_SEED, IMAGE_SNR, QUICK, SNR, Size, conditions, images, simulated
from learned_measure import FACTORS, HELD_OUT, LARGEST_FACTOR, group_row, raw_rows
from learned_measured import measured_rows
from learned_page import page

from feathermr import load
from feathermr.core.atomic import written_file
from feathermr.core.environment import environment
from feathermr.models.weights import SHIPPED, load_weights, read_card
from feathermr.nn.cost import parameter_count

ROOT = Path(__file__).resolve().parents[1]
FORMAT = "feathermr learned benchmark 1"
PARTS = ("measured", "simulated", "robustness", "images", "raw")


def cards(files: Mapping[str, str]) -> dict[str, Any]:
    """What is known of each network's file."""
    known = {}
    for name, given in files.items():
        path = Path(given) if given else SHIPPED[name]
        path = path / "model.safetensors" if path.is_dir() else path
        trained = load_weights(path)
        known[name] = {
            "sha256": trained.sha256, "bytes": path.stat().st_size,
            "parameters": parameter_count(trained.network), "file": dict(read_card(path)),
        }  # fmt: skip
    return known


def simulated_part(options: argparse.Namespace, size: Size, files: Mapping[str, str]) -> list[Any]:
    return [
        said(group_row(group, files, sweep=True, device=options.device))
        for group in simulated(size)
    ]


def robustness_part(options: argparse.Namespace, size: Size, files: Mapping[str, str]) -> list[Any]:
    rows = []
    for condition, shape, group in conditions(size):
        row = group_row(group, files, sweep=False, device=options.device)
        rows.append(
            said({**row, "pattern": condition.pattern, "snr": condition.snr, "shape": list(shape)})
        )
    return rows


def images_part(options: argparse.Namespace, size: Size, files: Mapping[str, str]) -> list[Any]:
    rows = []
    for label, *names in options.images:
        paths = [Path(name) for name in names]
        digests = [hashlib.sha256(path.read_bytes()).hexdigest()[:16] for path in paths]
        for group in images(label, paths, size):
            row = group_row(group, files, sweep=True, device=options.device)
            rows.append(said({**row, "files_sha256": digests, "note": options.note}))
    return rows


def raw_part(options: argparse.Namespace, size: Size, files: Mapping[str, str]) -> list[Any]:
    layout = tuple(options.layout.split(",")) if options.layout else None
    scan = load(options.raw, layout=layout)
    row = raw_rows(scan, size.folds, files, options.device)
    digest = hashlib.sha256(options.raw.read_bytes()).hexdigest()[:16]
    return [said({"name": options.raw_label, "file_sha256": digest, **row})]


def measured_part(options: argparse.Namespace, size: Size, files: Mapping[str, str]) -> list[Any]:
    return measured_rows(options.scans)


def said(row: dict[str, Any]) -> dict[str, Any]:
    print(f"  {row['name']}", flush=True)
    return row


RUN: Mapping[str, Callable[[argparse.Namespace, Size, Mapping[str, str]], list[Any]]] = {
    "measured": measured_part,
    "simulated": simulated_part,
    "robustness": robustness_part,
    "images": images_part,
    "raw": raw_part,
}


def kept(stored: Path, networks: Mapping[str, Any], quick: bool) -> dict[str, Any]:
    """Parts of an earlier run with the same weights."""
    if not stored.exists():
        return {}
    record = json.loads(stored.read_text())
    same = {name: one["sha256"] for name, one in networks.items()}
    parts = {
        name: part
        for name, part in record["parts"].items()
        if part["networks"] == same and part["quick"] == quick
    }
    for name in record["parts"].keys() - parts.keys():
        print(f"the stored part '{name}' was measured with other weights and is dropped")
    return parts


def run(options: argparse.Namespace, files: Mapping[str, str], stored: Path) -> None:
    """Store what this run measures, part by part, beside what is kept of earlier runs."""
    size = QUICK if options.quick else Size(images_with_coils=options.images_with_coils)
    networks = cards(files)
    settings = {
        "subjects": size.subjects, "shape": list(size.shape), "first_seed": FIRST_SEED, "snr": SNR,
        "image_snr": IMAGE_SNR, "factors": list(FACTORS), "largest_factor": LARGEST_FACTOR,
        "held_out": HELD_OUT,
    }  # fmt: skip
    parts = kept(stored, networks, options.quick)
    record = {"format": FORMAT, "settings": settings, "networks": networks, "parts": parts}
    for name in options.parts:
        needed = {"images": options.images, "raw": options.raw, "measured": options.scans}
        if not needed.get(name, True):
            continue
        print(name, flush=True)
        begun, used = time.perf_counter(), time.process_time()
        rows = RUN[name](options, size, files)
        parts[name] = {
            "environment": dict(environment()), "device": options.device, "quick": options.quick,
            "networks": {name: one["sha256"] for name, one in networks.items()},
            "seconds": round(time.perf_counter() - begun, 1),
            "processor_seconds": round(time.process_time() - used, 1), "rows": rows,
        }  # fmt: skip
        with written_file(stored) as beside:
            beside.write_text(json.dumps(record, allow_nan=False) + "\n")
        print(f"  {parts[name]['seconds']:.0f} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="tiny, a few seconds")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument(
        "--images", nargs="+", action="append", default=[], metavar=("LABEL", "PATH"),
        help="a name for tables, and images that 'load' reads; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--images-with-coils", type=int, default=Size.images_with_coils,
        help="at most so many of each label with eight coils; 0 for all",
    )  # fmt: skip
    parser.add_argument("--note", default="", help="sentence on the images, for the page")
    parser.add_argument("--scans", type=Path, help="folder of complete measured scans (.npy)")
    parser.add_argument("--raw", type=Path, help="an undersampled measured scan")
    parser.add_argument("--layout", default="", help="its axes, with commas")
    parser.add_argument("--raw-label", default="measured scan", help="its name in tables")
    parser.add_argument("--cascade", default="", help="other weights than those of the package")
    parser.add_argument("--unet", default="", help="other weights than those of the package")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--page", action="store_true", help="only write the page anew")
    parser.add_argument("--output", type=Path, help="folder, instead of docs or out/learned")
    options = parser.parse_args()
    for label, *paths in options.images:
        if Path(label).exists() or not paths:
            parser.error(f"--images takes a label and then files, not '{label}' first")
    torch.set_num_threads(1)
    files = {"kronecker-cascade": options.cascade, "kronecker-unet": options.unet}
    elsewhere = options.quick or any(files.values())
    folder = options.output or ROOT / ("out/learned" if elsewhere else "docs")
    stored = folder / "results" / "learned.json"
    if not options.page:
        run(options, files, stored)
    with written_file(folder / "weights.md") as beside:
        beside.write_text(page(json.loads(stored.read_text())))
    print(f"wrote {folder / 'weights.md'}")


if __name__ == "__main__":
    main()
