"""Run exported networks: ``load_package`` a folder, or ``accelerate`` a learned method."""

from feathermr.deploy.graphs.engines import PRECISIONS
from feathermr.deploy.runtime.method import Accelerated, Packaged, accelerate, packaged
from feathermr.deploy.runtime.package import Package, is_package, load_package, read_package

__all__ = [
    "PRECISIONS",
    "Accelerated",
    "Package",
    "Packaged",
    "accelerate",
    "is_package",
    "load_package",
    "packaged",
    "read_package",
]
