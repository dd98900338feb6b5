"""What every method gives back: the image, and all that is needed to trust and repeat it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from torch import Tensor

from feathermr.acquisition import Header
from feathermr.core.axes import IMAGE, check_axes
from feathermr.core.settings import Setting
from feathermr.models.implicit import FittedField

#: what a method is for
Task = Literal["reconstruction", "super-resolution"]
TASK_NAMES: tuple[Task, ...] = get_args(Task)


@dataclass(frozen=True)
class Cost:
    """What a reconstruction needed.

    Attributes:
        parameters: learned parameters of the method; 0 for a classical one.
        multiply_adds: real multiply-adds a slice and frame, Fourier transforms counted as
            ``5 N log2 N`` operations; ``None`` when not counted.
        peak_memory: bytes; ``None`` when not measured.
    """

    parameters: int = 0
    multiply_adds: float | None = None
    peak_memory: int | None = None


@dataclass(frozen=True)
class Provenance:
    """Which method made an image, and with what.

    Attributes:
        method: its name in the table of its task.
        version: of this package.
        settings: every setting of the method, defaults included.
        weights: SHA-256 of the weights file; empty for a classical method.
        notes: sentences on what the method did: maps estimated, cropped, whitened.
        task: what the method is for.
    """

    method: str
    version: str
    settings: Mapping[str, Setting] = field(default_factory=dict)
    weights: str = ""
    notes: tuple[str, ...] = ()
    task: Task = "reconstruction"


@dataclass(frozen=True)
class Family:
    """Images of one fit that differ in one number; the reconstruction's own image is one of them.

    Attributes:
        name: of the number.
        values: some of those that it can have, positive and rising.
        own: which of them the reconstruction's own image has.
        image: (slice, frame, y, x) at a value, made when it is asked for; as the own one in shape
            and scale.
        notes: on the image at each value, a few words; may be empty.
    """

    name: str
    values: tuple[float, ...]
    own: int
    image: Callable[[float], Tensor]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reconstruction:
    """An image and where it came from.

    Attributes:
        image: (slice, frame, y, x), complex, in the scale of the input.
        scale: the robust factor by which the method divided the data while it worked.
        seconds: wall time from the record to the image.
        cost: parameters, multiply-adds, memory.
        provenance: method, version, settings.
        header: of the image: where its pixels lie, when its frames were; that of the scan unless
            pixels or frames are others.
        field: of a method that fits one, what the image was taken from: it has any time.
        family: of a method that finds several images at once, all of them.
    """

    image: Tensor
    scale: float
    seconds: float
    cost: Cost
    provenance: Provenance
    header: Header = field(default_factory=Header)
    field: FittedField | None = None
    family: Family | None = None

    def __post_init__(self) -> None:
        check_axes(self.image, IMAGE, "image")
