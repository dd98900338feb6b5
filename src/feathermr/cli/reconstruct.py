"""Reconstruct a scan from a file, or make an image finer; write the image and a report.

The format is recognised by content: fastMRI, ISMRMRD/MRD, BART, npy/npz, MATLAB; or an image
(DICOM, NIfTI, PNG, JPEG, or a folder of them), which is reconstructed as a retrospective study.
With --task super-resolution the image of a complete scan, or of a file of images, gets --scale
times as many pixels along each side.
"""

from __future__ import annotations

import argparse
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import feathermr
from feathermr.cli.options import (
    add_device,
    add_image_physics,
    add_layout,
    add_undersampling,
    check_undersampling,
    checked_device,
    checked_folder,
    command_line,
    count,
    names,
    read_scan,
    settings,
)
from feathermr.cli.terminal import note, progress_bars, say, show
from feathermr.core.errors import UsageError

SUPER_RESOLUTION = "super-resolution"
#: by default
SCALE, KERNEL = 2, "truncation"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``feathermr reconstruct``."""
    parser.add_argument("path", type=Path, help="file or folder")
    parser.add_argument(
        "--task",
        choices=("reconstruction", "super-resolution"),
        default="reconstruction",
        help="from k-space to images (default), or from images to finer ones",
    )
    parser.add_argument(
        "-m",
        "--method",
        type=names,
        help="method, or several with commas (feathermr methods lists them; default: by the scan), "
        "or the folder of a training run",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a setting of the method; repeat for several",
    )
    parser.add_argument(
        "--times",
        type=count,
        metavar="N",
        help="write N frames, equally spaced over the film, of a method that fits a field: inr, "
        "inr-lambda (default: those of the scan)",
    )
    add_layout(parser)
    _add_super_resolution(parser)
    add_undersampling(parser)
    parser.add_argument("--mask", type=Path, help="mask from a file (npy, npz or mat)")
    add_image_physics(parser)
    parser.add_argument("--out", type=Path, help="folder to write to (default: out/NAME)")
    parser.add_argument(
        "--format",
        type=names,
        help="of the image: npy,png,nifti,dicom,h5,gif,mp4 (default: npy,png; for a time series "
        "npy,gif)",
    )
    add_device(parser)


def _add_super_resolution(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("super-resolution")
    group.add_argument(
        "--scale", type=int, choices=(2, 3, 4), help="how many times finer (default: 2)"
    )
    group.add_argument(
        "--kernel",
        choices=("truncation", "bicubic"),
        help="how detail was lost: k-space that ends early, or pixels that were averaged; it also "
        "says where the fine pixels lie (default: truncation)",
    )
    group.add_argument(
        "--retrospective",
        action="store_true",
        help="make the image coarser first, and compare with what it was",
    )


def run(options: argparse.Namespace) -> None:
    """Load, undersample or make coarser if asked, do the task, write."""
    folder = _checked(options)
    given, reference = _given(options)
    scale = options.scale or SCALE
    chosen = options.method or (feathermr.default_method(given, options.task, scale),)
    for name in chosen:
        feathermr.check_suits(name, given, options.task)
    titles = labels(chosen)
    methods = {titles[name]: _method(name, options) for name in chosen}
    start = {"baseline": _interpolation(options)} if options.task == SUPER_RESOLUTION else {}
    with progress_bars() as bars:
        comparison = feathermr.compare(
            given, methods, reference, scan=options.path.name, progress=bars.start, **start
        )
    if not options.method:
        purpose = f"a scale of {scale}" if options.task == SUPER_RESOLUTION else "such a scan"
        note(f"the method is {chosen[0]}, the default for {purpose}; -m takes another")
    write(comparison, tuple(methods), folder, options)


def write(
    comparison: Any, chosen: tuple[str, ...], folder: Path, options: argparse.Namespace
) -> None:
    """Image files, table and report in ``folder``; the last method's image has the plain name."""
    notes = comparison.acquisition.header.notes
    usual = ("npy", "gif" if comparison.acquisition.n_frames > 1 else "png")
    written: list[Path] = []
    for name in chosen:
        stem = "image" if name == chosen[-1] else f"image-{name.strip(os.sep).replace(os.sep, '-')}"
        made = comparison.reconstructions[name]
        image, header = _asked(made, options)
        for kind in options.format or usual:
            written += feathermr.save_image(image, header, folder / stem, kind)
        if made.field is not None:
            field = folder / f"{stem.replace('image', 'field', 1)}.safetensors"
            written.append(feathermr.save_field(made.field, field))
    title = options.task.capitalize()
    page = feathermr.write_report(
        comparison, folder / "report.html", title=f"{title} report", command=command_line()
    )
    for sentence in (*notes, *comparison.reconstructions[chosen[-1]].provenance.notes):
        note(sentence)
    show(feathermr.to_rich(feathermr.score_table(comparison)))
    for path in written[:6]:
        say(f"wrote {path}")
    if len(written) > 6:
        say(f"... and {len(written) - 6} more in {folder}")
    say(f"report: {page}")


def _asked(made: Any, options: argparse.Namespace) -> tuple[Any, Any]:
    """Image and header of the frames asked for."""
    if not options.times:
        return made.image, made.header
    asked: tuple[Any, Any] = made.field.image(made.field.domain.equal_times(options.times))
    return asked


def labels(names: Sequence[str]) -> Mapping[str, str]:
    """What each method is called on the page: a run by its last part, if nothing else is so."""
    short = {name: Path(name).name or name for name in names}
    taken = Counter(
        [*short.values(), *(key for table in feathermr.TASKS.values() for key in table)]
    )
    return {name: last if taken[last] == 1 else name for name, last in short.items()}


def _checked(options: argparse.Namespace) -> Path:
    """The folder to write to; what can be refused before the scan is read, is."""
    for kind in options.format or ():
        feathermr.check_image_format(kind)
    _check_task(options)
    _check_times(options)
    for name in options.method or ():
        _method(name, options)
    checked_device(options.device)
    check_undersampling(options)
    if options.mask and options.acceleration:
        raise UsageError("give either --mask or --acceleration, not both")
    folder = checked_folder(options.out or _folder(options.path))
    path, target = options.path.resolve(), folder.resolve()
    if path == target or (path.parent == target and path.name.startswith("image")):
        raise UsageError(f"results could overwrite the input {options.path}; give another --out")
    return folder


def _check_task(options: argparse.Namespace) -> None:
    """Refuse arguments of the other task."""
    if options.task != SUPER_RESOLUTION:
        if options.scale or options.kernel or options.retrospective:
            raise UsageError(
                "--scale, --kernel and --retrospective are of super-resolution; give "
                "--task super-resolution too"
            )
        return
    if options.acceleration or options.mask:
        raise UsageError(
            "super-resolution takes complete scans; leave --acceleration and --mask out, or "
            "reconstruct first and give the image"
        )
    if {"scale", "kernel"} & set(settings(options.set)):
        raise UsageError("give --scale and --kernel by themselves, not to --set")


def _check_times(options: argparse.Namespace) -> None:
    """Refuse frames at other times from methods that have none."""
    if "times" in settings(options.set):
        raise UsageError("give --times by itself, not to --set")
    fits = set(options.method or ()) <= set(feathermr.FIELD_METHODS)
    if options.times and not (options.method and fits):
        raise UsageError(
            "--times is for methods that fit a field; give -m "
            + " or -m ".join(feathermr.FIELD_METHODS)
        )


def _method(name: str, options: argparse.Namespace) -> Any:
    given = settings(options.set)
    if options.task == SUPER_RESOLUTION:
        given = {**_grid(options), **given}
    return feathermr.make_method(name, given, options.task)


def _grid(options: argparse.Namespace) -> dict[str, Any]:
    return {"scale": options.scale or SCALE, "kernel": options.kernel or KERNEL}


def _interpolation(options: argparse.Namespace) -> dict[str, Any]:
    """What the kernel itself makes of the image of low resolution, to set the results beside."""
    name = "bicubic" if options.kernel == "bicubic" else "zero-fill-interpolation"
    return {name: feathermr.make_method(name, _grid(options), SUPER_RESOLUTION)}


def _given(options: argparse.Namespace) -> tuple[Any, Any]:
    """The scan that the methods get, and the image that they should find, where there is one."""
    if options.task == SUPER_RESOLUTION:
        scan = read_scan(options.path, options, physics=False)
        grid = _grid(options)
        return feathermr.coarsened(scan, **grid) if options.retrospective else (scan, None)
    scan = read_scan(options.path, options)
    return _undersampled(scan, options), feathermr.reference_image(scan)


def _folder(path: Path) -> Path:
    """``out/NAME``, without the ending of a file."""
    name = path.resolve().name
    return Path("out") / (name if path.is_dir() else Path(name.removesuffix(".gz")).stem)


def _undersampled(scan: Any, options: argparse.Namespace) -> Any:
    if options.mask:
        shape, axis = tuple(scan.kspace.shape), scan.header.phase_axis
        mask = feathermr.read_mask(options.mask, shape, axis)
        return feathermr.undersample(scan, mask.to(scan.kspace.device))
    if options.acceleration:
        return feathermr.Undersampling(
            options.acceleration, options.pattern, options.center, options.seed
        )(scan)
    return scan
