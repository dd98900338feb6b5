"""Say which versions, devices and optional parts are here."""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import os
import platform
import shutil

from rich.markup import escape
from rich.table import Table

import feathermr
from feathermr.cli.terminal import show
from feathermr.core.optional import EXTRAS

LIBRARIES = (
    "torch",
    "numpy",
    "scipy",
    "h5py",
    "pydicom",
    "nibabel",
    "ismrmrd",
    "pillow",
    "matplotlib",
)
PROGRAMS = {
    "bart": "peer of the benchmarks (Debian: apt install bart)",
    "chromium": "tests of the report (Debian: apt install chromium)",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``feathermr doctor`` takes none."""


def run(options: argparse.Namespace) -> None:
    """Print the state of the installation."""
    table = Table(box=None, show_header=False)
    table.add_row("feathermr", feathermr.__version__)
    table.add_row("python", f"{platform.python_version()} on {platform.platform()}")
    for library in LIBRARIES:
        table.add_row(library, importlib.metadata.version(library))
    table.add_row("threads", f"{feathermr.thread_count()} of {os.cpu_count()} cores")
    table.add_row("cuda", feathermr.cuda_name() or "none (not needed)")
    for module, extra in EXTRAS.items():
        there = importlib.util.find_spec(module) is not None
        hint = f"not installed: pip install 'feathermr[{extra}]'"
        table.add_row(module, "installed" if there else escape(hint))
    for program, purpose in PROGRAMS.items():
        table.add_row(program, shutil.which(program) or f"not found; {purpose}")
    show(table)
