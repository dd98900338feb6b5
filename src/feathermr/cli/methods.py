"""List methods, networks, sampling patterns and metrics; or measure what networks cost."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from rich.markup import escape
from rich.table import Table

import feathermr
from feathermr.cli.options import add_device, checked_device, count
from feathermr.cli.terminal import note, progress_bars, say, show
from feathermr.core.registry import look_up

#: how settings are given, by what they are of
ARGUMENTS = {"methods": " (--set key=value)", "super-resolution": " (--scale, --kernel, --set)"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``feathermr methods``."""
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    group = parser.add_argument_group("cost of networks")
    group.add_argument(
        "--cost",
        nargs="*",
        metavar="NAME",
        help="measure parameters, multiply-adds, memory and time of these networks, or of all",
    )
    group.add_argument("--size", type=count, default=320, help="pixels an axis (default: 320)")
    group.add_argument("--coils", type=count, default=1, help="default: 1")
    add_device(parser)


def run(options: argparse.Namespace) -> None:
    """Print what there is, or what it costs."""
    if options.cost is not None:
        _show_costs(options)
        return
    listing: dict[str, list[dict[str, Any]]] = {
        "methods": _methods(feathermr.METHODS),
        "super-resolution": _methods(feathermr.SUPER_RESOLUTION_METHODS),
        "networks": [
            {"name": name, "summary": model.card.summary, "settings": asdict(model.config)}
            for name, model in feathermr.MODELS.items()
        ],
        "patterns": [
            {"name": name, "summary": _first_line(pattern)}
            for name, pattern in feathermr.PATTERNS.items()
        ],
        "metrics": [
            {"name": name, "summary": metric.summary.replace("``", "")}
            for name, metric in feathermr.METRICS.items()
        ],
    }
    if options.json:
        say(json.dumps(listing, indent=2))
        return
    for title, entries in listing.items():
        table = Table(title=title, title_justify="left", title_style="bold", box=None)
        table.add_column("name", no_wrap=True)
        table.add_column("what it is")
        if "settings" in entries[0]:
            table.add_column(f"settings{ARGUMENTS.get(title, '')}")
        for entry in entries:
            chosen = entry.get("settings", {})
            row = [entry["name"], escape(entry["summary"])]
            if "settings" in entry:
                row.append(", ".join(f"{key}={value}" for key, value in chosen.items()))
            table.add_row(*row)
        show(table)
        say("")


def _methods(table: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "summary": _first_line(method),
            "settings": {field.name: field.default for field in fields(method)},
        }
        for name, method in table.items()
    ]


def _show_costs(options: argparse.Namespace) -> None:
    device = checked_device(options.device)
    names = options.cost or list(feathermr.MODELS)
    for name in names:
        look_up(feathermr.MODELS, name, "network")
    costs = {}
    with progress_bars() as bars:
        for name in names:
            bar = bars.start(f"measuring {name}", 1)
            model = feathermr.build(name).to(device)
            frames = getattr(feathermr.MODELS[name].config, "frames", 1)
            problem = feathermr.cost_problem(options.size, options.coils, device, frames)
            costs[name] = asdict(feathermr.cost(model, *problem))
            bar(1, 1)
    if options.json:
        say(json.dumps(costs, indent=2))
        return
    plural = "s" if options.coils > 1 else ""
    table = Table(
        title=f"networks at {options.size} x {options.size}, {options.coils} coil{plural}",
        title_justify="left",
        title_style="bold",
        box=None,
    )
    table.add_column("network", no_wrap=True)
    for heading in ("parameters", "multiply-adds", "memory", "training", "time"):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, cost in costs.items():
        table.add_row(name, *_cost_cells(cost))
    show(table)
    threads = feathermr.thread_count()
    where = f"cpu, {threads} thread{'s' * (threads > 1)}" if device == "cpu" else "cuda"
    note(
        f"measured on {where}. Multiply-adds: of one image, Fourier transforms included. Memory: "
        "peak of a reconstruction and of a training step of one image, parameters included, the "
        "scan not. Time: of a reconstruction, median. Memory and time of a reconstruction are "
        "those of the folded network."
    )


def _cost_cells(cost: Mapping[str, float]) -> list[str]:
    return [
        f"{cost['parameters'] / 1e6:.3f} M",
        f"{cost['multiply_adds'] / 1e9:.2f} G",
        f"{cost['inference_memory'] / 2**20:.0f} MiB",
        f"{cost['training_memory'] / 2**20:.0f} MiB",
        f"{cost['seconds'] * 1e3:.0f} ms",
    ]


def _first_line(documented: object) -> str:
    return (documented.__doc__ or "").partition("\n")[0].replace("``", "")
