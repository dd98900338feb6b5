"""The data that the page's script draws: pictures by key, and what varies with slice and frame."""

import json
from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import Any

import numpy as np

from feathermr.metrics.score import Score
from feathermr.recon.comparison import Comparison
from feathermr.report import palettes
from feathermr.report.family import Slider
from feathermr.report.figures import Sheets, error_bytes, magnitude_bytes, phase_bytes, sheets
from feathermr.report.sampling_view import SamplingView
from feathermr.report.selection import Selection
from feathermr.report.shown import Shown

CAPTION_METRICS = ("psnr", "ssim")
PHASE_THRESHOLD = 0.08  # of the window's upper end


def shows_phase(shown: Shown) -> list[int]:
    """Indices of the images that are complex and whose phase is not zero everywhere."""
    return [
        index
        for index, image in enumerate(shown.images)
        if np.iscomplexobj(image) and bool(np.any(image.imag))
    ]


def _pictures(shown: Shown, sampling: SamplingView) -> dict[str, Sheets]:
    """Every picture of the page, by the key that its canvases name."""
    upper, middle = shown.window.upper, len(shown.selection.frames) // 2
    pictures = {
        f"magnitude-{index}": sheets(magnitude_bytes(magnitude, upper))
        for index, magnitude in enumerate(shown.magnitudes)
    }
    first = len(shown.names) - len(shown.errors)
    for index, error in enumerate(shown.errors, start=first):
        values = error_bytes(error, upper / shown.window.gain)
        pictures[f"error-{index}"] = sheets(values, palettes.heat())
    for index in shows_phase(shown):
        image = shown.images[index][:, middle : middle + 1]
        values = phase_bytes(image, PHASE_THRESHOLD * upper)
        pictures[f"phase-{index}"] = sheets(values, palettes.phase())
    pictures["mask"] = sheets(sampling.mask)
    pictures["kspace"] = sheets(sampling.kspace)
    if sampling.course is not None:
        pictures["course"] = sheets(sampling.course)
    return pictures


def _aspect(comparison: Comparison, shown: Shown) -> float:
    """Width over height of an image on the patient."""
    height, width = shown.size
    spacing = comparison.acquisition.header.spacing
    return width / height if spacing is None else width * spacing[2] / (height * spacing[1])


def frame_times(comparison: Comparison, shown: Shown) -> tuple[float, ...] | None:
    """Time of each shown frame in seconds; ``None`` when it is not known for every frame."""
    times = comparison.acquisition.header.frame_times
    if len(times) != shown.selection.n_frames:
        return None
    return tuple(times[frame] for frame in shown.selection.frames)


def _frame_seconds(comparison: Comparison, shown: Shown) -> float:
    """Time between frames when played; a tenth of a second when unknown."""
    times = frame_times(comparison, shown)
    if times is None or len(times) < 2:
        return 0.1
    steps = [later - earlier for earlier, later in pairwise(times)]
    return min(1.0, max(0.02, median(steps)))


def _captions(scores: tuple[Score, ...], shown: Shown) -> dict[str, list[list[str]]]:
    """PSNR and SSIM of each method's image, by index of the image, then slice, then frame."""
    chosen = shown.selection
    captions: dict[str, list[list[str]]] = {}
    for index, name in enumerate(shown.names):
        own = [
            score for score in scores if score.method == name and score.metric in CAPTION_METRICS
        ]
        if own:
            captions[str(index)] = _lines(own, chosen)
    return captions


def _lines(scores: Sequence[Score], chosen: Selection) -> list[list[str]]:
    """The scores of one method, by slice, then frame."""
    return [
        [
            ", ".join(_caption(score, one * chosen.n_frames + frame) for score in scores)
            for frame in chosen.frames
        ]
        for one in chosen.slices
    ]


def _caption(score: Score, image: int) -> str:
    """The score of one image; that of the scan, and said so, when images were pooled."""
    if score.policy == "volume":
        return f"{score.metric} {score.mean:.4g} (scan)"
    return f"{score.metric} {score.values[image]:.4g}"


def _family_pictures(found: Sequence[Slider], upper: float) -> dict[str, Sheets]:
    """Pictures of the stops of sliders that the page does not have yet."""
    return {
        _key(one, stop): sheets(magnitude_bytes(magnitude, upper))
        for one in found
        for stop, magnitude in enumerate(one.magnitudes)
        if magnitude is not None
    }


def _key(one: Slider, stop: int) -> str:
    return f"magnitude-{one.index}" if stop == one.own else f"family-{one.index}-{stop}"


def _families(found: Sequence[Slider], chosen: Selection) -> dict[str, dict[str, Any]]:
    """Pictures, labels and captions of every slider's stops, by index of the image."""
    return {
        str(one.index): {
            "pictures": [_key(one, stop) for stop in range(len(one.labels))],
            "labels": list(one.labels),
            "captions": [_lines(scores, chosen) for scores in one.scores],
            "stop": one.own,
        }
        for one in found
    }


def viewer_data(
    comparison: Comparison, shown: Shown, sampling: SamplingView, found: Sequence[Slider]
) -> dict[str, Any]:
    """All that the script needs, as plain values."""
    height, width = shown.size
    pictures = _pictures(shown, sampling) | _family_pictures(found, shown.window.upper)
    times = frame_times(comparison, shown)
    labels = [
        f"{frame + 1}" if times is None else f"{frame + 1} · {1e3 * times[place]:.0f} ms"
        for place, frame in enumerate(shown.selection.frames)
    ]
    return {
        "width": width,
        "height": height,
        "aspect": round(_aspect(comparison, shown), 6),
        "slices": [str(index + 1) for index in shown.selection.slices],
        "frames": labels,
        "times": list(shown.selection.frames if times is None else times),
        "frameSeconds": round(_frame_seconds(comparison, shown), 4),
        "captions": _captions(comparison.scores, shown),
        "families": _families(found, shown.selection),
        "pictures": {
            key: {"sheets": one.addresses, "frames": one.frames, "columns": one.columns}
            for key, one in pictures.items()
        },
    }


def embed(data: dict[str, Any]) -> str:
    """JSON that may stand inside a script element: no ``<``, ``>`` or ``&``."""
    text = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
