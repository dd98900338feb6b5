"""What is asked for when a file is reconstructed: the same for one file and for an archive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from torch import Tensor

from feathermr.acquisition import Acquisition, load, undersample
from feathermr.core.errors import UsageError
from feathermr.deploy.runtime import accelerate, is_package, packaged
from feathermr.operators import Kernel
from feathermr.phantom import from_image
from feathermr.recon import TASKS, Task, coarsened, make_method, reference_image
from feathermr.recon.runner import Method
from feathermr.sampling import Undersampling, read_mask


@dataclass(frozen=True)
class Request:
    """What to make of a file.

    Attributes:
        methods: names, or folders of training runs or exported packages; none for the default of
            each scan.
        settings: of the methods, as text.
        task: from k-space to images, or from images to finer ones.
        scale: how many times finer, of super-resolution.
        kernel: how detail was lost, of super-resolution.
        retrospective: make the image coarser first, of super-resolution.
        times: frames to write, equally spaced, of methods that fit a field; 0 for the scan's.
        layout: axes of a bare array.
        acceleration: of retrospective undersampling; 0 for none.
        pattern: of retrospective undersampling.
        center: central lines, or a fraction below 1; 0 for the pattern's own.
        seed: of masks and noise.
        mask: file of a mask to undersample with.
        coils: to simulate when the file holds an image.
        snr: to simulate when the file holds an image.
        formats: of the image; none for those usual for images or films.
        page: whether a page with a baseline and scores is written beside the images.
        device: where to compute.
        runtime: that executes the convolutions of learned methods; empty for torch as it is.
        precision: of the runtime.
    """

    methods: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    task: Task = "reconstruction"
    scale: int = 2
    kernel: Kernel = "truncation"
    retrospective: bool = False
    times: int = 0
    layout: tuple[str, ...] | None = None
    acceleration: float = 0.0
    pattern: str = "auto"
    center: float = 0.0
    seed: int = 0
    mask: Path | None = None
    coils: int = 1
    snr: float = 30.0
    formats: tuple[str, ...] = ()
    page: bool = True
    device: str = "cpu"
    runtime: str = ""
    precision: str = "fp32"

    @property
    def finer(self) -> bool:
        """Whether images become finer."""
        return self.task == "super-resolution"

    def method(self, name: str) -> Method:
        """The method called ``name`` with these settings.

        Raises:
            UsageError: an unknown method or setting.
            DataError: no weights where they should be.
        """
        if is_package(Path(name)):
            return packaged(name, self.settings, self.task, self.runtime)
        grid = {"scale": self.scale, "kernel": self.kernel} if self.finer else {}
        method = make_method(name, {**grid, **self.settings}, self.task)
        if not self.runtime:
            return method
        return accelerate(method, self.runtime, precision=self.precision)

    @property
    def files(self) -> tuple[Path, ...]:
        """What decides the images beside the scan and the settings: weights and masks."""
        words = (*self.methods, self.settings.get("weights", ""))
        named = [Path(word) for word in words if _is_path(word)]
        return tuple([*named, self.mask] if self.mask else named)

    def anchored(self) -> Request:
        """The same for workers with another working directory: paths are absolute."""
        return replace(
            self,
            methods=tuple(_absolute(name) for name in self.methods),
            settings={
                key: _absolute(value) if key == "weights" else value
                for key, value in self.settings.items()
            },
            mask=self.mask and self.mask.absolute(),
        )

    def interpolation(self) -> tuple[str, Method]:
        """Name and method of what the kernel itself makes of an image of low resolution."""
        name = "bicubic" if self.kernel == "bicubic" else "zero-fill-interpolation"
        grid = {"scale": self.scale, "kernel": self.kernel}
        return name, make_method(name, grid, "super-resolution")

    def read(self, path: Path) -> tuple[Acquisition, Tensor | None]:
        """The scan that the methods get, and the image that they should find, where there is one.

        Raises:
            DataError: the file cannot be read, or has not what the task needs.
            UsageError: the request does not suit it.
        """
        scan = read_scan(
            path,
            layout=self.layout,
            whole=bool(self.acceleration),
            physics=not self.finer,
            coils=self.coils,
            snr=self.snr,
            seed=self.seed,
        ).to(self.device)
        if self.finer:
            if self.retrospective:
                return coarsened(scan, self.scale, self.kernel)
            return scan, None
        return self._undersampled(scan), reference_image(scan)

    def _undersampled(self, scan: Acquisition) -> Acquisition:
        if self.mask:
            mask = read_mask(self.mask, tuple(scan.kspace.shape), scan.header.phase_axis)
            return undersample(scan, mask.to(scan.kspace.device))
        if self.acceleration:
            return Undersampling(self.acceleration, self.pattern, self.center, self.seed)(scan)
        return scan


def _is_path(word: str) -> bool:
    """Whether a word names a file; names of methods never do."""
    known = any(word in table for table in TASKS.values())
    return bool(word) and not known and Path(word).exists()


def _absolute(word: str) -> str:
    return str(Path(word).absolute()) if _is_path(word) else word


def read_scan(
    path: Path,
    *,
    layout: tuple[str, ...] | None = None,
    whole: bool = False,
    physics: bool = True,
    coils: int = 1,
    snr: float = 30.0,
    seed: int = 0,
) -> Acquisition:
    """The scan in a file; an image gets phase, coils and noise, and notes say so.

    The true coil maps of a simulation are left out: on a scanner nobody knows them.

    Args:
        path: of any format.
        layout: axes of a bare array.
        whole: refuse a scan with gaps, because it is to be undersampled.
        physics: whether an image gets phase, coils and noise.
        coils: that it gets.
        snr: that it gets.
        seed: of its noise.

    Raises:
        DataError: the file cannot be read.
        UsageError: it has gaps already.
    """
    scan = load(path, layout=layout)
    if whole and scan.has_gaps:
        raise UsageError(
            f"{path} is already undersampled {scan.acceleration:.3g}-fold; --acceleration is for "
            "complete scans, leave it out"
        )
    if scan.header.origin == "image" and physics:
        scan = from_image(scan, coils=coils, snr=snr, seed=seed)
    return scan if scan.header.origin == "measured" else scan.without_coil_maps()
