"""Where the pixels of a written image lie in the patient."""

import numpy as np
import numpy.typing as npt

from feathermr.acquisition.record import Header

Affine = tuple[tuple[float, float, float, float], ...]

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


def affine_rows(matrix: npt.NDArray[np.float64]) -> Affine:
    """A 4 x 4 matrix as a header holds it."""
    return tuple((float(a), float(b), float(c), float(d)) for a, b, c, d in matrix)


def frame_interval(header: Header, n_frames: int) -> float | None:
    """Mean time between frames in seconds, where the times of all frames are known."""
    times = header.frame_times
    if n_frames < 2 or len(times) != n_frames or not times[-1] > times[0]:
        return None
    return (times[-1] - times[0]) / (n_frames - 1)
