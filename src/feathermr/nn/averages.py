"""Averages of a film over time and space, from which a network chooses pixel by pixel."""

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, pad, relu

from feathermr.core.tracing import is_traced

#: frames before and after that are averaged
REACHES = (1, 3)
#: what is chosen from: the averages, and another estimate of the film
CHOICES = len(REACHES) + 4
#: opinion on each before training, in units of the noise
UNTRAINED = 0.05


def averages(film: Tensor, frames: int) -> list[Tensor]:
    """Over 3 and 7 frames, over all, over 3 x 3 pixels, and over all and 3 x 3 pixels.

    At the ends of the film and of the image only what exists is averaged.

    Args:
        film: (slice * frame, channel, y, x).
        frames: number of frames.
    """
    rows = film.reshape(-1, 1, frames, film[0].numel())
    near = [_near(rows, reach) for reach in REACHES]
    still = rows.mean(2, keepdim=True)
    around = _around(film)
    both = around.reshape(rows.shape).mean(2, keepdim=True)
    spread = [each.expand_as(rows).reshape(film.shape) for each in (*near, still, both)]
    return [*spread[:-1], around, spread[-1]]


def _near(rows: Tensor, reach: int) -> Tensor:
    """Over ``reach`` frames before and after; (slice, 1, frame, pixel)."""
    if is_traced():  # runtimes pool films of one channel slowly
        return _moving(rows, reach, -2)
    return avg_pool2d(rows, (2 * reach + 1, 1), 1, (reach, 0), count_include_pad=False)


def _around(film: Tensor) -> Tensor:
    """Over 3 x 3 pixels."""
    if is_traced():
        return _moving(_moving(film, 1, -2), 1, -1)
    return avg_pool2d(film, 3, 1, 1, count_include_pad=False)


def _moving(values: Tensor, reach: int, axis: int) -> Tensor:
    """The mean of what exists of ``2 reach + 1`` neighbours along an axis, as a sum of shifts."""
    border = (0, 0, reach, reach) if axis == -2 else (reach, reach)
    line = values[:1, :1, :, :1] if axis == -2 else values[:1, :1, :1]
    length = values.shape[axis]
    total, count = (
        _sum([padded.narrow(axis, shift, length) for shift in range(2 * reach + 1)])
        for padded in (pad(values, border), pad(torch.ones_like(line), border))
    )
    return total / count


def _sum(parts: list[Tensor]) -> Tensor:
    """Of tensors of one shape."""
    whole = parts[0]
    for part in parts[1:]:
        whole = whole + part
    return whole


def chosen(film: Tensor, other: Tensor, opinions: Tensor, sigma: Tensor, frames: int) -> Tensor:
    """``sum_k g_k (a_k - z)`` with ``g_k = o_k / (sum_j o_j + sigma)``.

    The choices ``a_k`` are averages of ``z`` and another estimate of the same film.

    Real shares of complex values: the phase stays consistent. If ``z``, ``o`` and ``sigma`` grow
    by a factor, so does the result. Averaging where nothing moves is what removes most noise, and
    choosing among averages is learned sooner than making them (Mildenhall et al. 2018,
    arXiv:1712.02327).

    Args:
        film: ``z`` (slice * frame, channel, y, x).
        other: the other estimate, of the same shape.
        opinions: of the network on each choice (slice * frame, `CHOICES`, y, x); negative ones
            count as none.
        sigma: level of the noise (slice * frame, 1, 1, 1).
        frames: number of frames.
    """
    weights = relu(opinions + UNTRAINED * sigma)
    shares = weights / (weights.sum(1, keepdim=True) + sigma)
    change = torch.zeros_like(film)
    for index, choice in enumerate([*averages(film, frames), other]):
        change = change + shares[:, index : index + 1] * (choice - film)
    return change
