"""Readouts, as they come, put into the k-space of the images that they belong to."""

from dataclasses import dataclass, field
from enum import Enum

import ismrmrd
import numpy as np
import numpy.typing as npt
import torch

from feathermr.acquisition.mrd import ON_GRID, grid_index, image_size
from feathermr.acquisition.mrd_header import MrdHeader
from feathermr.acquisition.mrd_readouts import APART, SEPARATE, Readouts
from feathermr.calibration import whitening_matrix
from feathermr.core.crop import center_crop
from feathermr.core.errors import DataError
from feathermr.core.fft import fft, ifft
from feathermr.deploy.server.limits import Limits
from feathermr.deploy.server.wire import Head, Readout

Samples = npt.NDArray[np.complex64]

NOISE = 1 << (ismrmrd.ACQ_IS_NOISE_MEASUREMENT - 1)
CALIBRATION = 1 << (ismrmrd.ACQ_IS_PARALLEL_CALIBRATION - 1)
CALIBRATION_AND_IMAGING = 1 << (ismrmrd.ACQ_IS_PARALLEL_CALIBRATION_AND_IMAGING - 1)
OTHER = sum(1 << (flag - 1) for flag in APART)
#: what a line of a frame holds
EMPTY, CALIBRATED, IMAGED = 0, 1, 2


class Purpose(Enum):
    """What a readout is for."""

    IMAGE = "image"
    FILLING = "calibration that fills what the image left open"
    MAPS = "calibration for coil maps alone"
    NOISE = "noise"
    NOTHING = "nothing that is needed here"


def purpose_of(head: Head, calibration: str) -> Purpose:
    """What a readout is for, by its flags and by the header's mode of calibration."""
    flags = int(head["flags"])
    if flags & NOISE:
        return Purpose.NOISE
    if flags & OTHER or int(head["encoding_space_ref"]) != 0:
        return Purpose.NOTHING
    if flags & CALIBRATION and not flags & CALIBRATION_AND_IMAGING:
        return Purpose.MAPS if calibration in SEPARATE else Purpose.FILLING
    return Purpose.IMAGE


@dataclass(eq=False)
class Frame:
    """The k-space of one image, which fills as readouts come.

    Attributes:
        head: of its first readout.
        kspace: (coil, y, x); the sum of what was measured.
        count: how often a position was measured (y, x).
        lines: `EMPTY`, `CALIBRATED` or `IMAGED` (y,).
        readouts: how many came.
        last: when the last one came, seconds on the caller's clock.
    """

    head: Head
    kspace: Samples
    count: npt.NDArray[np.uint32]
    lines: npt.NDArray[np.uint8]
    readouts: int = 0
    last: float = 0.0

    @property
    def size(self) -> int:
        """Bytes."""
        return self.kspace.nbytes + self.count.nbytes

    def add(self, line: int, start: int, samples: Samples, *, imaging: bool) -> None:
        """Put samples (coil, x) where they belong; the image's own replace calibration."""
        state = IMAGED if imaging else CALIBRATED
        self.readouts += 1
        if self.lines[line] > state:
            return
        if self.lines[line] < state:
            self.kspace[:, line], self.count[line] = 0, 0
            self.lines[line] = state
        stop = start + samples.shape[1]
        self.kspace[:, line, start:stop] += samples
        self.count[line, start:stop] += 1

    def taken(self) -> tuple[Samples, npt.NDArray[np.bool_]]:
        """The mean of what was measured (coil, y, x), and where (y, x)."""
        if int(self.count.max()) > 1:
            self.kspace /= np.maximum(self.count, 1)
            np.minimum(self.count, 1, out=self.count)
        return self.kspace, self.count > 0


@dataclass
class Noise:
    """Sums over noise readouts, from which the covariance of the coils follows.

    Attributes:
        samples: number of them.
        first: their sum (coil,).
        second: the sum of their products (coil, coil).
    """

    samples: int = 0
    first: npt.NDArray[np.complex128] = field(default_factory=lambda: np.zeros(0, np.complex128))
    second: npt.NDArray[np.complex128] = field(
        default_factory=lambda: np.zeros((0, 0), np.complex128)
    )

    def add(self, samples: Samples) -> None:
        """Count samples (coil, x) in.

        Raises:
            DataError: the number of coils changed.
        """
        coils = samples.shape[0]
        if self.samples == 0:
            self.first, self.second = np.zeros(coils, complex), np.zeros((coils, coils), complex)
        if coils != len(self.first):
            raise DataError(f"noise readouts have {len(self.first)} and {coils} coils")
        exact = samples.astype(np.complex128)
        self.samples += exact.shape[1]
        self.first += exact.sum(1)
        self.second += exact @ exact.conj().T

    def whitening(self) -> Samples | None:
        """The matrix that makes noise white, ``None`` without noise or with one coil.

        Raises:
            DataError: too few samples, or noise that cannot be whitened.
        """
        coils = len(self.first)
        if coils < 2:
            return None
        if self.samples <= coils:
            raise DataError(
                f"a noise scan of {coils} coils needs more than {coils} samples, but has "
                f"{self.samples}; leave it out"
            )
        mean = np.outer(self.first, self.first.conj()) / self.samples
        covariance = torch.from_numpy((self.second - mean) / (self.samples - 1))
        matrix: Samples = whitening_matrix(covariance).to(torch.complex64).numpy()
        return matrix


class Grid:
    """Where a readout's samples belong on the Cartesian grid of the header.

    Attributes:
        shape: (y, x) of the k-space.
        image_shape: (y, x) that is shown of the image.
    """

    def __init__(self, header: MrdHeader, limits: Limits) -> None:
        if header.trajectory not in ON_GRID:
            raise DataError(
                f"the trajectory is {header.trajectory}; only Cartesian scans are taken"
            )
        if max(header.matrix) > limits.matrix:
            x, y, z = header.matrix
            raise DataError(
                f"an encoded matrix of {x} x {y} x {z} is beyond the limit of {limits.matrix}"
            )
        if header.matrix[2] > 1:
            raise DataError(
                f"the encoded matrix has {header.matrix[2]} partitions, but this server takes "
                "slices only; use feathermr reconstruct with the scan's file"
            )
        self._header = header
        self._encoded = header.matrix[0]
        width = image_size(header, 0)
        self._whole = None if width < self._encoded and not header.own else False
        self.shape = (header.matrix[1], self._encoded)
        self.image_shape = (image_size(header, 1), width)
        self.coils = 0

    def place(self, readout: Readout) -> tuple[int, int, Samples]:
        """Line, index of the first sample, and samples (coil, x).

        Where the first readout is complete, the oversampling of all is removed; else it stays.

        Raises:
            DataError: the readout does not fit the header or those before it.
        """
        head = readout.head
        self._check_coils(int(head["active_channels"]))
        line = grid_index(
            np.atleast_1d(head["idx"]["kspace_encode_step_1"]),
            self._header.center,
            self.shape[0],
            "line",
        )
        one = Readouts(np.atleast_1d(head), _one(readout.data), np.zeros(1, bool))
        samples, start = one.samples(0, self._encoded)
        _check_finite(samples, head)
        if self._whole is None:
            self._whole = samples.shape[1] == self._encoded
            if self._whole:
                self.shape = (self.shape[0], self.image_shape[1])
        if not self._whole:
            return int(line[0]), start, samples
        if samples.shape[1] != self._encoded:
            raise DataError(
                f"a readout of {samples.shape[1]} samples follows others of {self._encoded}; with "
                "readout oversampling all must be complete or none"
            )
        return int(line[0]), 0, _cropped(samples, self.image_shape[1])

    def frame(self, head: Head) -> Frame:
        """An empty frame."""
        height, width = self.shape
        return Frame(
            head,
            np.zeros((self.coils, height, width), np.complex64),
            np.zeros((height, width), np.uint32),
            np.zeros(height, np.uint8),
        )

    @property
    def frame_size(self) -> int:
        """Bytes of a frame."""
        return self.shape[0] * self.shape[1] * (8 * self.coils + 4)

    def _check_coils(self, coils: int) -> None:
        if coils < 1 or (self.coils and coils != self.coils):
            raise DataError(f"a readout has {coils} coils, those before it {self.coils}")
        self.coils = coils


def _one(data: npt.NDArray[np.float32]) -> npt.NDArray[np.object_]:
    """The data of one readout as an array of objects."""
    held = np.empty(1, dtype=object)
    held[0] = data
    return held


def _cropped(samples: Samples, width: int) -> Samples:
    """Samples of a readout whose image is cropped to ``width`` pixels."""
    line = ifft(torch.from_numpy(samples.copy()), axes=(-1,))
    cropped: Samples = fft(center_crop(line, (line.shape[0], width)), axes=(-1,)).numpy()
    return cropped


def _check_finite(samples: Samples, head: Head) -> None:
    if not np.isfinite(samples.sum()) and not np.isfinite(samples).all():
        raise DataError(f"readout {int(head['scan_counter'])} holds NaN or infinity")
