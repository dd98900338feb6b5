"""List methods, sampling patterns and metrics: name, one line, settings."""

from __future__ import annotations

import argparse
import json
from dataclasses import fields

from rich.markup import escape
from rich.table import Table

import feathermr
from feathermr.cli.terminal import say, show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``feathermr methods``."""
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")


def run(options: argparse.Namespace) -> None:
    """Print what there is."""
    listing = {
        "methods": [
            {
                "name": name,
                "summary": _first_line(method),
                "settings": {field.name: field.default for field in fields(method)},
            }
            for name, method in feathermr.METHODS.items()
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
        if title == "methods":
            table.add_column("settings (--set key=value)")
        for entry in entries:
            chosen = entry.get("settings", {})
            row = [entry["name"], escape(entry["summary"])]
            if title == "methods":
                row.append(", ".join(f"{key}={value}" for key, value in chosen.items()))
            table.add_row(*row)
        show(table)
        say("")


def _first_line(documented: object) -> str:
    return (documented.__doc__ or "").partition("\n")[0].replace("``", "")
