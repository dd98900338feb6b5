"""What a session's line in the log says."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import numpy as np

#: latencies that are kept
KEPT = 10_000


@dataclass
class Record:
    """What a session counts.

    Attributes:
        method: asked for.
        readouts: that came.
        received: bytes.
        images: that were sent.
        latencies: from the last readout of each image to the image, seconds; of the last ones.
    """

    method: str = ""
    readouts: int = 0
    received: int = 0
    images: int = 0
    latencies: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT))

    def line(self) -> str:
        """For the log; nothing of the patient."""
        times = ""
        if self.latencies:
            middle, high = np.percentile(self.latencies, (50, 99))
            times = f", latency {1e3 * middle:.0f} ms (median), {1e3 * high:.0f} ms (99 %)"
        return (
            f"{self.method or 'no method'}, {self.readouts} readouts, "
            f"{self.received / 1e6:.1f} MB, {self.images} images{times}"
        )
