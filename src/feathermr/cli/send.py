"""Stream a scan to a server, as a scanner would, and store the images that come back.

The format of the scan is recognised by content; a complete scan can be undersampled first.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import feathermr
from feathermr.cli.options import (
    add_image_physics,
    add_layout,
    add_undersampling,
    check_undersampling,
    checked_folder,
    count,
    names,
    positive,
)
from feathermr.cli.terminal import note, progress_bars, say
from feathermr.core.errors import DataError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``feathermr send``."""
    parser.add_argument("path", type=Path, help="file or folder")
    parser.add_argument("--host", default="127.0.0.1", help="of the server (default: 127.0.0.1)")
    parser.add_argument("--port", type=count, default=9002, help="of the server (default: 9002)")
    parser.add_argument(
        "-m", "--method", default="", help="name of the configuration (default: the server's own)"
    )
    parser.add_argument(
        "--pace", type=positive, metavar="N", help="frames a second (default: as fast as taken)"
    )
    add_layout(parser)
    add_undersampling(parser)
    add_image_physics(parser)
    parser.add_argument(
        "-o", "--out", type=Path, default=Path("out/sent"), help="folder (default: out/sent)"
    )
    parser.add_argument(
        "--format",
        type=names,
        default=("h5", "dicom"),
        help="of the images: npy,png,nifti,dicom,h5,gif,mp4 (default: h5,dicom)",
    )


def run(options: argparse.Namespace) -> None:
    """Read, stream, store."""
    check_undersampling(options)
    for kind in options.format:
        feathermr.check_image_format(kind)
    folder = checked_folder(options.out)
    scan, _ = feathermr.Request(
        layout=options.layout,
        acceleration=options.acceleration or 0.0,
        pattern=options.pattern,
        center=options.center,
        seed=options.seed,
        coils=options.coils,
        snr=options.snr,
    ).read(options.path)
    with progress_bars() as bars:
        reply = feathermr.send(
            scan,
            options.host,
            options.port,
            method=options.method,
            frames_a_second=options.pace or 0.0,
            progress=bars.start("images", scan.n_slices * scan.n_frames),
        )
    for text in reply.texts:
        note(text)
    if reply.errors and not reply.images:
        raise DataError(f"the server sent no image: {reply.errors[0]}")
    image, header = feathermr.volume_of(reply.images, scan.header)
    for kind in options.format:
        for path in feathermr.save_image(image, header, folder / "image", kind):
            say(f"wrote {path}")
    late = reply.seconds[-1] - reply.sent
    note(f"{len(reply.images)} images, the last {late:.2f} s after the last readout was sent")
    if reply.errors:
        raise DataError(f"{len(reply.errors)} reconstructions failed: {reply.errors[0]}")
