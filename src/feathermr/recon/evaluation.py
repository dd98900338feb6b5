"""The evaluation: methods x scans x masks, to one record that can be stored and read back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from feathermr import __version__
from feathermr.acquisition import Acquisition
from feathermr.core.atomic import written_file
from feathermr.core.environment import environment
from feathermr.core.errors import DataError
from feathermr.core.settings import Setting
from feathermr.metrics import Alignment, Policy, Score
from feathermr.recon.compare import StartProgress, compare, no_progress
from feathermr.recon.reference import reference_image
from feathermr.recon.runner import Method
from feathermr.sampling import Undersampling

OWN_REFERENCE = (
    "{} is complete and its own reference, so as it is nothing can be scored; undersample it, "
    "e.g. with --acceleration 4"
)


@dataclass(frozen=True)
class Entry:
    """One scan under one mask.

    Attributes:
        scan: its name.
        origin: of the scan: measured, simulated, or image (retrospective).
        notes: what was done to the scan.
        undersampling: the pattern and its numbers; empty when the scan came undersampled.
        acceleration: as achieved.
        scores: of every method.
        seconds: by method.
        settings: by method.
    """

    scan: str
    origin: str
    notes: tuple[str, ...]
    undersampling: Mapping[str, str | float]
    acceleration: float
    scores: tuple[Score, ...]
    seconds: Mapping[str, float]
    settings: Mapping[str, Mapping[str, Setting]]

    @property
    def mask(self) -> str:
        """The mask's name: entries that share it stand in one table."""
        if not self.undersampling:
            return "as acquired"
        center = self.undersampling["center"]
        lines = f", center {center:g}" if center else ""
        pattern, acceleration = self.undersampling["pattern"], self.undersampling["acceleration"]
        return f"{pattern} {acceleration:g}x{lines}"


def evaluate(
    scans: Iterable[tuple[str, Acquisition]],
    masks: Sequence[Undersampling],
    methods: Mapping[str, Method],
    *,
    policy: Policy = "volume",
    alignment: Alignment = "none",
    progress: StartProgress = no_progress,
) -> tuple[Entry, ...]:
    """Reconstruct and score every scan under every mask by every method.

    Args:
        scans: name and scan, complete unless ``masks`` is empty; read one at a time.
        masks: to undersample with; empty to take the scans as they are.
        methods: by name; zero filling is added.
        policy: of the scores.
        alignment: of the scores.
        progress: asked for a progress by what is being done.

    Raises:
        DataError: a scan has nothing to be compared with.
    """
    entries = []
    for name, complete in scans:
        reference = reference_image(complete)
        if reference is None:
            raise DataError(
                f"{name} is neither complete nor has a reference, so nothing can be scored; "
                "give a complete scan"
            )
        if not masks and complete.reference is None:
            raise DataError(OWN_REFERENCE.format(name))
        for chosen in masks or (None,):
            mask = None if chosen is None else chosen.named(complete)
            given = complete if mask is None else mask(complete)
            comparison = compare(
                given, methods, reference,
                scan=name, policy=policy, alignment=alignment, progress=progress,
            )  # fmt: skip
            if comparison.reference is None:
                raise DataError(OWN_REFERENCE.format(name))
            done = comparison.reconstructions
            entries.append(
                Entry(
                    scan=name,
                    origin=given.header.origin,
                    notes=given.header.notes,
                    undersampling={} if mask is None else mask.record(),
                    acceleration=given.acceleration,
                    scores=comparison.scores,
                    seconds={key: one.seconds for key, one in done.items()},
                    settings={key: one.provenance.settings for key, one in done.items()},
                )
            )
    return tuple(entries)


def store(entries: Sequence[Entry], path: Path, command: str = "") -> Path:
    """Write the entries as JSON, with versions, commit and hardware."""
    record = {
        "format": "feathermr evaluation 1",
        "feathermr": __version__,
        "command": command,
        "environment": dict(environment()),
        "entries": [asdict(entry) for entry in entries],
    }
    with written_file(path) as beside:
        beside.write_text(json.dumps(record, indent=1, allow_nan=False) + "\n")
    return path


def read(path: Path) -> tuple[Entry, ...]:
    """Entries as `store` wrote them.

    Raises:
        DataError: not such a file.
    """
    try:
        record = json.loads(path.read_text())
        if record["format"] != "feathermr evaluation 1":
            raise KeyError(record["format"])
        return tuple(
            Entry(**{**entry, "notes": tuple(entry["notes"]), "scores": _scores(entry["scores"])})
            for entry in record["entries"]
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path} is not a stored evaluation: {error!r}") from None


def _scores(records: Sequence[Mapping[str, object]]) -> tuple[Score, ...]:
    listed = ("values", "data_range")
    return tuple(
        Score(**{key: tuple(value) if key in listed else value for key, value in record.items()})  # type: ignore[arg-type]
        for record in records
    )
