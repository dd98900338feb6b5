"""One self-contained HTML page for a comparison: no network, nothing beside it."""

import base64
import hashlib
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template

import feathermr
from feathermr.core.atomic import written_file
from feathermr.recon.comparison import Comparison
from feathermr.report.family import sliders
from feathermr.report.film import film_section
from feathermr.report.markup import sentences
from feathermr.report.provenance import ORIGINS, provenance_section, warning
from feathermr.report.sampling_view import view_sampling
from feathermr.report.scores import scores_section
from feathermr.report.sections import (
    images_section,
    phase_section,
    sampling_section,
    swipe_section,
)
from feathermr.report.shown import Shown, gather
from feathermr.report.viewer import embed, viewer_data


def write_report(
    comparison: Comparison,
    path: str | Path,
    *,
    title: str = "Reconstruction report",
    command: str = "",
) -> Path:
    """Write a comparison as one HTML file that needs nothing else.

    Args:
        comparison: the scan, the images and their scores; without a reference the page has no
            error maps and no scores.
        path: the file; an older one is replaced only when the new one is complete.
        title: heading of the page.
        command: the command line that makes this page again.

    Returns:
        The file written.

    Raises:
        ShapeError: the images differ in shape.
        DataError: the file cannot be written.
    """
    target = Path(path)
    page = render(comparison, title=title, command=command)
    with written_file(target) as beside:
        # the name of a file may hold bytes that are no text
        beside.write_text(page, encoding="utf-8", errors="replace", newline="\n")
    return target


def render(comparison: Comparison, *, title: str, command: str) -> str:
    """The page as text."""
    shown = gather(comparison)
    found = sliders(comparison, shown)
    sampling = view_sampling(comparison.acquisition, shown.selection)
    script = _asset("report.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    warned = warning(comparison)
    return Template(_asset("report.html")).substitute(
        title=escape(title),
        version=escape(feathermr.__version__),
        style=_asset("report.css"),
        script=script,
        script_hash=digest,
        data=embed(viewer_data(comparison, shown, sampling, found)),
        facts=escape(_facts(comparison)),
        warning=f'<p class="warning" role="note">{escape(warned)}</p>' if warned else "",
        controls=_controls(shown),
        image_notes=sentences([*shown.notes, *_about_input(comparison)]),
        images=images_section(shown),
        swipe=swipe_section(shown),
        film=film_section(comparison, shown, found),
        scores=scores_section(comparison),
        phase=phase_section(shown),
        sampling=sampling_section(sampling) if comparison.task == "reconstruction" else "",
        provenance=provenance_section(comparison, command),
    )


def _asset(name: str) -> str:
    return files("feathermr.report").joinpath(name).read_text(encoding="utf-8")


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}{'' if number == 1 else 's'}"


def _size(height: int, width: int) -> str:
    return f"{height} x {width}"


def _about_input(comparison: Comparison) -> list[str]:
    """Of super-resolution: which image shows the input."""
    if comparison.task == "reconstruction":
        return []
    name = next(iter(comparison.reconstructions))
    return [f"{name} is the input of low resolution, interpolated to the pixels of the results."]


def _facts(comparison: Comparison) -> str:
    """The scan in one line."""
    acquisition = comparison.acquisition
    header = acquisition.header
    if comparison.task == "reconstruction":
        what = f"{_size(*acquisition.shape)} (y x x)"
        effort = f"acceleration {acquisition.acceleration:.3g}"
    else:
        coarse, fine = header.image_shape or acquisition.shape, comparison.header.image_shape
        what = f"{_size(*coarse)} to {_size(*(fine or coarse))} (y x x)"
        effort = "super-resolution"
    magnitude = comparison.task != "reconstruction" and header.origin == "image"
    parts = [
        header.source,
        "magnitude images" if magnitude else ORIGINS[header.origin],
        what,
        _count(acquisition.n_slices, "slice"),
        _count(acquisition.n_frames, "frame"),
        "" if magnitude else _count(acquisition.n_coils, "coil"),
        effort,
    ]
    return " · ".join(part for part in parts if part)


def _controls(shown: Shown) -> str:
    """Slice, frame, player and zoom; those that there is something to choose for."""
    parts = []
    if len(shown.selection.slices) > 1:
        parts.append(
            '<label>Slice <input type="range" id="slice" min="0" '
            f'max="{len(shown.selection.slices) - 1}" value="0">'
            '<output id="slice-value" class="short"></output></label>'
        )
    if len(shown.selection.frames) > 1:
        parts.append(
            '<button type="button" id="play">Play</button>'
            '<label>Frame <input type="range" id="frame" min="0" '
            f'max="{len(shown.selection.frames) - 1}" value="0">'
            '<output id="frame-value"></output></label>'
            '<label class="fixed">Speed <select id="speed"><option value="0.25">¼</option>'
            '<option value="0.5">½</option><option value="1" selected>1</option>'
            '<option value="2">2</option></select></label>'
        )
    parts.append(
        '<label>Zoom <input type="range" id="zoom" min="2" max="10" step="1" value="4">'
        '<output id="zoom-value" class="short"></output></label>'
    )
    return f'<div class="controls" role="group" aria-label="View">{"".join(parts)}</div>'
