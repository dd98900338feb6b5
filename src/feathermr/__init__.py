"""FeatherMR: accelerated MRI reconstruction with networks light enough for the scanner.

The names below are loaded when they are first used, so that ``feathermr --help`` is instant.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_PUBLIC = {
    "load": "feathermr.acquisition",
    "save": "feathermr.acquisition",
    "Acquisition": "feathermr.acquisition",
    "Header": "feathermr.acquisition",
    "undersample": "feathermr.acquisition",
    "simulate": "feathermr.phantom",
    "PATTERNS": "feathermr.sampling",
    "METHODS": "feathermr.recon",
    "reconstruct": "feathermr.recon",
    "Reconstruction": "feathermr.recon",
    "METRICS": "feathermr.metrics",
    "write_report": "feathermr.report",
}

__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'feathermr' has no attribute '{name}'")
    return getattr(import_module(_PUBLIC[name]), name)
