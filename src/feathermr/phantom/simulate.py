"""A complete scan of a random body: the object, coils, phase and noise, with the truth beside."""

from dataclasses import replace

import torch
from torch import Tensor

from feathermr.acquisition import Acquisition, Header
from feathermr.core.errors import DataError, UsageError
from feathermr.core.fft import fft
from feathermr.core.registry import look_up
from feathermr.core.seeding import generator
from feathermr.phantom.acquire import acquire, low_pass
from feathermr.phantom.coils import at_scan_resolution, coil_maps
from feathermr.phantom.contrast import Contrast
from feathermr.phantom.fields import Shape
from feathermr.phantom.motion import Motion, draw_motion
from feathermr.phantom.noise import coil_correlation, noise_level, sample_noise
from feathermr.phantom.scanner_signal import scanner_phase, scanner_signal
from feathermr.phantom.scene import ANATOMIES, random_contrast, scene

_NOISE_SAMPLES = 4096


def _with_noise(kspace: Tensor, snr: float, source: torch.Generator) -> tuple[Tensor, Tensor]:
    """The scan with one level of noise, the mean over its slices, and samples of noise alone."""
    coils = kspace.shape[2]
    correlation = coil_correlation(coils, source) if coils > 1 else None
    level = noise_level(kspace, snr).mean()
    alone = level * sample_noise((coils, _NOISE_SAMPLES), source, correlation, coil_axis=0)
    return kspace + level * sample_noise(tuple(kspace.shape), source, correlation), alone


def _scan_slice(signal: Tensor, maps: Tensor, shape: Shape) -> tuple[Tensor, Tensor]:
    """K-space and reference of one slice, frame by frame: the finer grid takes much memory."""
    frames = (signal[:, frame : frame + 1] for frame in range(signal.shape[1]))
    kspace = torch.cat([acquire(frame, maps, shape) for frame in frames], dim=1)
    return kspace, low_pass(signal, shape)


def _frame_times(frames: int, motion: Motion) -> tuple[float, ...]:
    """One heart beat in equal steps."""
    period = float(motion.period.flatten()[0])
    return tuple(period * frame / frames for frame in range(frames))


def _header(
    anatomy: str, seed: int, shape: Shape, contrast: Contrast, times: tuple[float, ...]
) -> Header:
    spacing = ANATOMIES[anatomy].spacing(shape)
    return Header(
        source="simulator",
        origin="simulated",
        subject=f"{anatomy}-{seed}",
        anatomy=anatomy,
        phase_axis=ANATOMIES[anatomy].phase_axis,
        spacing=(0.005, spacing, spacing),
        echo_time=float(contrast.echo_time[0]),
        repetition_time=float(contrast.repetition_time[0]),
        flip_angle=float(torch.deg2rad(contrast.flip_angle[0])),
        field_strength=float(contrast.field_strength[0]),
        frame_times=times,
    )


def _check(slices: int, frames: int, coils: int, snr: float) -> None:
    for name, count in (("slices", slices), ("frames", frames), ("coils", coils)):
        if count < 1:
            raise UsageError(f"{name} must be at least 1, not {count}")
    if not snr > 0:
        raise UsageError(f"snr must be positive, not {snr}")


def simulate(
    anatomy: str = "brain",
    *,
    slices: int = 1,
    frames: int = 1,
    shape: Shape = (256, 256),
    coils: int = 1,
    snr: float = 30.0,
    seed: int = 0,
    device: str = "cpu",
) -> Acquisition:
    """A complete scan; the same arguments give the same scan.

    All slices share contrast, motion, coil array and noise level; each shows a body (or a section)
    of its own, drawn by a generator of (seed, anatomy, index of the slice), so that a slice does
    not depend on how many there are. The frames are one heart beat.

    The phase is a scanner's, drawn for each slice (`scanner_signal`): fat beside water, a field
    that is steep beside air, an echo off the centre, smooth fields; sometimes none of it. The
    ``reference`` is the object with this phase, low-passed to the scan's matrix by
    cropping its transform: what a complete scan without noise by a single uniform coil gives. With
    several coils, maps act on the finer grid, so that the k-space is not the transform of the maps
    times the reference.

    Args:
        anatomy: a key of `ANATOMIES`.
        slices: number of slices.
        frames: number of frames; only a heart moves.
        shape: matrix (y, x).
        coils: loops of the receive array; 1 gives a uniform combined coil.
        snr: signal over noise, see `noise_level`.
        seed: of everything random.
        device: where to compute; the random numbers depend on it.

    Raises:
        UsageError: an unknown anatomy, or a count or ratio out of range.
    """
    look_up(ANATOMIES, anatomy, "anatomy")
    _check(slices, frames, coils, snr)
    shared = generator(seed, anatomy, "scan", device=device)
    contrast = random_contrast(anatomy, 1, shared)
    motion = draw_motion(1, shared)
    times = _frame_times(frames, motion)
    maps = coil_maps(1, coils, shape, shared)
    scans = []
    for index in range(slices):
        own = generator(seed, anatomy, "slice", index, device=device)
        body = scene(anatomy, 1, shape, own, times=times, contrast=contrast, motion=motion)
        scans.append(_scan_slice(scanner_signal(body, own), maps, shape))
    kspace, reference = (torch.cat(parts) for parts in zip(*scans, strict=True))
    kspace, alone = _with_noise(kspace, snr, generator(seed, anatomy, "noise", device=device))
    scan = Acquisition(
        kspace=kspace,
        mask=torch.ones(1, 1, 1, 1, 1, dtype=torch.bool, device=kspace.device).expand(kspace.shape),
        header=_header(anatomy, seed, shape, contrast, times),
        coil_maps=at_scan_resolution(maps).expand(slices, -1, -1, -1, -1),
        reference=reference,
        noise=alone,
    )
    return scan.with_notes(
        f"simulated {anatomy} ({contrast.name(0)}), seed {seed}, signal-to-noise ratio {snr:g}"
    )


def from_image(
    acquisition: Acquisition, *, coils: int = 1, snr: float = 30.0, seed: int = 0
) -> Acquisition:
    """A scan made from a magnitude image: a scanner's phase, coil maps and noise are added.

    The k-space is the transform of the very image that a
    result is compared with, so that results are optimistic ("inverse crime"); the notes say so.

    Raises:
        DataError: the scan is not one read from images.
        UsageError: a count or ratio out of range.
    """
    if acquisition.header.origin != "image" or acquisition.reference is None:
        raise DataError(
            "from_image needs a scan read from images (origin 'image' with a reference), "
            f"not origin '{acquisition.header.origin}'"
        )
    _check(1, 1, coils, snr)
    magnitude = acquisition.reference.abs()
    shape = (magnitude.shape[-2], magnitude.shape[-1])
    source = generator(seed, "from image", device=magnitude.device)
    phase = torch.cat([scanner_phase(one[None], source) for one in magnitude])
    maps = at_scan_resolution(coil_maps(1, coils, shape, source))
    image = magnitude * phase
    kspace, alone = _with_noise(fft(image[:, :, None] * maps), snr, source)
    made = Acquisition(
        kspace=kspace,
        mask=torch.ones(kspace.shape, dtype=torch.bool, device=kspace.device),
        header=replace(acquisition.header, image_shape=None),
        coil_maps=maps.expand(image.shape[0], -1, -1, -1, -1),
        reference=image,
        noise=alone,
    )
    return made.with_notes(
        f"k-space made from a magnitude image: a scanner's phase, maps of {coils} coil(s) and "
        f"noise of signal-to-noise ratio {snr:g} were added (seed {seed})",
        "retrospective: the k-space is the transform of the reference (inverse crime)",
    )
