"""Reconstruct a scan from a file, or make an image finer; write the image and a report.

The format is recognised by content: fastMRI, ISMRMRD/MRD, BART, npy/npz, MATLAB; or an image
(DICOM, NIfTI, PNG, JPEG, or a folder of them), which is reconstructed as a retrospective study.
With --task super-resolution the image of a complete scan, or of a file of images, gets --scale
times as many pixels along each side.
"""

from __future__ import annotations

import argparse
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
    add_request(parser)
    parser.add_argument("-o", "--out", type=Path, help="folder to write to (default: out/NAME)")


def add_request(parser: argparse.ArgumentParser) -> None:
    """What to make of a file, for every command that reconstructs files."""
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
        "or the folder of a training run or of an exported package; A+B mixes two as the scan "
        "supports them, the safe one last",
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
        help="write N frames, equally spaced over the film, of a method that gives any time: inr, "
        "inr-lambda, liif-rdn3d (default: those of the scan)",
    )
    add_layout(parser)
    _add_super_resolution(parser)
    add_undersampling(parser)
    parser.add_argument("--mask", type=Path, help="mask from a file (npy, npz or mat)")
    add_image_physics(parser)
    parser.add_argument(
        "--format",
        type=names,
        help="of the image: npy,png,nifti,dicom,h5,gif,mp4 (default: npy,png; for a time series "
        "npy,gif)",
    )
    _add_runtime(parser)
    add_device(parser)


def _add_runtime(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("learned methods in another runtime, on the processor")
    group.add_argument("--runtime", help="openvino, onnx or torch (default: torch as it is)")
    group.add_argument(
        "--precision",
        help="fp32; bf16 of openvino and torch; int8 of openvino and onnx (default: fp32)",
    )


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
    request = checked_request(options)
    folder = _checked_out(options)
    with progress_bars() as bars:
        finished = feathermr.reconstruct_file(
            options.path, folder, request, command=command_line(), progress=bars.start
        )
    if finished.chosen:
        purpose = f"a scale of {request.scale}" if request.finer else "such a scan"
        note(f"the method is {finished.chosen}, the default for {purpose}; -m takes another")
    for sentence in finished.notes:
        note(sentence)
    show(feathermr.to_rich(feathermr.score_table(finished.comparison)))
    for path in finished.files[:6]:
        say(f"wrote {path}")
    if len(finished.files) > 6:
        say(f"... and {len(finished.files) - 6} more in {folder}")
    say(f"report: {finished.page}")


def checked_request(options: argparse.Namespace, page: bool = True) -> Any:
    """What is asked for; what can be refused before a scan is read, is."""
    for kind in options.format or ():
        feathermr.check_image_format(kind)
    _check_task(options)
    _check_times(options)
    request = feathermr.Request(
        methods=options.method or (),
        settings=settings(options.set),
        task=options.task,
        scale=options.scale or SCALE,
        kernel=options.kernel or KERNEL,
        retrospective=options.retrospective,
        times=options.times or 0,
        layout=options.layout,
        acceleration=options.acceleration or 0.0,
        pattern=options.pattern,
        center=options.center,
        seed=options.seed,
        mask=options.mask,
        coils=options.coils,
        snr=options.snr,
        formats=options.format or (),
        page=page,
        device=checked_device(options.device),
        runtime=options.runtime or "",
        precision=options.precision or "fp32",
    )
    if options.precision and not options.runtime:
        raise UsageError("--precision is of another runtime; give --runtime too")
    for name in request.methods:
        request.method(name)
    check_undersampling(options)
    if options.mask and options.acceleration:
        raise UsageError("give either --mask or --acceleration, not both")
    return request


def _checked_out(options: argparse.Namespace) -> Path:
    """The folder to write to."""
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
    fits = set(options.method or ()) <= set(feathermr.TIMED_METHODS)
    if options.times and not (options.method and fits):
        raise UsageError(
            "--times is for methods that give a film at any time; give -m "
            + " or -m ".join(feathermr.TIMED_METHODS)
        )


def _folder(path: Path) -> Path:
    """``out/NAME``, without the ending of a file."""
    name = path.resolve().name
    return Path("out") / (name if path.is_dir() else Path(name.removesuffix(".gz")).stem)
