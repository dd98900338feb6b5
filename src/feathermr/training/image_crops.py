"""Parts of pictures, and natural-like pictures that the simulator draws."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from feathermr.core.errors import DataError
from feathermr.core.fft import fft, ifft
from feathermr.phantom import (
    acquire,
    coil_maps,
    scanner_phase,
    scanner_signal,
    scene,
    signal_level,
)
from feathermr.recon.problem import robust_scale
from feathermr.training.image_files import Picture, read_luminance

#: smallest side of a picture
LEAST = 32
#: random places of which the first is taken that is not much darker than its picture
PLACES, DARK = 8, 0.5


class Seen(NamedTuple):
    """A picture, or a part of one, in units in which bright parts of the whole are about 1.

    Attributes:
        image: (y, x).
        low: the given picture of low resolution, if any.
        signal: of the whole, see `signal_level`.
        complete: complete k-space (1, 1, 1, y, x) without noise, where it was simulated.
    """

    image: Tensor
    low: Tensor | None
    signal: float
    complete: Tensor | None = None

    def part(self, corner: tuple[int, int], size: tuple[int, int], scale: int) -> Seen:
        """The rectangle from a corner on; all numbers are multiples of the scale."""
        (top, left), (height, width) = corner, size
        low = self.low
        if low is not None:
            rows, columns = slice(top // scale, None), slice(left // scale, None)
            low = low[rows, columns][: height // scale, : width // scale]
        image = self.image[top : top + height, left : left + width]
        return self._replace(image=image, low=low)

    def flipped(self, axes: list[int]) -> Seen:
        """Mirrored."""
        low = None if self.low is None else self.low.flip(axes)
        return self._replace(image=self.image.flip(axes), low=low)


def seen(picture: Picture, scale: int) -> Seen:
    """Read a picture, and the given one of low resolution.

    Raises:
        DataError: it cannot be used, or the two are no pair.
    """
    image = read_luminance(picture.path, LEAST)
    bright = robust_scale(image)
    image = image / bright
    signal = float(signal_level(fft(image.to(torch.complex64)[None, None, None])))
    if picture.low is None:
        return Seen(image, None, signal)
    low = read_luminance(picture.low, 1) / bright
    fits = [
        have in (size // scale, -(-size // scale))
        for have, size in zip(low.shape, image.shape, strict=True)
    ]
    if not all(fits):
        raise DataError(
            f"{picture.low} has {low.shape[0]} x {low.shape[1]} pixels and {picture.path} "
            f"{image.shape[0]} x {image.shape[1]}; they are no pair {scale} times apart"
        )
    return Seen(image, low, signal)


def whole(picture: Seen, multiple: int, largest: int) -> Seen:
    """As much as sides that are multiples allow, or the middle of a picture that is too large."""
    corner, size = [], []
    for length in picture.image.shape:
        wanted = min(length, largest) // multiple * multiple
        spare = (length - wanted) // 2 if length > largest else 0
        corner.append(spare // multiple * multiple)
        size.append(wanted)
    return picture.part((corner[0], corner[1]), (size[0], size[1]), multiple)


def crop(picture: Seen, side: int, multiple: int, source: torch.Generator) -> Seen:
    """A random square, perhaps mirrored; if it can be, one that is not almost empty.

    Args:
        picture: as wide or high as it is where that is less than the side.
        side: of the square, a multiple.
        multiple: what divides all sides and places.
        source: of everything random.
    """
    height, width = (length // multiple * multiple for length in picture.image.shape)
    size = min(side, height), min(side, width)
    limit = DARK * float(picture.image.mean())
    for _ in range(PLACES):
        corner = (
            multiple * _integer((height - size[0]) // multiple + 1, source),
            multiple * _integer((width - size[1]) // multiple + 1, source),
        )
        part = picture.part(corner, size, multiple)
        if float(part.image.mean()) >= limit:
            break
    return part.flipped([axis for axis in (-2, -1) if _integer(2, source)])


def drawn(side: int, source: torch.Generator) -> Seen:
    """A square of the simulator's ``natural``, scanned from a finer grid."""
    shape = side, side
    body = scene("natural", 1, shape, source)
    complete = acquire(scanner_signal(body, source), coil_maps(1, 1, shape, source), shape)
    image = ifft(complete).abs()[0, 0, 0]
    bright = robust_scale(image)
    signal = float(signal_level(complete))
    return Seen(image / bright, None, signal / bright, complete / bright)


def complete_kspace(picture: Seen, source: torch.Generator) -> Tensor:
    """K-space (1, 1, 1, y, x) of a picture with a scanner's phase, without noise."""
    if picture.complete is not None:
        return picture.complete
    image = picture.image[None, None]
    return fft(image * scanner_phase(image, source))[:, :, None]


def _integer(count: int, source: torch.Generator) -> int:
    return int(torch.randint(count, (), generator=source))
