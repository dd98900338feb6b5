"""The scans of the classical benchmark: simulated, undersampled, scaled, alike for every tool."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from feathermr import Acquisition, Undersampling, simulate
from feathermr.operators import encoding

SEED = 1
SNR = 30.0
CENTER = 24
COILS = 8
#: bright tissue becomes 1, so that one grid of weights suits every tool
BRIGHT = 0.995


@dataclass(frozen=True)
class Case:
    """One undersampled scan with known truth.

    Attributes:
        name: in tables.
        description: a sentence with everything that made it.
        tasks: what is run on it.
        scan: with true coil maps of unit root-sum-of-squares, without noise samples, so that no
            tool whitens; the reference has the scale of the k-space.
    """

    name: str
    description: str
    tasks: tuple[str, ...]
    scan: Acquisition

    @property
    def kspace(self) -> np.ndarray:
        """Samples (frame, coil, y, x)."""
        return self.scan.kspace[0].numpy()

    @property
    def maps(self) -> np.ndarray:
        """True coil maps (coil, y, x)."""
        return np.ascontiguousarray(self.scan.coil_maps[0, 0].numpy())

    @property
    def reference(self) -> np.ndarray:
        """Magnitude of the truth (frame, y, x), in double precision."""
        return self.scan.reference[0].abs().double().numpy()


def _case(
    name: str, tasks: tuple[str, ...], anatomy: str, shape: tuple[int, int], frames: int,
    coils: int, undersampling: Undersampling,
) -> Case:  # fmt: skip
    complete = simulate(anatomy, shape=shape, frames=frames, coils=coils, snr=SNR, seed=SEED)
    scan = undersampling(replace(complete, noise=None))
    magnitude = encoding(scan).H(scan.kspace).abs().flatten()
    scale = torch.quantile(magnitude, BRIGHT)
    scan = replace(scan, kspace=scan.kspace / scale, reference=scan.reference / scale)
    size = f"{shape[0]} x {shape[1]}"
    description = (
        f"{complete.header.notes[0]}; {coils} coil{'s' if coils > 1 else ''}, "
        f"{f'{frames} frames of ' if frames > 1 else ''}{size}; {undersampling.pattern} "
        f"undersampling, {scan.acceleration:.2f}x achieved, center {undersampling.center:g}, "
        f"mask seed {undersampling.seed}"
    )
    return Case(name, description, tasks, scan)


def cases(small: bool = False) -> tuple[Case, ...]:
    """The benchmark's scans; ``small`` ones for a smoke test."""
    first, second, film = ((230, 180), (320, 320), (128, 128))
    frames = 25
    if small:
        first, second, film, frames = (58, 46), (64, 64), (40, 36), 5
    lines = Undersampling(4, "random", center=CENTER, seed=SEED)
    points = Undersampling(4 if small else 6, "poisson", center=CENTER, seed=SEED)
    film_lines = Undersampling(4, "kt-random", center=4, seed=SEED)
    if small:
        lines = replace(lines, acceleration=2, center=20)
    static = ("espirit", "cg-sense", "l1-wavelet", "tv")
    return (
        _case("lines {} x {}".format(*first), static, "brain", first, 1, COILS, lines),
        _case("lines {} x {}".format(*second), static, "brain", second, 1, COILS, lines),
        _case(
            "points {} x {}".format(*first), ("cg-sense", "l1-wavelet"),
            "brain", first, 1, COILS, points,
        ),
        _case(
            "film {} x {} x {}".format(frames, *film), ("temporal-tv",),
            "heart", film, frames, 1, film_lines,
        ),
    )  # fmt: skip


def save(case: Case, path: Path) -> Path:
    """Write what `restore` needs, without the simulator's memory."""
    scan = case.scan
    np.savez(
        path, kspace=scan.kspace, mask=scan.mask, maps=scan.coil_maps, reference=scan.reference
    )
    return path


def restore(path: Path) -> Case:
    """The case that `save` wrote, named after the file."""
    with np.load(path, allow_pickle=False) as stored:
        kspace, mask, maps, reference = (
            torch.from_numpy(stored[name]) for name in ("kspace", "mask", "maps", "reference")
        )
    scan = Acquisition(kspace=kspace, mask=mask, coil_maps=maps, reference=reference)
    return Case(path.stem, "", (), scan)


def nrmse(image: np.ndarray, case: Case) -> float:
    """``| |x| - |r| | / |r|`` of magnitudes over the whole scan; no factor is fitted."""
    reference = case.reference
    return float(np.linalg.norm(np.abs(image) - reference) / np.linalg.norm(reference))


def psnr(image: np.ndarray, case: Case) -> float:
    """Decibels, of magnitudes; the range is the largest value of the scan's reference."""
    reference = case.reference
    error = float(np.mean((np.abs(image) - reference) ** 2))
    return float(10 * np.log10(reference.max() ** 2 / error))


def map_angle(maps: np.ndarray, case: Case) -> float:
    """Mean angle in degrees between estimated and true maps where there is tissue.

    Args:
        maps: (coil, y, x).
        case: the scan; tissue is above a tenth of the reference's largest value.
    """
    reference = case.reference[0]
    tissue = reference > 0.1 * reference.max()
    estimated, true = maps[:, tissue], case.maps[:, tissue]
    length = np.linalg.norm(estimated, axis=0) * np.linalg.norm(true, axis=0)
    overlap = np.abs(np.sum(np.conj(estimated) * true, axis=0)) / np.maximum(length, 1e-12)
    return float(np.degrees(np.arccos(np.clip(overlap, 0, 1))).mean())
