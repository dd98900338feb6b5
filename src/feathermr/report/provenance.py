"""Everything that is needed to repeat a page: input, settings, versions, hashes."""

import hashlib
from html import escape

import numpy as np
from torch import Tensor

import feathermr
from feathermr.acquisition import Acquisition
from feathermr.core.environment import environment
from feathermr.recon.comparison import Comparison
from feathermr.recon.reconstruction import Reconstruction
from feathermr.report.markup import definitions, sentences

Pairs = list[tuple[str, str]]

ORIGINS = {
    "measured": "measured raw k-space",
    "simulated": "simulated k-space",
    "image": "k-space computed from magnitude images",
}
SUPER_RESOLUTION = (
    "Super-resolution: what is finer than the input was not measured but estimated, from what "
    "images are like; it can be wrong however sharp it looks."
)
WARNINGS = {
    "measured": "",
    "simulated": "Simulated data: the k-space comes from a numerical phantom, not from a scanner.",
    "image": (
        "Retrospective data: the k-space was computed from magnitude images, so noise, coils and "
        "phase are not those of a scanner. Results on measured k-space can be worse."
    ),
}


def warning(comparison: Comparison) -> str:
    """What a reader must know before looking at the images; may be empty."""
    origin = comparison.acquisition.header.origin
    if comparison.task == "super-resolution":
        known = f"{WARNINGS[origin]} " if origin == "simulated" else ""
        return known + SUPER_RESOLUTION
    return WARNINGS[origin]


def sha256(array: Tensor) -> str:
    """SHA-256 of an array's bytes, little-endian, in C order."""
    values = np.ascontiguousarray(array.detach().resolve_conj().resolve_neg().cpu().numpy())
    return hashlib.sha256(values.astype(values.dtype.newbyteorder("<")).data).hexdigest()


def _number(value: float | None, factor: float, unit: str) -> str:
    return "" if value is None else f"{value * factor:.4g} {unit}"


def describe_scan(acquisition: Acquisition) -> Pairs:
    """What is known about the scan, in the units of the field."""
    header = acquisition.header
    spacing = ""
    if header.spacing is not None:
        spacing = " x ".join(f"{1e3 * size:.4g}" for size in header.spacing) + " mm (slice, y, x)"
    return [
        ("Source", header.source),
        ("Origin", ORIGINS[header.origin]),
        ("Subject", header.subject),
        ("Anatomy", header.anatomy),
        ("Spacing", spacing),
        ("Field strength", _number(header.field_strength, 1, "T")),
        ("Echo time", _number(header.echo_time, 1e3, "ms")),
        ("Repetition time", _number(header.repetition_time, 1e3, "ms")),
        ("Flip angle", _number(header.flip_angle, 180 / np.pi, "degrees")),
        ("Coil sensitivities", "given with the scan" if acquisition.coil_maps is not None else ""),
        ("Noise samples", "given with the scan" if acquisition.noise is not None else ""),
    ]


def describe_method(reconstruction: Reconstruction) -> Pairs:
    """Settings, scale and weights of one method."""
    provenance = reconstruction.provenance
    settings = ", ".join(f"{name} = {value}" for name, value in provenance.settings.items())
    return [
        ("Task", provenance.task),
        ("Method", provenance.method),
        ("FeatherMR", provenance.version),
        ("Settings", settings or "none"),
        ("Scale", f"data divided by {reconstruction.scale:.6g} while the method worked"),
        ("Device", str(reconstruction.image.device)),
        ("Weights SHA-256", provenance.weights),
        ("Image SHA-256", sha256(reconstruction.image)),
    ]


def describe_inputs(comparison: Comparison) -> Pairs:
    """Hashes of the arrays that went in."""
    acquisition = comparison.acquisition
    pairs = [
        ("K-space SHA-256", sha256(acquisition.kspace)),
        ("Mask SHA-256", sha256(acquisition.mask)),
    ]
    if comparison.reference is not None:
        pairs.append(("Reference SHA-256", sha256(comparison.reference)))
    return pairs


def describe_environment() -> Pairs:
    """Versions and machine, without names of machine or user."""
    return [("FeatherMR", feathermr.__version__), *environment().items()]


def provenance_section(comparison: Comparison, command: str) -> str:
    """Scan, methods, inputs, environment, command."""
    acquisition = comparison.acquisition
    parts = [f"<h3>Command</h3><pre>{escape(command)}</pre>" if command else ""]
    parts.append(f"<h3>Scan</h3>{definitions(describe_scan(acquisition))}")
    parts.append(sentences(acquisition.header.notes))
    for name, reconstruction in comparison.reconstructions.items():
        parts.append(
            f"<details open><summary>{escape(name)}</summary>"
            f"{definitions([*describe_method(reconstruction), *_cost(reconstruction)])}"
            f"{sentences(reconstruction.provenance.notes)}</details>"
        )
    parts.append(f"<h3>Inputs</h3>{definitions(describe_inputs(comparison))}")
    parts.append(
        sentences(["Hashes are of the arrays' bytes: little-endian, in C order, no header."])
    )
    parts.append(f"<h3>Environment</h3>{definitions(describe_environment())}")
    return f'<section id="provenance"><h2>How to repeat this</h2>{"".join(parts)}</section>'


def _cost(reconstruction: Reconstruction) -> list[tuple[str, str]]:
    cost = reconstruction.cost
    adds, memory = cost.multiply_adds, cost.peak_memory
    return [
        ("Time", f"{reconstruction.seconds:.4g} s"),
        ("Parameters", f"{cost.parameters:,}"),
        ("Multiply-adds", "" if adds is None else f"{adds:.4g} a slice and frame"),
        ("Peak memory", "" if memory is None else f"{memory / 2**20:.4g} MiB"),
    ]
