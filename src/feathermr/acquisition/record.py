"""The record that everything starts from: the k-space of one scan and what is known about it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Literal

import torch
from torch import Tensor

from feathermr.acquisition.sampled import fills_a_box
from feathermr.core.axes import COIL_MAPS, IMAGE, KSPACE, check_axes, check_broadcasts
from feathermr.core.errors import DataError

Origin = Literal["measured", "simulated", "image"]


@dataclass(frozen=True)
class Header:
    """What is known about a scan, in SI units; an unknown quantity is ``None`` or empty.

    Attributes:
        source: where the scan came from: a file's name, or the simulator's.
        origin: ``measured`` raw k-space, ``simulated`` by this package, or ``image``: the k-space
            is the transform of a magnitude image and every result from it is retrospective.
        subject: who was scanned; scans of one subject share it, splits go by it.
        anatomy: what was scanned, e.g. ``brain``.
        phase_axis: the axis along which lines are skipped, -2 (y) or -1 (x).
        spacing: distance between slices, rows and columns of the image in metres (slice, y, x).
        frame_times: time of each frame in seconds.
        image_shape: size (y, x) of the image that a viewer should show, when the k-space holds
            more (readout oversampling, zero filling); cropping to it is the last step.
        affine: 4 x 4, voxel index (x, y, slice, 1) to patient position (right, anterior,
            superior, 1) in metres; of the image of ``image_shape``, where that is given.
        echo_time: seconds.
        repetition_time: seconds.
        flip_angle: radians.
        field_strength: tesla.
        notes: sentences on what reader or simulator did to the data.
    """

    source: str = ""
    origin: Origin = "measured"
    subject: str = ""
    anatomy: str = ""
    phase_axis: int = -2
    spacing: tuple[float, float, float] | None = None
    frame_times: tuple[float, ...] = ()
    image_shape: tuple[int, int] | None = None
    affine: tuple[tuple[float, float, float, float], ...] | None = None
    echo_time: float | None = None
    repetition_time: float | None = None
    flip_angle: float | None = None
    field_strength: float | None = None
    notes: tuple[str, ...] = ()

    def from_slice(self, start: int) -> Header:
        """The header of the same scan without the slices before ``start``."""
        if self.affine is None:
            return self
        return replace(self, affine=tuple((a, b, c, d + c * start) for a, b, c, d in self.affine))


@dataclass(frozen=True)
class Acquisition:
    """One scan: the samples, where they were taken, and what is known beside them.

    Attributes:
        kspace: samples (slice, frame, coil, y, x), complex; exactly +0 where nothing was sampled.
        mask: true where sampled; boolean, five axes, broadcasts to ``kspace``.
        header: what is known about the scan.
        coil_maps: known sensitivities (slice, 1, coil, y, x), complex.
        reference: the image to compare with (slice, frame, y, x), complex or real magnitude; of
            the k-space's size in y and x, or of ``header.image_shape``.
        noise: samples without signal (coil, sample), complex, for whitening.
    """

    kspace: Tensor
    mask: Tensor
    header: Header = field(default_factory=Header)
    coil_maps: Tensor | None = None
    reference: Tensor | None = None
    noise: Tensor | None = None

    def __post_init__(self) -> None:
        check_axes(self.kspace, KSPACE, "kspace")
        if not self.kspace.is_complex():
            raise DataError(f"kspace must be complex, not {self.kspace.dtype}")
        check_broadcasts(self.mask, tuple(self.kspace.shape), "mask")
        if self.mask.dtype != torch.bool:
            raise DataError(f"mask must be boolean, not {self.mask.dtype}")
        if self.header.phase_axis not in (-2, -1):
            raise DataError(f"phase_axis must be -2 or -1, not {self.header.phase_axis}")
        slices, frames, coils, height, width = self.kspace.shape
        if self.coil_maps is not None:
            check_axes(self.coil_maps, COIL_MAPS, "coil_maps")
            check_broadcasts(self.coil_maps, (slices, 1, coils, height, width), "coil_maps")
            if not self.coil_maps.is_complex():
                raise DataError(f"coil_maps must be complex, not {self.coil_maps.dtype}")
        if self.noise is not None and not (
            self.noise.ndim == 2 and self.noise.shape[0] == coils and self.noise.is_complex()
        ):
            raise DataError(
                f"noise must be complex with the axes (coil, sample) and {coils} coils, but it is "
                f"{self.noise.dtype} of shape {tuple(self.noise.shape)}"
            )
        if self.reference is not None:
            check_axes(self.reference, IMAGE, "reference")
            if self.reference.shape[:2] != (slices, frames):
                raise DataError(
                    f"reference has {tuple(self.reference.shape[:2])} slices and frames, "
                    f"kspace {(slices, frames)}; they must be the same"
                )
            size = tuple(self.reference.shape[2:])
            if size not in ((height, width), self.header.image_shape):
                raise DataError(
                    f"reference is {size[0]} x {size[1]}, but kspace is {height} x {width} and "
                    f"header.image_shape {self.header.image_shape}; it must be one of them"
                )

    @property
    def n_slices(self) -> int:
        """Number of slices."""
        return self.kspace.shape[0]

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return self.kspace.shape[1]

    @property
    def n_coils(self) -> int:
        """Number of coils."""
        return self.kspace.shape[2]

    @property
    def shape(self) -> tuple[int, int]:
        """Size of the encoded image (y, x)."""
        return self.kspace.shape[3], self.kspace.shape[4]

    @property
    def image_shape(self) -> tuple[int, int, int, int]:
        """Shape of the encoded image (slice, frame, y, x)."""
        return self.n_slices, self.n_frames, *self.shape

    @property
    def acceleration(self) -> float:
        """Positions in all over positions sampled; the fully sampled center counts."""
        return self.mask.numel() / max(1, int(self.mask.sum()))

    @property
    def is_complete(self) -> bool:
        """Whether every position was sampled."""
        return bool(self.mask.all())

    @property
    def has_gaps(self) -> bool:
        """Whether samples are missing between others, so that the image aliases."""
        return not fills_a_box(self.mask)

    def slices(self, start: int, stop: int) -> Acquisition:
        """The slices ``start`` to ``stop`` (exclusive) as a scan of their own."""

        def cut(array: Tensor | None) -> Tensor | None:
            return array if array is None or array.shape[0] == 1 else array[start:stop]

        return replace(
            self,
            header=self.header.from_slice(start),
            kspace=self.kspace[start:stop],
            mask=self.mask if self.mask.shape[0] == 1 else self.mask[start:stop],
            coil_maps=cut(self.coil_maps),
            reference=cut(self.reference),
        )

    def to(self, device: str | torch.device) -> Acquisition:
        """The same scan with its arrays on ``device``."""

        def move(array: Tensor | None) -> Tensor | None:
            return None if array is None else array.to(device)

        return replace(
            self,
            kspace=self.kspace.to(device),
            mask=self.mask.to(device),
            coil_maps=move(self.coil_maps),
            reference=move(self.reference),
            noise=move(self.noise),
        )

    def without_coil_maps(self) -> Acquisition:
        """The same scan as a scanner gives it: methods have to estimate the maps themselves."""
        return self if self.coil_maps is None else replace(self, coil_maps=None)

    def with_notes(self, *notes: str) -> Acquisition:
        """The same scan with sentences added to its header."""
        return replace(self, header=replace(self.header, notes=(*self.header.notes, *notes)))


def check_finite(array: Tensor, name: str) -> None:
    """Refuse an array that holds NaN or infinity.

    Raises:
        DataError: the sentence says how many values are not finite.
    """
    values = torch.view_as_real(array) if array.is_complex() else array
    if bool(torch.isfinite(values.sum())):
        return  # one value that is not finite would make the sum so, and this is much faster
    if not bool(torch.isfinite(values).all()):
        bad = int((~torch.isfinite(values)).sum())
        share = bad / math.prod(values.shape)
        raise DataError(
            f"{name} holds {bad} values ({share:.2g} of all) that are NaN or infinite; "
            "repair or remove them first"
        )
