"""The scans that variants are chosen by, and the error of an image inside the object."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from learned_cases import one_image, spread
from scipy.ndimage import binary_closing, binary_fill_holes
from torch import Tensor

from feathermr import Acquisition, Undersampling
from feathermr.acquisition import Header
from feathermr.calibration import espirit_maps
from feathermr.core.fft import fft, ifft
from feathermr.phantom import from_image
from feathermr.recon.runner import Method

#: of complete scans, by whether there are several coils
ACCELERATIONS: Mapping[bool, tuple[int, ...]] = {False: (3, 5), True: (4,)}
IMAGE_ACCELERATION, IMAGE_SNR = 4, 40.0
#: side of the center of k-space that the maps of a complete scan are found in
CENTER = 40
#: share of the brightest thousandth from which a pixel is of the object, before holes are filled
OBJECT = 0.08
BRIGHTEST = 0.999


@dataclass(frozen=True)
class Scan:
    """An undersampled scan and the magnitude (y, x) that it should give."""

    name: str
    group: str
    given: Acquisition
    truth: Tensor


def complete_scans(paths: Sequence[Path]) -> Iterator[Scan]:
    """Scans of files of complex numbers: images (y, x) of one coil, or k-space (coil, y, x)."""
    for path in paths:
        array = torch.from_numpy(np.load(path)).to(torch.complex64)
        several = array.ndim == 3
        kspace = array[None, None] if several else fft(array)[None, None, None]
        mask = torch.ones(1, 1, 1, *kspace.shape[-2:], dtype=torch.bool)
        whole = Acquisition(kspace=kspace, mask=mask, header=Header(source="complete scan"))
        truth = combined(kspace)
        for acceleration in ACCELERATIONS[several]:
            given = Undersampling(acceleration, "random", seed=acceleration)(whole)
            coils = f"{kspace.shape[2]} coils" if several else "real phase"
            yield Scan(
                f"{path.stem} {acceleration}x", f"{coils}, {acceleration}x", given, truth
            )  # fmt: skip


def combined(kspace: Tensor) -> Tensor:
    """The magnitude (y, x) of a complete scan (1, 1, coil, y, x), by maps from its center."""
    images = ifft(kspace)
    if kspace.shape[2] == 1:
        return images[0, 0, 0].abs()
    height, width = kspace.shape[-2:]
    top, left = (height - CENTER) // 2, (width - CENTER) // 2
    center = kspace[:, 0, :, top : top + CENTER, left : left + CENTER]
    maps = espirit_maps(center, (height, width), crop=0.0)
    return (maps.conj() * images).sum(2)[0, 0].abs()


def image_scans(folder: Path, most: int) -> Iterator[Scan]:
    """Retrospective scans of magnitude images with a scanner's phase, one coil."""
    for number, path in enumerate(spread(sorted(folder.glob("im-*.mat")), most)):
        whole = from_image(one_image(path), snr=IMAGE_SNR, seed=number).without_coil_maps()
        if whole.reference is None:
            raise SystemExit(f"{path} is no image")
        given = Undersampling(IMAGE_ACCELERATION, "random", seed=number)(whole)
        group = f"images, {IMAGE_ACCELERATION}x"
        yield Scan(f"{path.stem} {IMAGE_ACCELERATION}x", group, given, whole.reference[0, 0].abs())


def inside(truth: Tensor) -> Tensor:
    """Where the object is (y, x): what is bright, closed and with its holes filled."""
    bright = (truth > OBJECT * truth.flatten().quantile(BRIGHTEST)).numpy()
    return torch.from_numpy(binary_fill_holes(binary_closing(bright, iterations=3)))


def object_psnr(magnitude: Tensor, truth: Tensor) -> float:
    """PSNR in dB inside the object, one factor fitted; the peak is the brightest thousandth.

    ``10 log10(top^2 / mean (s m - t)^2)`` with ``s = <m, t> / <m, m>``, all inside.
    """
    area = inside(truth)
    found, wanted = magnitude[area].double(), truth[area].double()
    fitted = found * (found * wanted).sum() / found.square().sum()
    top = wanted.quantile(BRIGHTEST)
    return float(10 * (top**2 / (fitted - wanted).square().mean()).log10())


def scores(method: Method, scans: Sequence[Scan]) -> dict[str, dict[str, float]]:
    """PSNR inside the object and seconds of the processor, by scan."""
    found = {}
    for scan in scans:
        begun = time.process_time()
        image = method(scan.given).image
        seconds = time.process_time() - begun
        psnr = object_psnr(image[0, 0].abs(), scan.truth)
        found[scan.name] = {"psnr": round(psnr, 3), "seconds": round(seconds, 2)}
    return found
