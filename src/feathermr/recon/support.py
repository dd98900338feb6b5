"""How far samples that were held out support one image rather than another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

import torch
from torch import Tensor

from feathermr.operators.encoding import constant_axes_reduced
from feathermr.recon.problem import Problem

#: what is expected of the share before any sample is asked, and its deviation
EXPECTED, DEVIATION = 0.5, 0.5
#: how many samples with independent errors a line counts for: it has more, but their errors, unlike
#: their noise, are alike
LINE = 16


@dataclass(frozen=True)
class Support:
    """What samples that neither of two images was made from say of them.

    Attributes:
        share: of the second image, 0 to 1, in the mixture that they support.
        errors: of their prediction by the first and by the second image, ``||A x - y|| / ||y||``
            under the weights of `supports`; ``None`` where no samples were held out.
        places: lines or points that were held out.
    """

    share: float = EXPECTED
    errors: tuple[float, float] | None = None
    places: int = 0


def supports(unseen: Problem, first: Tensor, second: Tensor, together: bool) -> list[Support]:
    """The share of the second image that predicts samples best, for each frame.

    ``A (x_1 + s (x_2 - x_1)) - y = r_1 - s d`` is linear in the share ``s``, so that the best one
    is known in closed form: ``<r_1, d> / ||d||^2``. What it leaves says how sure it is: its
    deviation is ``sqrt(v) / ||d||``, where ``v`` is the energy left a sample, counting samples
    whose errors are independent. With a share of ``m +- t`` expected beforehand, the posterior mean
    is ``s = (<r_1, d> + l m) / (||d||^2 + l)`` with ``l = v / t^2``, cut to [0, 1]: few samples
    leave it near ``m``. Norms weigh each sample by its distance from the center of k-space, else
    the few lines beside the center would decide alone.

    Args:
        unseen: the problem of the samples that neither image was made from; of one slice.
        first: the safe image (1, frame, y, x).
        second: the other.
        together: whether all frames have one share, as those of a film do.
    """
    kspace, operator = unseen.acquisition.kspace, unseen.encoding
    weight = _distance(kspace)
    missed = operator(first) - kspace
    change = missed - (operator(second) - kspace)
    mask = constant_axes_reduced(unseen.acquisition.mask).any(2)
    places = mask.expand(1, kspace.shape[1], *mask.shape[2:]).sum((0, 2, 3))
    independent = LINE if 1 in mask.shape[-2:] else 1
    samples = unseen.acquisition.mask.expand(kspace.shape)
    noise = 2 * unseen.noise**2 * (samples * weight).sum((0, 2, 3, 4), dtype=torch.float64)
    numbers = torch.stack(
        [
            _inner(missed, change, weight),
            _inner(change, change, weight),
            _inner(missed, missed, weight),
            _inner(kspace, kspace, weight),
            noise.cpu(),
            samples.sum((0, 2, 3, 4), dtype=torch.float64).cpu(),
            places.to("cpu", torch.float64),
        ],
        dim=1,
    )
    if together:
        numbers = numbers.sum(0, keepdim=True).expand_as(numbers)
    return [_support(row, independent) for row in numbers.tolist()]


def _support(numbers: list[float], independent: int) -> Support:
    """The support from sums over samples.

    Args:
        numbers: ``<r_1, d>``, ``||d||^2``, ``||r_1||^2``, ``||y||^2``, what of it is noise, the
            number of samples, and that of places.
        independent: samples a place whose errors are independent.
    """
    gain, change, missed, energy, noise, samples, places = numbers
    if places == 0 or energy == 0:
        return Support()
    errors = tuple(
        (max(0.0, each) / energy) ** 0.5 for each in (missed, missed - 2 * gain + change)
    )
    best = min(1.0, max(0.0, gain / change)) if change > 0 else 0.0
    left = max(0.0, missed - 2 * best * gain + best**2 * change)
    of_noise = min(left, noise)
    variance = of_noise / samples + (left - of_noise) / (places * independent)
    doubt = variance / DEVIATION**2
    share = (gain + doubt * EXPECTED) / (change + doubt) if change + doubt > 0 else EXPECTED
    return Support(min(1.0, max(0.0, share)), (errors[0], errors[1]), round(places))


def _distance(kspace: Tensor) -> Tensor:
    """Distance of each sample (y, x) from the center of k-space, in cycles a pixel."""
    y, x = (
        (torch.arange(size, device=kspace.device, dtype=torch.float64) - size // 2) / size
        for size in kspace.shape[-2:]
    )
    return (y[:, None].square() + x.square()).sqrt()


def _inner(a: Tensor, b: Tensor, weight: Tensor) -> Tensor:
    """``Re <a, b>`` of each frame, of k-space (1, frame, coil, y, x) weighed by (y, x)."""
    products = (torch.view_as_real(a) * torch.view_as_real(b)).sum(-1)
    return (products.sum((0, 2), dtype=torch.float64) * weight).sum((-2, -1)).cpu()


def sentence(first: str, second: str, found: Sequence[Support]) -> str:
    """What the samples say of two methods, for the record of a scan.

    Args:
        first: name of the safe method.
        second: name of the other.
        found: of each frame of each slice.
    """
    told = [each for each in found if each.errors is not None]
    if not told:
        return (
            f"too little was sampled outside of the center to hold some out and choose between "
            f"{second} and {first}: the image is {EXPECTED:.0%} {second}, the rest is {first}"
        )
    errors = [fmean(each.errors[of] for each in told if each.errors) for of in (0, 1)]
    reason = f"error of {_places(told)} held out: {errors[1]:.3f} {second}, {errors[0]:.3f} {first}"
    if len(told) < len(found):
        reason += f"; where too little was sampled to choose, {EXPECTED:.0%} are {second}"
    return f"this scan {_verdict(first, second, [each.share for each in found])} ({reason})"


def _places(told: Sequence[Support]) -> str:
    counts = {each.places for each in told}
    low, high = min(counts), max(counts)
    return f"{low} lines or points" if low == high else f"{low} to {high} lines or points"


def _verdict(first: str, second: str, shares: Sequence[float]) -> str:
    cents = [round(100 * share) for share in shares]
    low, high = min(cents), max(cents)
    if high == 0:
        return f"does not support {second}: the image is that of {first}"
    if low == 100:
        return f"supports {second} fully"
    if low == high:
        return f"supports {second} by {low} %, the rest is {first}"
    middle = round(median(cents))
    return f"supports {second} by {low} to {high} % (median {middle} %), the rest is {first}"
