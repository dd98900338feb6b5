"""Which readouts of an ISMRMRD file are the image's, and where their samples lie."""

from dataclasses import dataclass

import ismrmrd
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from feathermr.acquisition.mrd_header import MrdHeader
from feathermr.core.errors import DataError

#: readouts that belong to no image
APART = (
    ismrmrd.ACQ_IS_NAVIGATION_DATA,
    ismrmrd.ACQ_IS_PHASECORR_DATA,
    ismrmrd.ACQ_IS_HPFEEDBACK_DATA,
    ismrmrd.ACQ_IS_DUMMYSCAN_DATA,
    ismrmrd.ACQ_IS_RTFEEDBACK_DATA,
    ismrmrd.ACQ_IS_SURFACECOILCORRECTIONSCAN_DATA,
    ismrmrd.ACQ_IS_PHASE_STABILIZATION_REFERENCE,
    ismrmrd.ACQ_IS_PHASE_STABILIZATION,
)
#: calibration that was measured apart from the image and may have another contrast
SEPARATE = ("separate", "external")
#: counters that become frames, the last one fastest
FRAME_COUNTERS = ("set", "contrast", "repetition", "phase")

Structured = npt.NDArray[np.void]


@dataclass(frozen=True)
class Readouts:
    """The readouts of the image.

    Attributes:
        heads: their headers.
        data: their samples, real and imaginary parts in turn, coil after coil.
        calibration: true for those measured only for calibration.
    """

    heads: Structured
    data: npt.NDArray[np.object_]
    calibration: npt.NDArray[np.bool_]

    def samples(self, i: int, n_x: int) -> tuple[npt.NDArray[np.complex64], int]:
        """Samples (coil, x) of readout ``i`` and the index of the first on a grid of ``n_x``.

        Samples to discard are left out, a reversed readout is turned, and its central sample comes
        to lie at ``n_x // 2``.

        Raises:
            DataError: the samples do not fit the readout's header or the grid.
        """
        head = self.heads[i]
        values = complex_samples(head, self.data[i])
        first, behind = int(head["discard_pre"]), values.shape[1] - int(head["discard_post"])
        values, center = values[:, first:behind], int(head["center_sample"]) - first
        if flagged(head["flags"], ismrmrd.ACQ_IS_REVERSE):
            values, center = values[:, ::-1], values.shape[1] - 1 - center
        start = n_x // 2 - center
        if values.shape[1] == 0 or start < 0 or start + values.shape[1] > n_x:
            raise DataError(
                f"its readout {i} has {values.shape[1]} samples with the center at {center}, which "
                f"do not fit the encoded matrix of {n_x}"
            )
        return values, start


def flagged(flags: npt.NDArray[np.uint64], flag: int) -> npt.NDArray[np.bool_]:
    """Whether ``flag`` (counted from 1) is set."""
    found: npt.NDArray[np.bool_] = (flags & np.uint64(1 << (flag - 1))) != 0
    return found


def complex_samples(head: Structured, data: npt.NDArray[np.float32]) -> npt.NDArray[np.complex64]:
    """The samples (coil, x) of one readout."""
    n_coils, n_samples = int(head["active_channels"]), int(head["number_of_samples"])
    if data.size != 2 * n_coils * n_samples:
        raise DataError(
            f"a readout has {data.size} numbers, but its header says {n_coils} coils of "
            f"{n_samples} complex samples"
        )
    return np.ascontiguousarray(data, dtype=np.float32).view(np.complex64).reshape(n_coils, -1)


def sort_readouts(
    rows: Structured, xml: MrdHeader
) -> tuple[Readouts, Tensor | None, tuple[str, ...]]:
    """The image's readouts, the noise (coil, sample), and what was left out.

    Raises:
        DataError: there is no readout of an image.
    """
    heads = rows["head"]
    is_noise = flagged(heads["flags"], ismrmrd.ACQ_IS_NOISE_MEASUREMENT)
    only_calibration = flagged(heads["flags"], ismrmrd.ACQ_IS_PARALLEL_CALIBRATION) & ~flagged(
        heads["flags"], ismrmrd.ACQ_IS_PARALLEL_CALIBRATION_AND_IMAGING
    )
    apart = np.zeros(len(rows), dtype=bool)
    for flag in APART:
        apart |= flagged(heads["flags"], flag)
    other = heads["encoding_space_ref"] != 0
    separate = only_calibration & (xml.calibration in SEPARATE)
    reasons = {
        "navigator, correction or dummy readouts": apart & ~is_noise,
        "readouts of further encodings": other & ~apart & ~is_noise,
        "readouts of a separate calibration": separate & ~other & ~apart & ~is_noise,
    }
    notes = tuple(
        f"{int(left.sum())} {name} were left out" for name, left in reasons.items() if left.any()
    )
    kept = ~(is_noise | apart | other | separate)
    if not kept.any():
        raise DataError("it holds no readout of an image")
    readouts = Readouts(heads[kept], rows["data"][kept], only_calibration[kept])
    return readouts, _noise(rows[is_noise]), notes


def _noise(rows: Structured) -> Tensor | None:
    if len(rows) == 0:
        return None
    samples = [complex_samples(row["head"], row["data"]) for row in rows]
    if len({values.shape[0] for values in samples}) != 1:
        raise DataError("its noise readouts have different numbers of coils")
    return torch.from_numpy(np.concatenate(samples, axis=1))


def frame_index(heads: Structured) -> tuple[npt.NDArray[np.intp], tuple[str, ...]]:
    """The frame of each readout; several counters that vary are flattened, the phase fastest."""
    frames = np.zeros(len(heads), dtype=np.intp)
    varying = []
    for name in FRAME_COUNTERS:
        values, index = np.unique(heads["idx"][name], return_inverse=True)
        frames = frames * len(values) + index
        if len(values) > 1:
            varying.append(f"{name} ({len(values)})")
    if len(varying) < 2:
        return frames, ()
    return frames, (f"frames are {' x '.join(varying)}, the last one fastest",)
