"""A folder of fastMRI's files as examples to train on and to validate with.

Zbontar et al., "fastMRI: an open dataset and benchmarks for accelerated MRI" (2018),
doi:10.48550/arXiv.1811.08839.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, final

import torch

from feathermr.acquisition import Acquisition
from feathermr.acquisition.fastmri_slices import FastmriFile, load_fastmri_slices
from feathermr.calibration import whiten
from feathermr.calibration.compression import compression_matrix
from feathermr.calibration.whitening import mix_coils, mixed
from feathermr.core.crop import center_crop
from feathermr.core.errors import DataError, UsageError
from feathermr.core.fft import fft, ifft
from feathermr.core.registry import look_up
from feathermr.core.seeding import generator
from feathermr.operators import KERNELS, Kernel
from feathermr.recon.problem import LARGEST_COILS
from feathermr.sampling import PATTERNS, Undersampling
from feathermr.training.example import Example, LowResolution, join, pose_example
from feathermr.training.fastmri_folder import find_files
from feathermr.training.lowering import joined, lowered
from feathermr.training.splits import by_case, subset

#: of an endless source
ENDLESS = 2**31


@dataclass(frozen=True)
class FastmriConfig:
    """Which slices of a folder are used, and how they are undersampled.

    Attributes:
        coils: ``single`` or ``multi`` for the files with one coil or several; ``all`` where there
            is only one kind.
        central_slices: of each file; the outer ones hold little but noise.
        fraction: of the training's cases; 0.1 is within 0.5.
        validation: cases to validate with, a number or a share below 1, where the folder has no
            part for it.
        test: cases to keep apart, likewise.
        crop: largest image (y, x). With one coil both axes are cropped in image space, as the
            image that a viewer shows; with several the readout (y) only, so that every line stays
            one that was measured.
        patterns: how often each sampling pattern is drawn.
        accelerations: each as likely.
        batch: slices an example; fewer where those of one size run out.
        magnify: 1 for scans to reconstruct; 2, 3 or 4 for images of so many times lower resolution
            in place of undersampled scans, cropped along both axes.
        kernel: how resolution is lost; see `lowered`.
    """

    coils: Literal["all", "single", "multi"] = "all"
    central_slices: int = 20
    fraction: float = 1.0
    validation: float = 0.1
    test: float = 0.0
    crop: tuple[int, int] = (320, 320)
    patterns: dict[str, float] = field(default_factory=lambda: {"random": 0.5, "equispaced": 0.5})
    accelerations: tuple[float, ...] = (4.0, 8.0)
    batch: int = 8
    magnify: int = 1
    kernel: Kernel = "truncation"

    def __post_init__(self) -> None:
        for name, share in self.patterns.items():
            look_up(PATTERNS, name, "sampling pattern")
            if not 0 <= share < float("inf"):
                raise UsageError(f"the share of the pattern {name} must be positive, not {share}")
        if sum(self.patterns.values()) == 0:
            raise UsageError("patterns must give at least one sampling pattern a share")
        if not self.accelerations or min(self.accelerations) < 1:
            raise UsageError(f"accelerations must be at least 1, not {self.accelerations}")
        if self.central_slices < 1 or self.batch < 1 or min(self.crop) < 16:
            raise UsageError("central_slices and batch must be at least 1, crop at least 16")
        if self.magnify not in (1, 2, 3, 4) or self.kernel not in KERNELS:
            raise UsageError(
                f"magnify must be 1, 2, 3 or 4, not {self.magnify}; the kernel one of "
                f"{', '.join(KERNELS)}, not {self.kernel!r}"
            )


@dataclass(frozen=True)
class FastmriData:
    """A folder's examples.

    Attributes:
        train: without end; every slice comes once an epoch, each time with another mask.
        validation: each slice once; all of a case have one mask, always the same.
        files: by use: ``train``, ``validation`` and ``test``.
        notes: sentences on what was found and left out.
    """

    train: FastmriExamples
    validation: FastmriExamples
    files: Mapping[str, tuple[Path, ...]]
    notes: tuple[str, ...]


def open_fastmri(folder: str | Path, config: FastmriConfig, seed: int) -> FastmriData:
    """Find the files of a folder and deal them out by case; nothing but headers is read.

    A case is a patient where the files say who it is, else a file.

    Args:
        folder: holds ``.h5`` files, or folders of them whose names say ``train`` and ``val``.
        config: what is used.
        seed: of the split, the order and the masks.

    Raises:
        DataError: no such folder, no complete files in it, or a broken one.
        UsageError: too few cases for the split, or files of both kinds and no choice.
    """
    found = find_files(Path(folder), config.coils)
    cases = sorted({file.subject for file in found.train})
    if found.validation:
        use = {
            "train": subset(cases, config.fraction, seed),
            "validation": tuple({file.subject for file in found.validation}),
            "test": (),
        }
    else:
        split = by_case(cases, validation=config.validation, test=config.test, seed=seed)
        if not split.validation:
            raise UsageError("validation must be at least one case")
        use = {
            "train": subset(split.train, config.fraction, seed),
            "validation": split.validation,
            "test": split.test,
        }
    pool = {**dict.fromkeys(use, found.train), "validation": found.validation or found.train}
    files = {
        name: tuple(file for file in pool[name] if file.subject in set(chosen))
        for name, chosen in use.items()
    }
    counts = ", ".join(f"{len(use[name])} to {name}" for name in use if use[name])
    return FastmriData(
        train=FastmriExamples(files["train"], config, seed, endless=True),
        validation=FastmriExamples(files["validation"], config, seed, endless=False),
        files={name: tuple(file.path for file in listed) for name, listed in files.items()},
        notes=(*found.notes, f"cases: {counts}"),
    )


@final
class FastmriExamples:
    """Slices of files as examples by index; a slice is read when it is asked for.

    Args:
        files: complete ones.
        config: what is used.
        seed: of order and masks.
        endless: go on with other masks and in another order after the last; else the masks
            belong to the files.
    """

    def __init__(
        self, files: Sequence[FastmriFile], config: FastmriConfig, seed: int, *, endless: bool
    ) -> None:
        self.files, self.config, self.seed, self.endless = tuple(files), config, seed, endless
        groups: dict[tuple[int, ...], list[tuple[int, int]]] = {}
        for number, file in enumerate(self.files):
            count = min(file.n_slices, config.central_slices)
            start = file.n_slices // 2 - count // 2
            size = _size(file, config)
            key = (file.n_frames, min(file.n_coils, LARGEST_COILS), *size)
            groups.setdefault(key, []).extend((number, start + i) for i in range(count))
        #: (file, slice) that fit into one batch
        self.groups = tuple(tuple(groups[key]) for key in sorted(groups))
        self.epoch_length = sum(-(-len(group) // config.batch) for group in self.groups)
        self._order: tuple[int, list[tuple[tuple[int, int], ...]]] = (-1, [])

    def __len__(self) -> int:
        """Number of examples."""
        return ENDLESS if self.endless else self.epoch_length

    def __getitem__(self, index: int) -> Example | LowResolution:
        """The example at ``index``; the same whenever and wherever it is asked for.

        Raises:
            DataError: a file is broken or its slice cannot be used; the sentence names it.
        """
        if not 0 <= index < len(self):
            raise IndexError(index)
        epoch, place = divmod(index, self.epoch_length)
        if self._order[0] != epoch:
            self._order = epoch, self._batches(epoch)
        slices = self._order[1][place]
        if self.config.magnify > 1:
            return joined([self._low_resolution(*one) for one in slices])
        return join(
            [
                self._example(number, number_in_file, (index, position))
                for position, (number, number_in_file) in enumerate(slices)
            ]
        )

    def _batches(self, epoch: int) -> list[tuple[tuple[int, int], ...]]:
        """The slices of each example of an epoch."""
        size, batches = self.config.batch, []
        source = generator(self.seed, "order", epoch)
        for group in self.groups:
            order = list(range(len(group)))
            if self.endless:
                order = torch.randperm(len(group), generator=source).tolist()
            slices = [group[i] for i in order]
            batches += [tuple(slices[i : i + size]) for i in range(0, len(slices), size)]
        if not self.endless:
            return batches
        return [batches[i] for i in torch.randperm(len(batches), generator=source).tolist()]

    def _example(self, number: int, index: int, keys: tuple[int, int]) -> Example:
        file = self.files[number]
        source = (
            generator(self.seed, "mask", *keys)
            if self.endless
            else generator(self.seed, "validation mask", file.path.name)
        )
        with self._named(file.path, index):
            complete = cropped(whiten(_complete(file.path, index)), self.config.crop)
            return _posed(complete, self._undersampling(source)(complete))

    def _low_resolution(self, number: int, index: int) -> LowResolution:
        """Both images are of the measured samples, so that the target has noise too."""
        file, config = self.files[number], self.config
        with self._named(file.path, index):
            scan = whiten(_complete(file.path, index))
            kspace = fft(center_crop(ifft(scan.kspace), _size(file, config)))
            return lowered(kspace, kspace, config.magnify, config.kernel)

    @staticmethod
    @contextmanager
    def _named(path: Path, index: int) -> Iterator[None]:
        """Errors name the slice."""
        try:
            yield
        except DataError as error:
            known = str(error).removeprefix(f"{path}: ")
            raise DataError(f"{path}, slice {index}: {known}") from error

    def _undersampling(self, source: torch.Generator) -> Undersampling:
        patterns, accelerations = self.config.patterns, self.config.accelerations
        shares = torch.tensor(list(patterns.values()))
        chosen = int(torch.multinomial(shares, 1, generator=source))
        return Undersampling(
            acceleration=accelerations[_integer(len(accelerations), source)],
            pattern=list(patterns)[chosen],
            seed=_integer(2**62, source),
        )


def _complete(path: Path, index: int) -> Acquisition:
    scan = load_fastmri_slices(path, index, index + 1)
    if scan.has_gaps:
        raise DataError("lines are missing between others; training needs complete scans")
    return scan


def cropped(scan: Acquisition, largest: tuple[int, int]) -> Acquisition:
    """A scan whose images are cropped about their centre; see `FastmriConfig.crop`.

    An axis that is cropped is sampled everywhere afterwards: zero padding of the k-space is spread
    over it.
    """
    coils = scan.n_coils
    size = _cropped_size(scan.shape, coils, largest)
    axes = tuple(axis for axis in (-2, -1) if size[axis] != scan.shape[axis])
    mask = scan.mask
    for axis in axes:
        mask = mask.any(axis, keepdim=True)
    kspace = fft(center_crop(ifft(scan.kspace, axes), size), axes) if axes else scan.kspace
    maps = scan.coil_maps
    return replace(
        scan,
        kspace=kspace,
        mask=mask,
        coil_maps=None if maps is None else center_crop(maps, size),
        header=replace(scan.header, image_shape=None),
        reference=None,
    )


def _posed(complete: Acquisition, undersampled: Acquisition) -> Example:
    """The example; coils are compressed as the reconstruction will, by what was sampled."""
    kspace = complete.kspace
    if complete.n_coils > LARGEST_COILS:
        matrix = compression_matrix(undersampled.kspace, LARGEST_COILS)
        undersampled, kspace = mixed(undersampled, matrix), mix_coils(matrix, kspace)
    return pose_example(undersampled, kspace)


def _size(file: FastmriFile, config: FastmriConfig) -> tuple[int, int]:
    """Of the images of a file."""
    if config.magnify == 1:
        return _cropped_size(file.shape, file.n_coils, config.crop)
    height, width = _cropped_size(file.shape, 1, config.crop)
    return height - height % config.magnify, width - width % config.magnify


def _cropped_size(shape: tuple[int, int], coils: int, largest: tuple[int, int]) -> tuple[int, int]:
    height, width = (min(have, wanted) for have, wanted in zip(shape, largest, strict=True))
    return height, width if coils == 1 else shape[1]


def _integer(count: int, source: torch.Generator) -> int:
    return int(torch.randint(count, (), generator=source))
