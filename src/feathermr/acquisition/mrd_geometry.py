"""Where the slices of an ISMRMRD file lie in the patient."""

import numpy as np
import numpy.typing as npt

from feathermr.acquisition.geometry import Affine, affine_rows
from feathermr.acquisition.mrd_header import MrdHeader


def mrd_spacing(xml: MrdHeader, heads: npt.NDArray[np.void]) -> tuple[float, float, float] | None:
    """Distance between slices, rows and columns in metres."""
    if min(xml.fov) <= 0:
        return None
    dx, dy, dz = (length / size for length, size in zip(xml.fov, xml.matrix, strict=True))
    if xml.matrix[2] == 1:
        positions = _slice_positions(heads)
        if len(positions) > 1:
            steps = np.linalg.norm(np.diff(positions, axis=0), axis=1) * 1e-3
            dz = float(steps.mean()) or dz
    return dz, dy, dx


def mrd_affine(
    xml: MrdHeader,
    heads: npt.NDArray[np.void],
    spacing: tuple[float, float, float] | None,
    shape: tuple[int, int, int],
) -> Affine | None:
    """Voxel index (x, y, slice, 1) to RAS metres; ``None`` when directions are not given.

    A readout's position is that of the slice's (or slab's) center, which is the pixel ``n // 2``.

    Args:
        xml: the file's header.
        heads: the readouts' headers.
        spacing: between slices, rows and columns in metres.
        shape: (slice, y, x) of the image that is shown.
    """
    names = ("read_dir", "phase_dir", "slice_dir")
    directions = np.array([heads[name][0] for name in names], dtype=float).T
    if spacing is None or abs(np.linalg.det(directions)) < 0.5:
        return None
    affine = np.eye(4)
    affine[:3, :3] = directions * np.array(spacing[::-1])
    positions = _slice_positions(heads) * 1e-3
    slab = xml.matrix[2] > 1
    if len(positions) > 1 and not slab:
        affine[:3, 2] = (positions[-1] - positions[0]) / (len(positions) - 1)
    center = np.array([shape[2] // 2, shape[1] // 2, shape[0] // 2 if slab else 0])
    affine[:3, 3] = positions[0] - affine[:3, :3] @ center
    affine[:2] *= -1  # left and back become right and front
    return affine_rows(affine)


def _slice_positions(heads: npt.NDArray[np.void]) -> npt.NDArray[np.float64]:
    """Center of each slice in the order of their counters, millimetres."""
    _, first = np.unique(heads["idx"]["slice"], return_index=True)
    positions: npt.NDArray[np.float64] = heads["position"][first].astype(float)
    return positions
