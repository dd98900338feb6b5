"""What all methods of super-resolution share: the coarse image, slice by slice, a finer header."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict

import torch
from torch import Tensor

from feathermr import __version__
from feathermr.acquisition import Acquisition, Header
from feathermr.acquisition.geometry import Fixed, resampled
from feathermr.core.errors import DataError, UsageError
from feathermr.core.progress import Progress, silent
from feathermr.operators import Downsampling, Kernel
from feathermr.recon.problem import robust_scale
from feathermr.recon.reconstruction import Cost, Provenance, Reconstruction
from feathermr.recon.runner import Method, within
from feathermr.recon.zero_filled import ZeroFilled

#: how many times finer a grid can become
SCALES = (2, 3, 4)
#: what stays in place when a kernel makes an image coarser
FIXED: Mapping[Kernel, Fixed] = {"truncation": "center", "bicubic": "edges"}

Solve = Callable[[Tensor, Downsampling, Progress], Tensor]


def magnify(
    name: str,
    method: Method,
    acquisition: Acquisition,
    solve: Solve,
    grid: tuple[int, Kernel],
    *,
    progress: Progress = silent,
) -> Reconstruction:
    """Super-resolution of every slice by ``solve``, on the magnitude of the coarse image.

    Args:
        name: of the method.
        method: its settings.
        acquisition: a scan without gaps.
        solve: fine images (frame, 1, Y, X) of coarse ones (frame, 1, y, x), complex without
            imaginary part and bright tissue about 1, with the down-sampling that lies between.
        grid: how many times finer, and the kernel that says where the fine pixels lie.
        progress: told after each step of each slice.

    Raises:
        UsageError: another scale than 2, 3 or 4.
        DataError: the scan has gaps.
    """
    start = time.perf_counter()
    times, kernel = grid
    if times not in SCALES:
        raise UsageError(f"scale must be one of {', '.join(map(str, SCALES))}, not {times}")
    need_no_gaps(acquisition, name)
    coarse = ZeroFilled()(acquisition)
    magnitude = coarse.image.abs()
    scale = robust_scale(magnitude)
    shape = magnitude.shape[2] * times, magnitude.shape[3] * times
    operator = Downsampling((magnitude.shape[1], 1, *shape), times, kernel)
    images = []
    with torch.no_grad():
        for index, frames in enumerate(magnitude):
            part = within(progress, index, len(magnitude))
            low = torch.complex(frames / scale, torch.zeros_like(frames))[:, None]
            images.append(solve(low, operator, part).real.clamp_min(0).transpose(0, 1))
            part(1, 1)
    image = torch.cat(images) * scale
    notes: tuple[str, ...] = ("the magnitude alone became finer: the image has no phase",)
    if acquisition.header.origin != "image":  # which has neither coils nor a noise to tell of
        notes = (*coarse.provenance.notes, *notes)
    return Reconstruction(
        image=torch.complex(image, torch.zeros_like(image)),
        scale=scale,
        seconds=time.perf_counter() - start,
        cost=Cost(),
        provenance=Provenance(
            name, __version__, asdict(method), notes=notes, task="super-resolution"
        ),
        header=_finer(acquisition.header, magnitude, shape, kernel),
    )


def need_no_gaps(acquisition: Acquisition, name: str) -> None:
    """Refuse an undersampled scan.

    Raises:
        DataError: samples are missing between others.
    """
    if acquisition.has_gaps:
        raise DataError(
            f"{name} makes a complete image finer, but the scan is undersampled "
            f"{acquisition.acceleration:.3g}-fold; reconstruct it first and give the image"
        )


def _finer(header: Header, coarse: Tensor, shape: tuple[int, int], kernel: Kernel) -> Header:
    given = coarse.shape[0], coarse.shape[2], coarse.shape[3]
    return resampled(header, given, shape, FIXED[kernel])
