"""Which pictures of a folder are used, and what is taken from them."""

import math
import re
from dataclasses import dataclass, field
from typing import Literal

from feathermr.core.errors import UsageError
from feathermr.core.registry import look_up
from feathermr.operators import KERNELS, Kernel
from feathermr.sampling import PATTERNS
from feathermr.training.image_crops import LEAST


@dataclass(frozen=True)
class ImagesConfig:
    """Which pictures of a folder are used, and what is taken from them.

    Attributes:
        task: ``super-resolution``, or ``undersampling`` of k-space with one coil.
        scale: how many times lower the resolution is.
        kernel: how it is lost; see `lowered`. With ``bicubic`` the folder's own pictures of low
            resolution are used where it has some.
        natural: folder of natural images to train with too; without one the simulator draws
            natural-like pictures.
        share: of natural images among those to train with; 0 for none.
        case: regular expression whose group finds the case in a file's name; without one each
            picture is a case.
        train: cases to train with, as many of each kind; 0 for all.
        validation: cases of each kind to validate with, a number or a share below 1.
        test: cases of each kind to keep apart.
        crop: side of the crops to train with, cut to a multiple of the scale; less where a picture
            is smaller.
        largest: side of the centre of a larger picture that is validated and tested with.
        patterns: how often each sampling pattern is drawn.
        accelerations: each as likely.
        snr: ends of the range of the signal-to-noise ratio, drawn evenly on a log scale; infinite
            for pictures as they are.
        batch: pictures an example to train with.
    """

    task: Literal["super-resolution", "undersampling"] = "super-resolution"
    scale: int = 2
    kernel: Kernel = "truncation"
    natural: str = ""
    share: float = 0.5
    case: str = ""
    train: int = 0
    validation: float = 0.1
    test: int = 5
    crop: int = 128
    largest: int = 512
    patterns: dict[str, float] = field(default_factory=lambda: {"random": 0.5, "equispaced": 0.5})
    accelerations: tuple[float, ...] = (4.0, 8.0)
    snr: tuple[float, float] = (30.0, 150.0)
    batch: int = 8

    def __post_init__(self) -> None:
        if self.scale not in (2, 3, 4) or self.kernel not in KERNELS:
            raise UsageError(
                f"scale must be 2, 3 or 4, not {self.scale}; the kernel one of "
                f"{', '.join(KERNELS)}, not {self.kernel!r}"
            )
        for name, share in self.patterns.items():
            look_up(PATTERNS, name, "sampling pattern")
            if not 0 <= share < math.inf:
                raise UsageError(f"the share of the pattern {name} must be positive, not {share}")
        if sum(self.patterns.values()) == 0:
            raise UsageError("patterns must give at least one sampling pattern a share")
        if not self.accelerations or min(self.accelerations) < 1:
            raise UsageError(f"accelerations must be at least 1, not {self.accelerations}")
        if not 0 <= self.share < 1:
            raise UsageError(f"share must be from 0 to below 1, not {self.share:g}")
        if min(self.crop, self.largest) < LEAST or self.batch < 1:
            raise UsageError(f"crop and largest must be at least {LEAST}, batch at least 1")
        if self.train < 0 or self.test < 0 or self.validation <= 0:
            raise UsageError("train and test must be at least 0, validation above 0")
        if not 0 < self.snr[0] <= self.snr[1]:
            raise UsageError(f"snr must be positive and grow, not {self.snr}")
        if self.case and _groups(self.case) != 1:
            raise UsageError(f"case must be a regular expression with one group, not {self.case!r}")

    @property
    def multiple(self) -> int:
        """What divides the sides of every target."""
        return self.scale if self.task == "super-resolution" else 1


def _groups(pattern: str) -> int:
    try:
        return re.compile(pattern).groups
    except re.error:
        return -1
