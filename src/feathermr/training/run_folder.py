"""The folder of a training: what lies where in it, and its table of metrics."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from feathermr import __version__
from feathermr.core.atomic import written_file
from feathermr.core.environment import environment
from feathermr.core.errors import DataError, UsageError
from feathermr.training.reading import plain
from feathermr.training.recipe import Recipe, load_recipe, save_recipe

#: what a resumed training may have otherwise
MAY_CHANGE = {
    "summary",
    "data.cache.gigabytes",
    "trainer.steps",
    "trainer.patience",
    "trainer.validate_every",
    "trainer.checkpoint_every",
    "trainer.checkpoint_minutes",
}


class Row(NamedTuple):
    """One value of the metrics.

    Attributes:
        step: of the optimiser, the first is 1.
        part: ``train`` or ``validation``.
        name: of the metric or of the loss's term.
        value: the metric.
    """

    step: int
    part: str
    name: str
    value: float


@dataclass(frozen=True)
class RunFolder:
    """A training's folder.

    Attributes:
        path: the folder.
    """

    path: Path

    @property
    def recipe(self) -> Path:
        """Every value of the training's recipe."""
        return self.path / "recipe.yaml"

    @property
    def metrics(self) -> Path:
        """Table of `Row`, one a line."""
        return self.path / "metrics.csv"

    @property
    def curves(self) -> Path:
        """Loss and PSNR over the steps."""
        return self.path / "curves.png"

    @property
    def environment(self) -> Path:
        """Versions and machine."""
        return self.path / "environment.json"

    @property
    def weights(self) -> Path:
        """The averaged weights of the best validation, with their card."""
        return self.path / "model.safetensors"

    @property
    def examples(self) -> Path:
        """The cache of examples, of trainings that have one here."""
        return self.path / "examples"

    @property
    def teacher(self) -> Path:
        """The weights of a teacher that was corrected while it taught."""
        return self.path / "teacher.safetensors"

    @property
    def last(self) -> Path:
        """The checkpoint that a resumed training goes on from."""
        return self.path / "checkpoints" / "last.ckpt"

    @property
    def best(self) -> Path:
        """The checkpoint of the best validation."""
        return self.path / "checkpoints" / "best.ckpt"

    def begin(self, recipe: Recipe, command: str) -> None:
        """Write what is known before the first step.

        Raises:
            UsageError: the folder holds something already.
            DataError: the file system refuses.
        """
        if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
            raise UsageError(
                f"{self.path} holds something already; give another folder with --out, or go on "
                "with the training that is there with --resume"
            )
        save_recipe(recipe, self.recipe)
        self.write_environment(command)

    def go_on(self, recipe: Recipe, command: str) -> None:
        """Write what is known before the first step of a resumed run.

        Raises:
            UsageError: the recipe is another than that of the folder.
        """
        before, now = _flat(plain(load_recipe(self.recipe))), _flat(plain(recipe))
        for key in sorted({*before, *now} - MAY_CHANGE):
            if before.get(key) != now.get(key):
                raise UsageError(
                    f"the training in {self.path} has {key} = {before.get(key)}, not "
                    f"{now.get(key)}; resume it with what it began with, or begin another folder"
                )
        save_recipe(recipe, self.recipe)
        self.write_environment(command)

    def write_environment(self, command: str) -> None:
        """Note versions, machine and command of this run; earlier ones stay."""
        runs = []
        if self.environment.exists():
            runs = json.loads(self.environment.read_text())["runs"]
        record = {"feathermr": __version__, "command": command, **environment()}
        with written_file(self.environment) as beside:
            beside.write_text(json.dumps({"runs": [*runs, record]}, indent=1) + "\n")

    def note_speed(self, speed: Mapping[str, Any]) -> None:
        """Add to the record of this run how fast it was."""
        record = json.loads(self.environment.read_text())
        record["runs"][-1]["speed"] = dict(speed)
        with written_file(self.environment) as beside:
            beside.write_text(json.dumps(record, indent=1) + "\n")

    def append(self, rows: Iterable[Row]) -> None:
        """Add lines to the table of metrics.

        Raises:
            DataError: the file system refuses.
        """
        try:
            with self.metrics.open("a", newline="") as file:
                writer = csv.writer(file, lineterminator="\n")
                if file.tell() == 0:
                    writer.writerow(Row._fields)
                writer.writerows([*row[:3], f"{row.value:.7g}"] for row in rows)
        except OSError as error:
            raise DataError(f"cannot write {self.metrics}: {error.strerror}") from error

    def rows(self) -> list[Row]:
        """The table of metrics; a last line that was cut off is left out."""
        if not self.metrics.exists():
            return []
        rows = []
        with self.metrics.open(newline="") as file:
            for line in csv.DictReader(file):
                try:
                    rows.append(
                        Row(int(line["step"]), line["part"], line["name"], float(line["value"]))
                    )
                except (TypeError, ValueError, KeyError):
                    continue
        return rows

    def forget_after(self, step: int) -> None:
        """Leave out what an interrupted run noted beyond the checkpoint that it goes on from."""
        kept = [row for row in self.rows() if row.step <= step]
        with written_file(self.metrics) as beside:
            RunFolder._write(beside, kept)

    @staticmethod
    def _write(path: Path, rows: Iterable[Row]) -> None:
        with path.open("w", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(Row._fields)
            writer.writerows([*row[:3], f"{row.value:.7g}"] for row in rows)
            file.flush()
            os.fsync(file.fileno())


def _flat(tree: Any, where: str = "") -> dict[str, Any]:
    """The values of nested mappings by dotted key."""
    if not isinstance(tree, dict):
        return {where: tree}
    return {
        key: value
        for name, branch in tree.items()
        for key, value in _flat(branch, f"{where}.{name}" if where else str(name)).items()
    }


def series(rows: Iterable[Row], part: str, name: str) -> Mapping[int, float]:
    """A metric's value at each step where it was noted."""
    return {row.step: row.value for row in rows if (row.part, row.name) == (part, name)}
