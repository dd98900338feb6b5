"""Reconstruct a scan from a file, and write the image and a report.

The format is recognised by content: fastMRI, ISMRMRD/MRD, BART, npy/npz, MATLAB; or an image
(DICOM, NIfTI, PNG, JPEG, or a folder of them), which is then a retrospective study.
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
    names,
    read_scan,
    settings,
)
from feathermr.cli.terminal import note, progress_bars, say, show
from feathermr.core.errors import UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``feathermr reconstruct``."""
    parser.add_argument("path", type=Path, help="file or folder")
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
    add_layout(parser)
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


def run(options: argparse.Namespace) -> None:
    """Load, undersample if asked, reconstruct, write."""
    folder = _checked(options)
    scan = read_scan(options.path, options)
    reference = feathermr.reference_image(scan)
    given = _undersampled(scan, options)
    chosen = options.method or (feathermr.default_method(given),)
    for name in chosen:
        feathermr.check_suits(name, given)
    methods = {name: feathermr.make_method(name, settings(options.set)) for name in chosen}
    with progress_bars() as bars:
        comparison = feathermr.compare(
            given, methods, reference, scan=options.path.name, progress=bars.start
        )
    write(comparison, chosen, folder, options)


def write(
    comparison: Any, chosen: tuple[str, ...], folder: Path, options: argparse.Namespace
) -> None:
    """Image files, table and report in ``folder``; the last method's image has the plain name."""
    header = comparison.acquisition.header
    usual = ("npy", "gif" if comparison.acquisition.n_frames > 1 else "png")
    written: list[Path] = []
    for name in chosen:
        stem = "image" if name == chosen[-1] else f"image-{Path(name).name}"
        image = comparison.reconstructions[name].image
        for kind in options.format or usual:
            written += feathermr.save_image(image, header, folder / stem, kind)
    page = feathermr.write_report(comparison, folder / "report.html", command=command_line())
    if not options.method:
        note(f"the method is {chosen[0]}, the default for such a scan; -m takes another")
    for sentence in (*header.notes, *comparison.reconstructions[chosen[-1]].provenance.notes):
        note(sentence)
    show(feathermr.to_rich(feathermr.score_table(comparison)))
    for path in written[:6]:
        say(f"wrote {path}")
    if len(written) > 6:
        say(f"... and {len(written) - 6} more in {folder}")
    say(f"report: {page}")


def _checked(options: argparse.Namespace) -> Path:
    """The folder to write to; what can be refused before the scan is read, is."""
    for kind in options.format or ():
        feathermr.check_image_format(kind)
    for name in options.method or ():
        feathermr.make_method(name, settings(options.set))
    checked_device(options.device)
    check_undersampling(options)
    if options.mask and options.acceleration:
        raise UsageError("give either --mask or --acceleration, not both")
    folder = checked_folder(options.out or _folder(options.path))
    path, target = options.path.resolve(), folder.resolve()
    if path == target or (path.parent == target and path.name.startswith("image")):
        raise UsageError(f"results could overwrite the input {options.path}; give another --out")
    return folder


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
