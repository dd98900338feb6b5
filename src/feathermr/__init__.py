"""FeatherMR: accelerated MRI reconstruction with networks light enough for the scanner.

The names below are loaded when they are first used, so that ``feathermr --help`` is instant.
"""

from importlib import import_module
from typing import Any

from feathermr.core.waiting import bound_waiting

bound_waiting()

__version__ = "0.1.0"

_PUBLIC = {
    "load": "feathermr.acquisition",
    "save_acquisition": "feathermr.acquisition",
    "save_cine": "feathermr.acquisition",
    "save_image": "feathermr.acquisition",
    "IMAGE_FORMATS": "feathermr.acquisition",
    "check_image_format": "feathermr.acquisition",
    "Acquisition": "feathermr.acquisition",
    "Header": "feathermr.acquisition",
    "undersample": "feathermr.acquisition",
    "named_like_scan": "feathermr.acquisition.scan_names",
    "ANATOMIES": "feathermr.phantom",
    "simulate": "feathermr.phantom",
    "from_image": "feathermr.phantom",
    "PATTERNS": "feathermr.sampling",
    "Undersampling": "feathermr.sampling",
    "read_mask": "feathermr.sampling",
    "METRICS": "feathermr.metrics",
    "MODELS": "feathermr.models",
    "build": "feathermr.models",
    "FIELDS": "feathermr.models.implicit",
    "load_field": "feathermr.models.implicit",
    "save_field": "feathermr.models.implicit",
    "cost": "feathermr.nn.cost",
    "cost_problem": "feathermr.nn.cost",
    "METHODS": "feathermr.recon",
    "TIMED_METHODS": "feathermr.recon",
    "SUPER_RESOLUTION_METHODS": "feathermr.recon",
    "TASKS": "feathermr.recon",
    "Comparison": "feathermr.recon",
    "Reconstruction": "feathermr.recon",
    "check_suits": "feathermr.recon",
    "coarsened": "feathermr.recon",
    "compare": "feathermr.recon",
    "default_method": "feathermr.recon",
    "evaluate": "feathermr.recon",
    "make_method": "feathermr.recon",
    "reconstruct": "feathermr.recon",
    "reference_image": "feathermr.recon",
    "store": "feathermr.recon",
    "Request": "feathermr.deploy.request",
    "read_scan": "feathermr.deploy.request",
    "reconstruct_file": "feathermr.deploy.one_file",
    "Archive": "feathermr.deploy.many.archive",
    "DaskCluster": "feathermr.deploy.many.dask_cluster",
    "LocalPool": "feathermr.deploy.many.local_pool",
    "reconstruct_many": "feathermr.deploy.many.run",
    "send": "feathermr.deploy.client",
    "volume_of": "feathermr.deploy.client",
    "Target": "feathermr.deploy.export",
    "export": "feathermr.deploy.export",
    "exportable": "feathermr.deploy.export",
    "accelerate": "feathermr.deploy.runtime",
    "load_package": "feathermr.deploy.runtime",
    "evaluation_tables": "feathermr.report",
    "score_table": "feathermr.report",
    "to_rich": "feathermr.report",
    "write_evaluation_table": "feathermr.report",
    "write_report": "feathermr.report",
    "RECIPES": "feathermr.training.recipe",
    "load_recipe": "feathermr.training.recipe",
    "named_recipe": "feathermr.training.recipe",
    "TrainingRun": "feathermr.training.train",
    "train": "feathermr.training.train",
    "fold": "feathermr.nn",
    "kroneckerize": "feathermr.nn",
    "cuda_name": "feathermr.core.environment",
    "thread_count": "feathermr.core.environment",
}

#: name -> package
_PACKAGES = {"nn": "feathermr.nn", "server": "feathermr.deploy.server"}

__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str) -> Any:
    if name in _PACKAGES:
        return import_module(_PACKAGES[name])
    if name not in _PUBLIC:
        raise AttributeError(f"module 'feathermr' has no attribute '{name}'")
    return getattr(import_module(_PUBLIC[name]), name)
