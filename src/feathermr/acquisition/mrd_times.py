"""When the frames of an ISMRMRD file were taken, where its time stamps have a known unit."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt

#: vendor -> seconds in a step of the time stamps; ISMRMRD leaves the unit to the vendor
STEPS = {"siemens": 2.5e-3}
#: the counter that makes the frames -> the stamp that tells their times, and whether only the
#: time since the first frame means something: that of day does not, that since the trigger does
STAMPS = {"phase": ("physiology_time_stamp", False), "repetition": ("acquisition_time_stamp", True)}


def mrd_frame_times(
    heads: npt.NDArray[np.void], frames: npt.NDArray[np.intp], vendor: str
) -> tuple[tuple[float, ...], tuple[str, ...]]:
    """Mean time of the readouts of each frame in seconds, and a note; empty when they do not tell.

    Phases are timed after the trigger, repetitions after the first one. Times that do not increase
    from frame to frame are no times.

    Args:
        heads: of the readouts.
        frames: the frame of each readout.
        vendor: the system's.
    """
    step = next((step for name, step in STEPS.items() if name in vendor.lower()), None)
    counters = heads["idx"]
    varying = [name for name in STAMPS if np.ptp(counters[name]) > 0]
    if step is None or len(varying) != 1 or int(frames.max()) == 0:
        return (), ()
    stamp, relative = STAMPS[varying[0]]
    values = heads[stamp].astype(np.float64)
    values = values if values.ndim == 1 else values[:, 0]
    times = step * np.bincount(frames, values) / np.bincount(frames)
    if relative:
        times = times - times[0]
    if not all(earlier < later for earlier, later in pairwise(times.tolist())):
        return (), ()
    note = f"times of frames are means of the time stamps, taken as steps of {1e3 * step:g} ms"
    return tuple(times.tolist()), (f"{note} ({vendor})",)
