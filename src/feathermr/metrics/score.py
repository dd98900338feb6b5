"""The record of a score: a number together with everything that decides what it means."""

from dataclasses import dataclass
from typing import Literal

Policy = Literal["slice", "volume"]
Alignment = Literal["none", "least-squares"]


@dataclass(frozen=True)
class Score:
    """One metric of one method on one scan.

    Attributes:
        method: the method's name.
        scan: the scan's name; scans of one subject share ``subject``.
        subject: the unit of the statistics: means and intervals are taken over subjects.
        metric: its name in ``METRICS``.
        values: one value an image (slice-major, then frame) under the policy ``slice``, one in all
            under ``volume``; of metrics of films one value a slice that moves.
        policy: ``slice`` scores every image by itself with that image's data range and averages;
            ``volume`` scores all images of a scan together with the scan's data range.
        data_range: the data range of each value, as many as ``values``.
        alignment: whether one real factor a scan was fitted before the comparison.
        factor: that factor; 1 when none was fitted.
    """

    method: str
    scan: str
    subject: str
    metric: str
    values: tuple[float, ...]
    policy: Policy
    data_range: tuple[float, ...]
    alignment: Alignment
    factor: float

    @property
    def mean(self) -> float:
        """Mean of the values: the scan's score."""
        return sum(self.values) / len(self.values)


@dataclass(frozen=True)
class Interval:
    """A statistic over subjects.

    Attributes:
        mean: over subjects.
        std: sample standard deviation over subjects; 0 for one subject.
        low: lower end of the bootstrap 95 % interval of the mean.
        high: upper end.
        n: number of subjects; an interval of one subject is that value and says nothing.
    """

    mean: float
    std: float
    low: float
    high: float
    n: int
