"""Where the pixels of a written image lie in the patient."""

from dataclasses import replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from feathermr.acquisition.record import Header

Affine = tuple[tuple[float, float, float, float], ...]

#: what stays in place when an image gets other pixels: that of pixel ``n // 2``, or the outer edges
Fixed = Literal["center", "edges"]

#: pixels of an image of which nothing is known
UNKNOWN_SPACING = (1e-3, 1e-3, 1e-3)


def affine_for(header: Header, shape: tuple[int, int, int]) -> npt.NDArray[np.float64]:
    """4 x 4, voxel index (x, y, slice, 1) of an image of ``shape`` to RAS position in metres.

    The header's affine belongs to the image of ``header.image_shape``; an image of another size is
    taken to be cropped or padded about the same center. Without an affine the image is axial,
    rows from right to left and columns from front to back, with the patient's origin at its center.

    Args:
        header: what is known about the scan.
        shape: (slice, y, x) of the image.
    """
    centers = np.array([shape[2] // 2, shape[1] // 2, shape[0] // 2], dtype=float)
    if header.affine is None:
        dz, dy, dx = header.spacing or UNKNOWN_SPACING
        affine = np.diag([-dx, -dy, dz, 1.0])
        affine[:3, 3] = -affine[:3, :3] @ centers
        return affine
    affine = np.array(header.affine, dtype=float)
    if header.image_shape is not None:
        height, width = header.image_shape
        shift = np.array([width // 2, height // 2, 0.0]) - centers * [1.0, 1.0, 0.0]
        affine[:3, 3] += affine[:3, :3] @ shift
    return affine


def first_pixel(given: int, wanted: int, fixed: Fixed) -> float:
    """Where the first of ``wanted`` pixels lies along an axis of ``given`` ones, in those.

    Args:
        given: pixels along the axis.
        wanted: pixels along the same width.
        fixed: what stays in place.

    Example:
        >>> first_pixel(8, 16, "edges"), first_pixel(8, 16, "center"), first_pixel(7, 14, "center")
        (-0.25, 0.0, -0.5)
    """
    ratio = given / wanted
    return (ratio - 1) / 2 if fixed == "edges" else given // 2 - wanted // 2 * ratio


def resampled(
    header: Header, given: tuple[int, int, int], wanted: tuple[int, int], fixed: Fixed
) -> Header:
    """The header of the same image with other pixels over the same field of view.

    Args:
        header: of the image as it is.
        given: its shape (slice, y, x).
        wanted: the new shape (y, x).
        fixed: what stays in place.
    """
    spacing, affine = header.spacing, header.affine
    if spacing is not None or affine is not None:
        matrix = affine_for(header, given)
        first = [first_pixel(given[axis], wanted[axis - 1], fixed) for axis in (2, 1)]
        matrix[:3, 3] += matrix[:3, :2] @ np.array(first)
        matrix[:3, :2] *= [given[2] / wanted[1], given[1] / wanted[0]]
        affine = affine_rows(matrix)
    if spacing is not None:
        between, row, column = spacing
        spacing = between, row * given[1] / wanted[0], column * given[2] / wanted[1]
    return replace(header, spacing=spacing, affine=affine, image_shape=wanted)


def affine_rows(matrix: npt.NDArray[np.float64]) -> Affine:
    """A 4 x 4 matrix as a header holds it."""
    return tuple((float(a), float(b), float(c), float(d)) for a, b, c, d in matrix)


def frame_interval(header: Header, n_frames: int) -> float | None:
    """Mean time between frames in seconds, where the times of all frames are known."""
    times = header.frame_times
    if n_frames < 2 or len(times) != n_frames or not times[-1] > times[0]:
        return None
    return (times[-1] - times[0]) / (n_frames - 1)
