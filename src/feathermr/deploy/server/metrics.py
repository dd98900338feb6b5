"""Numbers of a server in the text format of Prometheus."""

from __future__ import annotations

import os
import resource
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

#: upper ends of the bins of latencies, seconds
BINS = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)

#: name -> what it counts
COUNTERS: Mapping[str, str] = {
    "sessions_total": "Sessions that ended, by outcome.",
    "refused_total": "Connections that were turned away because too many were open.",
    "readouts_total": "Readouts that came.",
    "received_bytes_total": "Bytes of readouts that came.",
    "images_total": "Images that were sent.",
    "failures_total": "Reconstructions that gave no image.",
    "workers_lost_total": "Worker processes that were lost and replaced.",
}
GAUGES: Mapping[str, str] = {
    "sessions": "Sessions that are open.",
    "workers": "Worker processes that are ready.",
    "working": "Reconstructions in work or waiting for a worker.",
    "held_bytes": "Bytes of k-space that sessions hold.",
}


@dataclass
class Histogram:
    """How many values lie below each end of ``BINS``."""

    counts: list[int] = field(default_factory=lambda: [0] * len(BINS))
    total: float = 0.0
    number: int = 0

    def add(self, value: float) -> None:
        """Count a value in."""
        self.number += 1
        self.total += value
        for place, end in enumerate(BINS):
            self.counts[place] += value <= end


class Metrics:
    """What a server counts."""

    def __init__(self) -> None:
        self._counts: dict[str, float] = defaultdict(float)
        self._outcomes: dict[str, int] = defaultdict(int)
        self._gauges: dict[str, Callable[[], float]] = {}
        self._latency = Histogram()

    def count(self, name: str, amount: float = 1) -> None:
        """Add to a counter."""
        assert name in COUNTERS, name
        self._counts[name] += amount

    def ended(self, outcome: str) -> None:
        """A session ended."""
        self._outcomes[outcome] += 1

    def watch(self, name: str, value: Callable[[], float]) -> None:
        """Say where a gauge is read."""
        assert name in GAUGES, name
        self._gauges[name] = value

    def latency(self, seconds: float) -> None:
        """An image was sent so long after its last readout came."""
        self._latency.add(seconds)

    def __getitem__(self, name: str) -> float:
        """A counter; sessions by outcome together."""
        return sum(self._outcomes.values()) if name == "sessions_total" else self._counts[name]

    def text(self) -> str:
        """All of it, in the text format."""
        lines: list[str] = []
        for name, help_text in COUNTERS.items():
            lines += _heading(name, help_text, "counter")
            if name == "sessions_total":
                lines += [
                    f'feathermr_{name}{{outcome="{outcome}"}} {number}'
                    for outcome, number in sorted(self._outcomes.items())
                ]
            else:
                lines.append(f"feathermr_{name} {self._counts[name]:g}")
        for name, read in self._gauges.items():
            lines += [*_heading(name, GAUGES[name], "gauge"), f"feathermr_{name} {read():g}"]
        lines += self._histogram()
        lines += [
            "# HELP process_resident_memory_bytes Memory of the server without its workers.",
            "# TYPE process_resident_memory_bytes gauge",
            f"process_resident_memory_bytes {resident_bytes()}",
        ]
        return "\n".join(lines) + "\n"

    def _histogram(self) -> list[str]:
        name = "latency_seconds"
        held = self._latency
        return [
            *_heading(name, "From an image's last readout to the image.", "histogram"),
            *(
                f'feathermr_{name}_bucket{{le="{end:g}"}} {count}'
                for end, count in zip(BINS, held.counts, strict=True)
            ),
            f'feathermr_{name}_bucket{{le="+Inf"}} {held.number}',
            f"feathermr_{name}_sum {held.total:.6f}",
            f"feathermr_{name}_count {held.number}",
        ]


def _heading(name: str, help_text: str, kind: str) -> list[str]:
    return [f"# HELP feathermr_{name} {help_text}", f"# TYPE feathermr_{name} {kind}"]


def resident_bytes(process: int | None = None) -> int:
    """Bytes of memory that a process has; of this one where the system tells only the peak."""
    try:
        pages = Path(f"/proc/{process or 'self'}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else 1024 * peak
