"""One file, from its scan to images and a page."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from feathermr.acquisition import Header, save_image
from feathermr.deploy.request import Request
from feathermr.models.implicit import save_field
from feathermr.recon import TASKS, Comparison, Reconstruction, check_suits, compare, default_method
from feathermr.recon.compare import ZERO_FILLED, StartProgress, no_progress
from feathermr.report import write_report


@dataclass(frozen=True)
class Finished:
    """What came of a file.

    Attributes:
        comparison: scan, images and scores.
        methods: those asked for, as the page calls them; the last one's image is ``image``.
        chosen: the method that the scan's default is; empty if methods were asked for.
        files: written, the page not among them.
        page: the report; none if none was asked for.
    """

    comparison: Comparison
    methods: tuple[str, ...]
    chosen: str
    files: tuple[Path, ...]
    page: Path | None

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on the scan and on what the last method did."""
        last = self.comparison.reconstructions[self.methods[-1]]
        return (*self.comparison.acquisition.header.notes, *last.provenance.notes)


def reconstruct_file(
    path: Path,
    folder: Path,
    request: Request,
    *,
    command: str = "",
    progress: StartProgress = no_progress,
) -> Finished:
    """Reconstruct a file, or make its image finer; write the images and a page.

    Args:
        path: file or folder of any format.
        folder: to write to.
        request: what to make of it.
        command: what the page names to repeat it.
        progress: asked for a progress by each method's name.

    Raises:
        FeatherError: one sentence; files that are written are complete.
    """
    given, reference = request.read(path)
    chosen = request.methods or (default_method(given, request.task, request.scale),)
    for name in chosen:
        check_suits(name, given, request.task)
    titles = labels(chosen)
    methods = {titles[name]: request.method(name) for name in chosen}
    baseline = dict([request.interpolation()]) if request.finer else ZERO_FILLED
    comparison = compare(
        given,
        methods,
        reference if request.page else None,
        scan=path.name,
        progress=progress,
        baseline=baseline if request.page else {},
    )
    return Finished(
        comparison,
        tuple(methods),
        "" if request.methods else chosen[0],
        tuple(_images(comparison, tuple(methods), folder, request)),
        _page(comparison, folder, request, command) if request.page else None,
    )


def _page(comparison: Comparison, folder: Path, request: Request, command: str) -> Path:
    title = f"{request.task.capitalize()} report"
    return write_report(comparison, folder / "report.html", title=title, command=command)


def _images(
    comparison: Comparison, methods: tuple[str, ...], folder: Path, request: Request
) -> list[Path]:
    """Write images and fields; the last method's have the plain name."""
    usual = ("npy", "gif" if comparison.acquisition.n_frames > 1 else "png")
    written: list[Path] = []
    for name in methods:
        last = name == methods[-1]
        stem = "image" if last else f"image-{name.strip(os.sep).replace(os.sep, '-')}"
        made = comparison.reconstructions[name]
        image, header = _asked(made, request.times)
        for kind in request.formats or usual:
            written += save_image(image, header, folder / stem, kind)
        if made.field is not None:
            field = folder / f"{stem.replace('image', 'field', 1)}.safetensors"
            written.append(save_field(made.field, field))
    return written


def _asked(made: Reconstruction, times: int) -> tuple[Tensor, Header]:
    """Image and header of the frames asked for."""
    if not times or made.field is None:
        return made.image, made.header
    return made.field.image(made.field.domain.equal_times(times))


def labels(names: Sequence[str]) -> Mapping[str, str]:
    """What each method is called on the page: a run by its last part, if nothing else is so."""
    short = {name: Path(name).name or name for name in names}
    taken = Counter([*short.values(), *(key for table in TASKS.values() for key in table)])
    return {name: last if taken[last] == 1 else name for name, last in short.items()}
