"""Arrays to pictures: 8-bit values, contact sheets of frames, PNG data addresses."""

import base64
import io
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from feathermr.report.palettes import Palette

Floats = NDArray[np.floating]
Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Sheets:
    """One picture a slice, each holding all frames row by row.

    Attributes:
        addresses: ``data:image/png;base64,...``, one a slice.
        frames: frames on each sheet.
        columns: frames in a row of the sheet.
    """

    addresses: tuple[str, ...]
    frames: int
    columns: int


def magnitude_bytes(magnitude: Floats, upper: float) -> Bytes:
    """Magnitude 0 to ``upper`` as 0 to 255; more is white."""
    values: Bytes = np.round(np.clip(magnitude / upper, 0, 1) * 255).astype(np.uint8)
    return values


def error_bytes(error: Floats, upper: float) -> Bytes:
    """The same for errors in 64 steps: noise in the last bits would double the file."""
    steps = np.round(np.clip(error / upper, 0, 1) * 63)
    values: Bytes = np.round(steps * (255 / 63)).astype(np.uint8)
    return values


def phase_bytes(image: NDArray[np.complexfloating], threshold: float) -> Bytes:
    """Angle -pi to pi as 1 to 255; 0 where the magnitude is not above ``threshold``."""
    turns = np.mod(np.angle(image) / (2 * np.pi) + 0.5, 1.0)
    levels = 1 + np.minimum(np.floor(turns * 255), 254)
    return np.where(np.abs(image) > threshold, levels, 0).astype(np.uint8)


def log_bytes(magnitude: Floats, floor: float) -> Bytes:
    """Decibels below the peak, ``floor`` (negative) to 0, as 24 to 255; 0 where nothing is.

    What was sampled stays distinguishable from what was not, however small it is.
    """
    peak = float(magnitude.max())
    if peak == 0:
        return np.zeros(magnitude.shape, np.uint8)
    decibels = 20 * np.log10(np.maximum(magnitude, peak * 1e-12) / peak)
    levels = 24 + 231 * np.clip(1 - decibels / floor, 0, 1)
    return np.where(magnitude > 0, np.round(levels), 0).astype(np.uint8)


def contact_sheet(frames: Bytes) -> Bytes:
    """Frames (frame, y, x) side by side, row by row, in about as many rows as columns."""
    count, height, width = frames.shape
    columns = math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    padded = np.zeros((rows * columns, height, width), np.uint8)
    padded[:count] = frames
    grid = padded.reshape(rows, columns, height, width).transpose(0, 2, 1, 3)
    return grid.reshape(rows * height, columns * width)


def png(values: Bytes, palette: Palette | None = None) -> bytes:
    """An 8-bit PNG file of values (y, x), grey or looked up in ``palette``."""
    picture = Image.fromarray(np.ascontiguousarray(values))
    if palette is not None:
        picture.putpalette(palette.tobytes())
    file = io.BytesIO()
    picture.save(file, "PNG", optimize=True)
    return file.getvalue()


def sheets(values: Bytes, palette: Palette | None = None) -> Sheets:
    """Values (slice, frame, y, x) as one picture a slice."""
    frames = values.shape[1]
    addresses = tuple(
        "data:image/png;base64," + base64.b64encode(png(contact_sheet(one), palette)).decode()
        for one in values
    )
    return Sheets(addresses, frames, math.ceil(math.sqrt(frames)))
