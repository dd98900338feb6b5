"""The table of metrics, with what a reader must know to read a number."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from feathermr.metrics.high_frequency_error import hfen
from feathermr.metrics.peak_signal import psnr
from feathermr.metrics.regional_error import nmse_moving, nmse_still, psnr_moving, psnr_still
from feathermr.metrics.relative_error import complex_nmse, nmse
from feathermr.metrics.structural_similarity import ssim
from feathermr.metrics.wall_motion import wall_motion


class MetricFunction(Protocol):
    """What every metric is: two images (..., y, x) in, one value an image (...) out."""

    def __call__(self, prediction: Tensor, target: Tensor, *, data_range: float | Tensor) -> Tensor:
        """Compare each image of ``prediction`` with that of ``target``."""
        ...


@dataclass(frozen=True)
class Metric:
    """One metric.

    Attributes:
        function: what computes it.
        unit: of its values; empty when it has none.
        higher_is_better: whether a better image has a higher value.
        complex: whether it compares complex images; magnitudes otherwise.
        pooled: whether the policy ``volume`` takes all pixels of a scan as one image; otherwise it
            averages over the images.
        film: whether it compares films (..., frame, y, x), one value a film; images otherwise.
        summary: one line.
    """

    function: MetricFunction
    unit: str
    higher_is_better: bool
    complex: bool
    pooled: bool
    film: bool
    summary: str


def _metric(
    function: MetricFunction,
    unit: str = "",
    *,
    higher_is_better: bool = False,
    complex: bool = False,
    pooled: bool = False,
    film: bool = False,
) -> Metric:
    summary = (function.__doc__ or "").partition("\n")[0]
    return Metric(function, unit, higher_is_better, complex, pooled, film, summary)


METRICS: Mapping[str, Metric] = {
    "nmse": _metric(nmse, pooled=True),
    "psnr": _metric(psnr, "dB", higher_is_better=True, pooled=True),
    "ssim": _metric(ssim, higher_is_better=True),
    "hfen": _metric(hfen),
    "complex-nmse": _metric(complex_nmse, complex=True, pooled=True),
    "psnr-moving": _metric(psnr_moving, "dB", higher_is_better=True, film=True),
    "psnr-still": _metric(psnr_still, "dB", higher_is_better=True, film=True),
    "nmse-moving": _metric(nmse_moving, film=True),
    "nmse-still": _metric(nmse_still, film=True),
    "wall-motion": _metric(wall_motion, higher_is_better=True, film=True),
}
