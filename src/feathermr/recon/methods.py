"""The tables of methods, one a task, and how one is made from its name and settings."""

from collections.abc import Mapping
from pathlib import Path

from feathermr.acquisition import Acquisition
from feathermr.core.errors import UsageError
from feathermr.core.progress import Progress, silent
from feathermr.core.registry import look_up
from feathermr.core.settings import Setting, with_settings
from feathermr.models.weights import SHIPPED
from feathermr.recon.cg_sense import CgSense
from feathermr.recon.implicit import Inr, InrLambda
from feathermr.recon.kt_l1 import KtL1
from feathermr.recon.kt_tv import KtTotalVariation
from feathermr.recon.l1_wavelet import L1Wavelet
from feathermr.recon.learned import KroneckerCascade, KroneckerCine, KroneckerUnet, Network
from feathermr.recon.learned_super_resolution import Chpnet, SuperResolutionNetwork
from feathermr.recon.liif import LiifRdn3d
from feathermr.recon.low_rank_sparse import LowRankSparse
from feathermr.recon.magnify import need_no_gaps
from feathermr.recon.mixture import Mixing, Mixture
from feathermr.recon.reconstruction import Reconstruction, Task
from feathermr.recon.runner import Method, need_frames
from feathermr.recon.super_resolution import (
    Bicubic,
    TotalVariationSuperResolution,
    ZeroFillInterpolation,
)
from feathermr.recon.temporal_tv import TemporalTotalVariation
from feathermr.recon.total_variation import TotalVariation
from feathermr.recon.view_sharing import ViewSharing
from feathermr.recon.zero_filled import ZeroFilled

#: from undersampled k-space to images
METHODS: Mapping[str, type[Method]] = {
    "zero-filled": ZeroFilled,
    "cg-sense": CgSense,
    "l1-wavelet": L1Wavelet,
    "tv": TotalVariation,
    "view-sharing": ViewSharing,
    "temporal-tv": TemporalTotalVariation,
    "kt-l1": KtL1,
    "kt-tv": KtTotalVariation,
    "low-rank-sparse": LowRankSparse,
    "kronecker-cascade": KroneckerCascade,
    "kronecker-cine": KroneckerCine,
    "kronecker-unet": KroneckerUnet,
    "liif-rdn3d": LiifRdn3d,
    "inr": Inr,
    "inr-lambda": InrLambda,
    "network": Network,
}

#: from images of low resolution to finer ones
SUPER_RESOLUTION_METHODS: Mapping[str, type[Method]] = {
    "zero-fill-interpolation": ZeroFillInterpolation,
    "bicubic": Bicubic,
    "tv-super-resolution": TotalVariationSuperResolution,
    "chpnet": Chpnet,
    "network": SuperResolutionNetwork,
}

#: the methods of each task
TASKS: Mapping[str, Mapping[str, type[Method]]] = {
    "reconstruction": METHODS,
    "super-resolution": SUPER_RESOLUTION_METHODS,
}

#: what reconstructs, or makes finer, by weights that may be absent or for something else
LEARNED = (Network, Chpnet, SuperResolutionNetwork)
_NETWORKS: Mapping[Task, type[Network] | type[SuperResolutionNetwork]] = {
    "reconstruction": Network,
    "super-resolution": SuperResolutionNetwork,
}

#: methods that give a film at any time
TIMED_METHODS = ("inr", "inr-lambda", "liif-rdn3d")

#: what stands between the names of two methods that are mixed, the safe one last
PLUS = "+"

#: methods that need more than one frame
SERIES_METHODS = (
    "view-sharing",
    "temporal-tv",
    "kt-l1",
    "kt-tv",
    "low-rank-sparse",
    "kronecker-cine",
    "liif-rdn3d",
)


def check_suits(name: str, acquisition: Acquisition, task: Task = "reconstruction") -> None:
    """Refuse a method that cannot do its task with a scan, before long work starts.

    Raises:
        DataError: a method for time series, and a scan of one frame; or super-resolution, and an
            undersampled scan.
    """
    if task == "super-resolution":
        need_no_gaps(acquisition, name)
    elif for_series(name):
        need_frames(acquisition, name)


def for_series(name: str) -> bool:
    """Whether a method, or one of two that are mixed, needs more than one frame."""
    return not set(name.split(PLUS)).isdisjoint(SERIES_METHODS)


def make_method(
    name: str, settings: Mapping[str, Setting] | None = None, task: Task = "reconstruction"
) -> Method:
    """The method called ``name``.

    Args:
        name: in the table of its task, ``METHODS`` or ``SUPER_RESOLUTION_METHODS``; or the path of
            a trained network: ``network`` with these weights; or two of ``METHODS`` and a plus
            between, the safe one last: a mixture of their images, as the scan supports it.
        settings: values for its fields; text is converted to the field's type, and one of several
            words (a ``Literal``) must be among them.
        task: what the method is for.

    Raises:
        UsageError: an unknown method or setting, a value of the wrong kind, or weights that are
            for something else.
        DataError: no weights where they should be.

    Example:
        >>> make_method("cg-sense", {"iterations": "10"})
        CgSense(weight=45.0, iterations=10, calibration='espirit')
    """
    methods = look_up(TASKS, task, "task")
    if name not in methods and Path(name).exists():
        return _checked(with_settings(_NETWORKS[task](weights=name), settings, name))
    if task == "reconstruction" and name not in methods and PLUS in name:
        return _mixture(name, settings)
    for other, table in TASKS.items():
        if name not in methods and name in table:
            raise UsageError(
                f"'{name}' is a method of {other}, not of {task}; of {task} there are: "
                f"{', '.join(methods)}"
            )
    return _checked(with_settings(look_up(methods, name, "method")(), settings, name))


def _mixture(name: str, settings: Mapping[str, Setting] | None) -> Mixture:
    """Two methods of the table as one."""
    parts = name.split(PLUS)
    if len(parts) != 2:
        raise UsageError(f"a mixture is of two methods, as kronecker-cascade+tv, not '{name}'")
    first, safe = (look_up(METHODS, part, "method") for part in parts)
    mixing = with_settings(Mixing(), settings, name)
    return Mixture(
        (parts[0], parts[1]), (_checked(first()), _checked(safe())), for_series(name), mixing
    )


def _checked(method: Method) -> Method:
    """Refuse weights that are not there or are for something else, before long work starts."""
    if isinstance(method, LEARNED):
        method.file()
    return method


def reconstruct(
    acquisition: Acquisition,
    method: str | None = None,
    settings: Mapping[str, Setting] | None = None,
    *,
    task: Task = "reconstruction",
    progress: Progress = silent,
) -> Reconstruction:
    """Do a task with a scan by the method called ``method``; by default the task's default."""
    scale = int((settings or {}).get("scale") or 2)
    name = method or default_method(acquisition, task, scale)
    return make_method(name, settings, task)(acquisition, progress=progress)


def default_method(acquisition: Acquisition, task: Task = "reconstruction", scale: int = 2) -> str:
    """What suits a scan.

    To reconstruct: zero filling if complete, else a trained network, of films or of images.
    Complete is a scan without gaps: at its edges it may be padded with zeros. For
    super-resolution: a trained network if one ships for the scale, else total variation.
    """
    if task == "super-resolution":
        return "chpnet" if f"chpnet-x{scale}" in SHIPPED else "tv-super-resolution"
    if not acquisition.has_gaps:
        return "zero-filled"
    return "kronecker-cine" if acquisition.n_frames > 1 else "kronecker-cascade"
