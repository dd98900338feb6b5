"""From two images of a scan to its score, under a stated policy."""

from collections.abc import Sequence
from typing import get_args

import torch
from torch import Tensor

from feathermr.acquisition.record import check_finite
from feathermr.core.axes import IMAGE, check_axes
from feathermr.core.errors import DataError, UsageError
from feathermr.core.registry import look_up
from feathermr.metrics.checks import check_pair
from feathermr.metrics.moving_region import has_both_regions
from feathermr.metrics.score import Alignment, Policy, Score
from feathermr.metrics.table import METRICS


def least_squares_factor(prediction: Tensor, target: Tensor) -> float:
    """The real factor ``a`` that minimises ``|a p - t|^2`` over all of a scan.

    Raises:
        DataError: the prediction is zero everywhere.
    """
    energy = float(prediction.abs().square().sum())
    if energy == 0:
        raise DataError("the prediction is zero everywhere, so no factor aligns it with the target")
    return float((prediction.conj() * target).real.sum()) / energy


def _prepare(prediction: Tensor, target: Tensor, wants_complex: bool) -> tuple[Tensor, Tensor]:
    """The images in double precision, as the metric wants them."""
    check_axes(target, IMAGE, "target")
    check_pair(prediction, target)
    check_finite(prediction, "the prediction")
    check_finite(target, "the target")
    if wants_complex and not (prediction.is_complex() and target.is_complex()):
        raise DataError(
            "a complex metric needs a complex prediction and a complex target, not "
            f"{prediction.dtype} and {target.dtype}; use a magnitude metric"
        )
    if wants_complex:
        return prediction.to(torch.complex128), target.to(torch.complex128)
    return prediction.abs().to(torch.float64), target.abs().to(torch.float64)


def _choose(value: str, choices: tuple[str, ...], name: str) -> None:
    if value not in choices:
        raise UsageError(f"{name} must be one of {', '.join(choices)}, not '{value}'")


def _films(target: Tensor) -> Tensor:
    """Which slices (slice,) are films with a moving region and a still background."""
    if target.shape[1] < 2:
        return torch.zeros(target.shape[0], dtype=torch.bool)
    return has_both_regions(target.abs())


def suitable_metrics(target: Tensor, *, with_phase: bool) -> list[str]:
    """Names of the metrics that mean something for a target.

    Those of films are left out unless a slice has several frames, a moving region and a still
    background.

    Args:
        target: (slice, frame, y, x).
        with_phase: whether complex images are compared.
    """
    moves = bool(_films(target).any())
    return [
        name
        for name, entry in METRICS.items()
        if (with_phase or not entry.complex) and (moves or not entry.film)
    ]


def score(
    prediction: Tensor,
    target: Tensor,
    *,
    metric: str,
    policy: Policy,
    alignment: Alignment,
    method: str,
    scan: str,
    subject: str,
) -> Score:
    """One metric of one scan, computed in double precision.

    Args:
        prediction: (slice, frame, y, x), complex or magnitude.
        target: (slice, frame, y, x), complex or magnitude.
        metric: its name in ``METRICS``; magnitude metrics are given magnitudes.
        policy: ``slice``: every image by itself, its data range the largest value of its target;
            ``volume``: one value for the scan, its data range the largest value of the scan's
            target, as fastMRI does: NMSE and PSNR over all pixels, others averaged over images.
            Metrics of films score each slice that moves by itself; ``volume`` averages them.
        alignment: ``least-squares`` multiplies the prediction with one real factor a scan.
        method: the method's name.
        scan: the scan's name.
        subject: who was scanned.

    Raises:
        DataError: shapes differ, values are not finite, or a target is zero everywhere.
        UsageError: a name is unknown.

    Example:
        >>> import torch
        >>> target = torch.ones(1, 1, 8, 8)
        >>> score(0.5 * target, target, metric="nmse", policy="slice", alignment="none",
        ...       method="half", scan="a", subject="a").mean
        0.25
    """
    entry = look_up(METRICS, metric, "metric")
    _choose(policy, get_args(Policy), "policy")
    _choose(alignment, get_args(Alignment), "alignment")
    prediction, target = _prepare(prediction, target, entry.complex)
    factor = least_squares_factor(prediction, target) if alignment == "least-squares" else 1.0
    if entry.film:
        known = _films(target)
        if not bool(known.any()):
            raise DataError(f"no slice of scan '{scan}' is a film with a moving region to score")
        pair = [film[known] for film in (factor * prediction, target)]
    else:
        pair = [image.flatten(0, 1) for image in (factor * prediction, target)]
    peaks = pair[1].abs().flatten(1).amax(1)
    if policy == "volume":
        peaks = target.abs().max()[None]
        if entry.pooled:
            pair = [image.flatten(0, 1)[None] for image in pair]
    if not bool((peaks > 0).all()):
        which = int((peaks == 0).nonzero()[0, 0])
        raise DataError(
            f"image {which} of the target of scan '{scan}' is zero everywhere, so it has no data "
            "range; leave it out"
        )
    values = entry.function(*pair, data_range=peaks.expand(len(pair[1])))
    if policy == "volume":
        values = values.mean(dim=0, keepdim=True)
    return Score(
        method=method,
        scan=scan,
        subject=subject,
        metric=metric,
        values=tuple(values.tolist()),
        policy=policy,
        data_range=tuple(peaks.tolist()),
        alignment=alignment,
        factor=factor,
    )


def score_all(
    prediction: Tensor,
    target: Tensor,
    *,
    policy: Policy,
    alignment: Alignment,
    method: str,
    scan: str,
    subject: str,
    metrics: Sequence[str] | None = None,
) -> tuple[Score, ...]:
    """Several metrics of one scan; the arguments are those of `score`.

    Args:
        prediction: (slice, frame, y, x), complex or magnitude.
        target: (slice, frame, y, x), complex or magnitude.
        policy: as in `score`.
        alignment: as in `score`.
        method: the method's name.
        scan: the scan's name.
        subject: who was scanned.
        metrics: names in ``METRICS``; without them the `suitable_metrics`.
    """
    if metrics is None:
        both_complex = prediction.is_complex() and target.is_complex()
        metrics = suitable_metrics(target, with_phase=both_complex)
    return tuple(
        score(
            prediction,
            target,
            metric=metric,
            policy=policy,
            alignment=alignment,
            method=method,
            scan=scan,
            subject=subject,
        )
        for metric in metrics
    )
