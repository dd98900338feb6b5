"""Export a trained network for another runtime: graphs, weights, and a card of what was measured.

The network is one that ships (kronecker-cascade, kronecker-cine, ...), one of feathermr methods,
or the folder of a training run. Convolutions become graphs; transforms, coils and consistency stay
in torch. What is exported is executed and compared with torch; where it differs nothing is written.
The package reconstructs by: feathermr reconstruct SCAN -m DIR.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import feathermr
from feathermr.cli.options import checked_folder, count
from feathermr.cli.terminal import note, progress_bars, say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``feathermr export``."""
    parser.add_argument("network", metavar="MODEL|RUN", help="name, or folder of a training run")
    parser.add_argument(
        "-o", "--out", type=Path, help="folder (default: out/NAME-FORMAT-PRECISION)"
    )
    parser.add_argument(
        "--format", default="openvino", help="onnx, openvino or torch (default: openvino)"
    )
    parser.add_argument(
        "--precision",
        default="fp32",
        help="fp32; bf16 of openvino and torch; int8 of openvino and onnx, its ranges found on "
        "simulated scans (default: fp32)",
    )
    parser.add_argument("--threads", type=count, help="of the runtime (default: as torch)")


def run(options: argparse.Namespace) -> None:
    """Export, and say what was measured."""
    target = feathermr.Target(options.format, options.precision, options.threads or 0)
    trained = feathermr.exportable(options.network)
    short = Path(options.network).resolve().name
    folder = checked_folder(
        options.out or Path("out") / f"{short}-{options.format}-{options.precision}"
    )
    with progress_bars() as bars:
        bar = bars.start(f"exporting {trained.name}", 3)
        package = feathermr.export(trained, folder, target, progress=bar)
    accuracy, latency = package.card["accuracy"], package.card["latency"]
    before, after = latency["torch_fp32_seconds"], latency["exported_seconds"]
    if not trained.card:
        note(f"{trained.name} is exported without training: its parameters are random")
    say(f"wrote {folder}: {sum(package.card['bytes'].values()) / 1e6:.2f} MB")
    say(
        f"loss against torch in single precision: {accuracy['loss_db']:+.3f} dB on average over "
        f"{accuracy['scans']} simulated scans, {accuracy['largest_loss_db']:+.3f} dB at most"
    )
    say(
        f"whole network: {1e3 * after:.1f} ms, of torch {1e3 * before:.1f} ms "
        f"({before / after:.2f} times faster), {latency['threads']} threads"
    )
