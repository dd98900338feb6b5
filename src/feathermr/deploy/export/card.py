"""What a reader must know of an exported package, measured on this machine."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from feathermr import __version__
from feathermr.core.environment import environment
from feathermr.core.errors import DataError
from feathermr.deploy.graphs.make import MadeGraph, Target
from feathermr.deploy.graphs.scans import Example, Kind, used
from feathermr.models.table import MODELS
from feathermr.models.weights import Trained
from feathermr.nn.cost import parameter_count

#: scans on which a package is compared with its network, and the one on which it is timed
ACCURACY_SCANS, ACCURACY_SHAPE, ACCURACY_FRAMES = 6, (176, 160), 10
LATENCY_SHAPE, LATENCY_FRAMES = (256, 256), 8
#: runs whose median is a time
REPEATS = 5
#: largest loss of PSNR on simulated scans in dB, by precision
LARGEST_LOSS: Mapping[str, float] = {"fp32": 0.01, "bf16": 0.1, "int8": 0.5}
LIMITS = "not for diagnosis: research software, verified on simulated scans alone"


def measured(network: nn.Module, exported: nn.Module, kind: Kind, precision: str) -> dict[str, Any]:
    """Accuracy and latency of an exported network beside the folded one in torch.

    Args:
        network: folded.
        exported: the same with graphs in place.
        kind: of the scans.
        precision: of the graphs.

    Raises:
        DataError: the images lose more than the precision may cost.
    """
    losses, own, other, near = [], [], [], []
    for index in range(ACCURACY_SCANS):
        example = kind.example(500 + index, ACCURACY_SHAPE, ACCURACY_FRAMES)
        images = used(network, example), used(exported, example)
        own.append(example.psnr(images[0]))
        other.append(example.psnr(images[1]))
        losses.append(own[-1] - other[-1])
        off = (images[1] - images[0]).abs().square().mean().sqrt().clamp_min(1e-9)
        near.append(float(20 * (images[0].abs().max() / off).log10()))
    loss = statistics.fmean(losses)
    if not loss <= LARGEST_LOSS[precision]:
        raise DataError(
            f"in {precision} the images lose {loss:.2f} dB of PSNR on simulated scans, more than "
            f"{LARGEST_LOSS[precision]:g}; nothing is written; choose another precision"
        )
    accuracy = {
        "scans": ACCURACY_SCANS,
        "psnr_torch_fp32_db": round(statistics.fmean(own), 3),
        "psnr_exported_db": round(statistics.fmean(other), 3),
        "loss_db": round(loss, 4),
        "largest_loss_db": round(max(losses), 4),
        "least_psnr_to_torch_db": round(min(near), 1),
    }
    return {"accuracy": accuracy, "latency": _latency(network, exported, kind)}


def _latency(network: nn.Module, exported: nn.Module, kind: Kind) -> dict[str, Any]:
    """Seconds of the whole network, from posed samples to the image."""
    example = kind.example(0, LATENCY_SHAPE, LATENCY_FRAMES)
    shape = tuple(example.measured.shape)
    return {
        "measured_shape": list(shape),
        "threads": torch.get_num_threads(),
        "torch_fp32_seconds": _seconds(network, example),
        "exported_seconds": _seconds(exported, example),
    }


def _seconds(model: Callable[..., Tensor], example: Example) -> float:
    """The median of some runs after one to get warm."""
    found = []
    with torch.no_grad():
        for _ in range(REPEATS + 1):
            start = time.perf_counter()
            model(example.measured, example.operator)
            found.append(time.perf_counter() - start)
    return round(statistics.median(found[1:]), 5)


def card_of(
    trained: Trained, target: Target, graphs: Sequence[MadeGraph], files: Mapping[str, bytes]
) -> dict[str, Any]:
    """What is known before anything is measured."""
    about = MODELS[trained.name].card
    known = environment()
    return {
        "model": trained.name,
        "summary": about.summary,
        "source": about.source,
        "runtime": target.runtime,
        "precision": target.precision,
        "weights_sha256": trained.sha256,
        "parameters": parameter_count(trained.network),
        "bytes": {name: len(content) for name, content in files.items()},
        "graphs": [
            {
                "module": made.signature.module,
                "inputs": made.sizes,
                "largest_difference_from_torch": float(f"{made.difference:.3g}"),
            }
            for made in graphs
        ],
        "licence": about.licence,
        "intended_use": about.intended_use,
        "limits": LIMITS,
        "training": {
            key: value for key, value in trained.card.items() if key in ("summary", "trained_on")
        },
        "machine": {key: known[key] for key in ("Processor", "Platform", "PyTorch", "Written")},
        "feathermr": __version__,
    }


def as_markdown(card: Mapping[str, Any]) -> str:
    """The card for people."""
    accuracy, latency = card["accuracy"], card["latency"]
    shape = " x ".join(str(size) for size in latency["measured_shape"])
    before, after = latency["torch_fp32_seconds"], latency["exported_seconds"]
    lines = [
        f"# {card['model']} for {card['runtime']}, {card['precision']}",
        "",
        f"{card['summary']}.",
        "",
        f"- Source: {card['source']}",
        f"- Licence: {card['licence']}. Intended use: {card['intended_use']}; {card['limits']}.",
        f"- Trained on: {card['training'].get('trained_on', 'nothing: random parameters')}.",
        f"- Weights: SHA-256 {card['weights_sha256']}; {card['parameters']:,} parameters.",
        f"- Accuracy on {accuracy['scans']} simulated scans: PSNR {accuracy['psnr_exported_db']} "
        f"dB, of torch in single precision {accuracy['psnr_torch_fp32_db']} dB; loss "
        f"{accuracy['loss_db']:+.3f} dB on average, {accuracy['largest_loss_db']:+.3f} at most; "
        f"its images are {accuracy['least_psnr_to_torch_db']} dB from those of torch, at least.",
        f"- Latency of the whole network, samples of {shape}: {1e3 * after:.1f} ms, of torch "
        f"{1e3 * before:.1f} ms ({before / after:.2f} times); {latency['threads']} threads of "
        f"{card['machine']['Processor']}.",
        "",
        "| graph | inputs | largest difference from torch |",
        "|---|---|---:|",
        *(
            f"| {each['module']} | {each['inputs']} | {each['largest_difference_from_torch']:.2g} |"
            for each in card["graphs"]
        ),
        "",
        "| file | bytes | SHA-256 |",
        "|---|---:|---|",
        *(
            f"| {name} | {size:,} | {card['hashes'][name]} |"
            for name, size in card["bytes"].items()
        ),
        "",
    ]
    return "\n".join(lines)
