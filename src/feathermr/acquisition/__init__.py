"""The record of a scan, the readers and writers of its formats, retrospective undersampling.

Readers and writers are loaded when they are first used: they bring the libraries of all formats.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from feathermr.acquisition.record import Acquisition, Header, Origin
from feathermr.acquisition.retrospective import undersample

if TYPE_CHECKING:
    from feathermr.acquisition.loading import load
    from feathermr.acquisition.numpy_arrays import save_cine
    from feathermr.acquisition.saving import (
        IMAGE_FORMATS,
        check_image_format,
        save_acquisition,
        save_image,
    )

_LAZY = {
    "load": "feathermr.acquisition.loading",
    "save_acquisition": "feathermr.acquisition.saving",
    "save_image": "feathermr.acquisition.saving",
    "save_cine": "feathermr.acquisition.numpy_arrays",
    "IMAGE_FORMATS": "feathermr.acquisition.saving",
    "check_image_format": "feathermr.acquisition.saving",
}

__all__ = [
    "IMAGE_FORMATS",
    "Acquisition",
    "Header",
    "Origin",
    "check_image_format",
    "load",
    "save_acquisition",
    "save_cine",
    "save_image",
    "undersample",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'feathermr.acquisition' has no attribute '{name}'")
    return getattr(import_module(_LAZY[name]), name)
