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
    command_line,
    names,
    read_scan,
    settings,
)
from feathermr.cli.terminal import console, progress_bars, say
from feathermr.core.errors import UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``feathermr reconstruct``."""
    parser.add_argument("path", type=Path, help="file or folder")
    parser.add_argument(
        "-m",
        "--method",
        type=names,
        help="method, or several with commas (feathermr methods lists them; default: by the scan)",
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
    parser.add_argument("--mask", type=Path, help="mask from a file (npy or npz)")
    add_image_physics(parser)
    parser.add_argument("--out", type=Path, help="folder to write to (default: out/NAME)")
    parser.add_argument(
        "--format",
        type=names,
        default=("npy", "png"),
        help="of the image: npy,png,nifti,dicom,h5,gif (default: npy,png; gif too for a series)",
    )
    add_device(parser)


def run(options: argparse.Namespace) -> None:
    """Load, undersample if asked, reconstruct, write."""
    unknown = set(options.format) - set(feathermr.IMAGE_FORMATS)
    if unknown:
        raise UsageError(
            f"--format takes {', '.join(feathermr.IMAGE_FORMATS)}, not '{', '.join(unknown)}'"
        )
    if options.mask and options.acceleration:
        raise UsageError("give either --mask or --acceleration, not both")
    scan = read_scan(options.path, options)
    reference = feathermr.reference_image(scan)
    given = _undersampled(scan, options)
    chosen = options.method or (feathermr.default_method(given),)
    methods = {name: feathermr.make_method(name, settings(options.set)) for name in chosen}
    with progress_bars() as bars:
        comparison = feathermr.compare(
            given, methods, reference, scan=options.path.name, progress=bars.start
        )
    folder = options.out or Path("out") / options.path.name.partition(".")[0]
    write(comparison, chosen, folder, options)


def write(
    comparison: Any, chosen: tuple[str, ...], folder: Path, options: argparse.Namespace
) -> None:
    """Image files, table and report in ``folder``; the last method's image has the plain name."""
    header = comparison.acquisition.header
    formats = list(options.format)
    if comparison.acquisition.n_frames > 1 and "gif" not in formats:
        formats.append("gif")
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for name in chosen:
        stem = "image" if name == chosen[-1] else f"image-{name}"
        image = comparison.reconstructions[name].image
        for kind in formats:
            written += feathermr.save_image(image, header, folder / stem, kind)
    page = feathermr.write_report(comparison, folder / "report.html", command=command_line())
    for note in (*header.notes, *comparison.reconstructions[chosen[-1]].provenance.notes):
        say(f"note: {note}")
    console.print(feathermr.to_rich(feathermr.score_table(comparison)))
    for path in written[:6]:
        say(f"wrote {path}")
    if len(written) > 6:
        say(f"... and {len(written) - 6} more in {folder}")
    say(f"report: {page}")


def _undersampled(scan: Any, options: argparse.Namespace) -> Any:
    if options.mask:
        axis = scan.header.phase_axis
        return feathermr.undersample(
            scan, feathermr.read_mask(options.mask, tuple(scan.kspace.shape), axis)
        )
    if options.acceleration:
        return feathermr.Undersampling(
            options.acceleration, options.pattern, options.center, options.seed
        )(scan)
    return scan
