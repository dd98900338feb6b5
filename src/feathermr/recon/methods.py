"""The table of methods, and how one is made from its name and settings."""

from collections.abc import Mapping
from pathlib import Path

from feathermr.acquisition import Acquisition
from feathermr.core.progress import Progress, silent
from feathermr.core.registry import look_up
from feathermr.core.settings import Setting, with_settings
from feathermr.recon.cg_sense import CgSense
from feathermr.recon.kt_l1 import KtL1
from feathermr.recon.kt_tv import KtTotalVariation
from feathermr.recon.l1_wavelet import L1Wavelet
from feathermr.recon.learned import KroneckerCascade, KroneckerCine, KroneckerUnet, Network
from feathermr.recon.low_rank_sparse import LowRankSparse
from feathermr.recon.reconstruction import Reconstruction
from feathermr.recon.runner import Method, need_frames
from feathermr.recon.temporal_tv import TemporalTotalVariation
from feathermr.recon.total_variation import TotalVariation
from feathermr.recon.view_sharing import ViewSharing
from feathermr.recon.zero_filled import ZeroFilled

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
    "network": Network,
}

#: methods that need more than one frame
SERIES_METHODS = (
    "view-sharing",
    "temporal-tv",
    "kt-l1",
    "kt-tv",
    "low-rank-sparse",
    "kronecker-cine",
)


def check_suits(name: str, acquisition: Acquisition) -> None:
    """Refuse a method that cannot reconstruct a scan, before long work starts.

    Raises:
        DataError: a method for time series, and a scan of one frame.
    """
    if name in SERIES_METHODS:
        need_frames(acquisition, name)


def make_method(name: str, settings: Mapping[str, Setting] | None = None) -> Method:
    """The method called ``name``.

    Args:
        name: in ``METHODS``, or the path of a trained network: ``network`` with these weights.
        settings: values for its fields; text is converted to the field's type, and one of several
            words (a ``Literal``) must be among them.

    Raises:
        UsageError: an unknown method or setting, or a value of the wrong kind.

    Example:
        >>> make_method("cg-sense", {"iterations": "10"})
        CgSense(weight=45.0, iterations=10, calibration='espirit')
    """
    if name not in METHODS and Path(name).exists():
        return with_settings(Network(weights=name), settings, name)
    return with_settings(look_up(METHODS, name, "method")(), settings, name)


def reconstruct(
    acquisition: Acquisition,
    method: str | None = None,
    settings: Mapping[str, Setting] | None = None,
    *,
    progress: Progress = silent,
) -> Reconstruction:
    """Reconstruct a scan by the method called ``method``; by default `default_method`."""
    return make_method(method or default_method(acquisition), settings)(
        acquisition, progress=progress
    )


def default_method(acquisition: Acquisition) -> str:
    """What suits a scan: zero filling if complete, else a trained network, of films or of images.

    Complete is a scan without gaps: at its edges it may be padded with zeros.
    """
    if not acquisition.has_gaps:
        return "zero-filled"
    return "kronecker-cine" if acquisition.n_frames > 1 else "kronecker-cascade"
