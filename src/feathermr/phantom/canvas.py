"""Where anatomy is drawn: coordinates in metres, random draws, and painting with soft edges."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from feathermr.phantom.fields import Shape, band_noise, power_law_noise, smooth_noise
from feathermr.phantom.motion import Motion
from feathermr.phantom.shapes import Number, rotate

#: The object is drawn on a grid this many times finer than the scan's, in y and in x.
OVERSAMPLING = 2


class Canvas:
    """A batch of objects in the making.

    Shapes are evaluated at the scan's resolution, brought to the finer grid by interpolating their
    signed distance, and only there turned into coverage, so that edges are as sharp as the finer
    grid allows and a pixel of the scan that holds two tissues holds the mean of both.

    Every array has the axes (batch, frame, y, x); parameters are (batch, 1, 1, 1).

    Attributes:
        y: rows, metres in the body's own frame, growing downwards from its middle.
        x: columns, metres, growing to the right.
        times: seconds of each frame, (frame, 1, 1).
        motion: how the bodies beat and breathe.
        pixel: size of a pixel of the finer grid in metres of the body's frame.
        edge: width of a tissue's edge in metres: one fine pixel, or more after `thicken`.
        image: what has been painted, (batch, frame, OVERSAMPLING * y, OVERSAMPLING * x).
    """

    def __init__(
        self,
        batch: int,
        shape: Shape,
        spacing: float,
        generator: torch.Generator,
        clock: tuple[tuple[float, ...], Motion],
    ) -> None:
        """Start with an empty picture of a body in standard position; see `place`.

        Args:
            batch: number of objects.
            shape: the scan's matrix (y, x).
            spacing: size of the scan's pixels in metres.
            generator: its device is where everything is drawn.
            clock: seconds of each frame and how the bodies move.
        """
        self.batch, self.shape, self.generator = batch, shape, generator
        self.device = generator.device
        self.times = torch.tensor(clock[0], device=self.device)[:, None, None]
        self.motion = clock[1]
        self._roughness: dict[float, Tensor] = {}
        rows, columns = (
            (torch.arange(size, device=self.device) - (size - 1) / 2) * spacing for size in shape
        )
        self.y = rows[:, None].expand(1, 1, *shape)
        self.x = columns[None, :].expand(1, 1, *shape)
        self.pixel: Number = spacing / OVERSAMPLING
        self.edge: Number = self.pixel
        self.fine = (shape[0] * OVERSAMPLING, shape[1] * OVERSAMPLING)
        self.image = torch.zeros(batch, 1, *self.fine, device=self.device)

    def uniform(self, low: float, high: float) -> Tensor:
        """One number an item, (batch, 1, 1, 1)."""
        unit = torch.rand(self.batch, 1, 1, 1, generator=self.generator, device=self.device)
        return low + (high - low) * unit

    def chance(self, probability: float) -> Tensor:
        """One or zero for each item, (batch, 1, 1, 1)."""
        return (self.uniform(0.0, 1.0) < probability).float()

    def smooth(self, cells: int, amplitude: Number = 1.0) -> Tensor:
        """Slowly varying noise with ``cells`` features across the picture."""
        return smooth_noise(self.batch, self.shape, cells, self.generator) * amplitude

    def rough(self, exponent: float, amplitude: Number = 1.0) -> Tensor:
        """Noise of all scales with a power spectrum ``frequency ** -exponent``, unit deviation.

        There is one noise an exponent; a further call moves it on, which saves its making and is
        not seen in another tissue.
        """
        if exponent not in self._roughness:
            noise = power_law_noise(self.batch, self.shape, exponent, self.generator)
            self._roughness[exponent] = noise
        noise = self._roughness[exponent].roll((self.shape[0] * 3 // 8, self.shape[1] // 3), (2, 3))
        self._roughness[exponent] = noise
        return noise * amplitude

    def folds(self, period: float, width: float = 0.25) -> Tensor:
        """Noise that oscillates with a period in metres."""
        samples = period / (float(torch.as_tensor(self.pixel).mean()) * OVERSAMPLING)
        return band_noise(self.batch, self.shape, samples, self.generator, width)

    def scatter(self, period: Number, numbers: int) -> tuple[Tensor, Tensor, list[Tensor]]:
        """Cells of a grid, randomly turned and shifted: many shapes for the price of one.

        Returns:
            Rows and columns (metres) from the middle of the cell that a pixel lies in, and as many
            fields of uniform random ``numbers`` as asked for, each constant within a cell.
        """
        side = 32
        down, across = rotate(self.y / period, self.x / period, self.uniform(0.0, math.pi))
        down = down + self.uniform(0, side)
        row = down.floor()
        across = across + self.uniform(0, side) + 0.41 * row
        column = across.floor()
        index = (row.long() & (side - 1)) * side + (column.long() & (side - 1))
        table = torch.rand(
            self.batch, numbers, side * side, generator=self.generator, device=self.device
        )
        flat = index.expand(self.batch, -1, -1, -1).flatten(1)
        fields = [
            table[:, i].gather(1, flat).reshape(self.batch, *index.shape[1:])
            for i in range(numbers)
        ]
        return (down - row - 0.5) * period, (across - column - 0.5) * period, fields

    def thicken(self, most: float = 3.5) -> None:
        """Draw how obliquely edges cross the slice: from here on some are sharp, some blurred.

        Args:
            most: fine pixels added to the width of an ordinary edge, at most.
        """
        oblique = self.smooth(6, 0.7) + 1.0
        self.edge = self.pixel * (1 + self.uniform(0.0, most) * oblique.clamp(0.0, 2.5))

    def place(self, size: Number, angle: Number, shift: tuple[Number, Number]) -> None:
        """Scale, turn (radians) and move (metres) the body in the field of view."""
        y, x = rotate(self.y - shift[0], self.x - shift[1], angle)
        self.y, self.x, self.pixel = y / size, x / size, self.pixel / size
        self.edge = self.pixel

    def warp(self, cells: int, amplitude: Number) -> None:
        """Bend the body by a smooth random displacement with a deviation in metres."""
        self.y = self.y + self.smooth(cells, amplitude)
        self.x = self.x + self.smooth(cells, amplitude)

    def paint(self, distance: Tensor, value: Number, blur: Number = 1.0) -> None:
        """Put a tissue of signal ``value`` over what lies inside the shape.

        Args:
            distance: signed distance at the scan's resolution, metres.
            value: a number, one an item, or a field of the scan's resolution; on the frames of the
                shape or on one.
            blur: width of the edge in units of ``edge``.
        """
        self.mix(0.5 - distance / (self.edge * blur), value)

    def mix(self, share: Tensor, value: Number) -> None:
        """Replace a share of the picture by ``value``; both at the scan's resolution.

        The share is limited to 0 to 1 after it has been brought to the finer grid. On a processor
        only the rectangle in which it is positive is touched, item by item; on a GPU everything.
        """
        frames = max(share.shape[1], self.image.shape[1])
        if frames != self.image.shape[1]:
            self.image = self.image.repeat(1, frames, 1, 1)
        value = torch.as_tensor(value, dtype=self.image.dtype, device=self.device)
        share = share.expand(self.batch, -1, *self.shape)
        value = value.expand(self.batch, *value.shape[1:]) if value.ndim == 4 else value
        if self.device.type != "cpu":
            self.image.lerp_(enlarge(value), enlarge(share).clamp_(0.0, 1.0))
            return
        for item in range(self.batch):
            part = slice(item, item + 1)
            window = _window(share[item])
            if window is not None:
                own = value[part] if value.ndim == 4 else value
                target = self.image[part, :, window.fine_rows, window.fine_columns]
                target.lerp_(window.cut(own), window.cut(share[part]).clamp_(0.0, 1.0))

    def modulate(self, field: Tensor) -> None:
        """Multiply the picture by ``1 + field`` (scan's resolution)."""
        self.image *= enlarge(1.0 + field).clamp_min_(0.0)


def enlarge(field: Tensor) -> Tensor:
    """A field of the scan's resolution on the finer grid; a number stays as it is."""
    if field.ndim < 4 or field.shape[-1] == 1:
        return field
    return interpolate(field, scale_factor=OVERSAMPLING, mode="bilinear", align_corners=False)


@dataclass(frozen=True)
class _Window:
    """A rectangle of the scan's pixels, its place on the finer grid, and a margin around it."""

    rows: slice
    columns: slice
    padded_rows: slice
    padded_columns: slice

    @property
    def fine_rows(self) -> slice:
        return slice(self.rows.start * OVERSAMPLING, self.rows.stop * OVERSAMPLING)

    @property
    def fine_columns(self) -> slice:
        return slice(self.columns.start * OVERSAMPLING, self.columns.stop * OVERSAMPLING)

    def cut(self, field: Tensor) -> Tensor:
        """The rectangle of `enlarge` of the field: the margin makes the interpolation the same."""
        if field.ndim < 4 or field.shape[-1] == 1:
            return field
        large = enlarge(field[..., self.padded_rows, self.padded_columns])
        top = (self.rows.start - self.padded_rows.start) * OVERSAMPLING
        left = (self.columns.start - self.padded_columns.start) * OVERSAMPLING
        height = (self.rows.stop - self.rows.start) * OVERSAMPLING
        width = (self.columns.stop - self.columns.start) * OVERSAMPLING
        return large[..., top : top + height, left : left + width]


def _bounds(hit: Tensor) -> tuple[slice, slice] | None:
    """From the first to the last true index, widened by one; with a margin of another one."""
    indices = hit.nonzero()
    if indices.numel() == 0:
        return None
    first, last, size = int(indices[0]), int(indices[-1]) + 1, hit.shape[0]
    inner = slice(max(first - 1, 0), min(last + 1, size))
    return inner, slice(max(first - 2, 0), min(last + 2, size))


def _window(share: Tensor) -> _Window | None:
    """Where a share (frame, y, x) is positive; ``None`` if nowhere."""
    most = share.amax(0) if share.shape[0] > 1 else share[0]
    rows, columns = _bounds(most.amax(1) > 0), _bounds(most.amax(0) > 0)
    if rows is None or columns is None:
        return None
    return _Window(rows[0], columns[0], rows[1], columns[1])


def fit_spacing(extent: tuple[float, float], shape: Shape) -> float:
    """Square pixels (metres) with which a field of view of at least ``extent`` (y, x) fits."""
    return max(extent[0] / shape[0], extent[1] / shape[1])


def turn(degrees: float) -> float:
    """Degrees as radians."""
    return degrees * math.pi / 180
