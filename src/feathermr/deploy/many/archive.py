"""An archive: a folder of scans at any depth, and the folder that gets their images."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from feathermr.acquisition.scan_names import named_like_scan
from feathermr.core.errors import DataError, UsageError


@dataclass(frozen=True)
class Archive:
    """Where scans are and where their images go; the tree of results is that of the scans.

    Attributes:
        folder: of the scans.
        out: of the results: those of ``a/b.h5`` go to the folder ``a/b.h5`` in it.
        patterns: which files, or folders of one series each, are scans, e.g. ``*.h5`` or
            ``raw/*.npz``; none for all whose name ends like that of a scan.
    """

    folder: Path
    out: Path
    patterns: tuple[str, ...] = ()

    def check(self) -> None:
        """Refuse folders that hold each other in the wrong order.

        Raises:
            DataError: there is no such folder.
            UsageError: results could overwrite scans.
        """
        if not self.folder.is_dir():
            raise DataError(f"{self.folder}: there is no such folder")
        folder, out = self.folder.resolve(), self.out.resolve()
        if folder == out or out in folder.parents:
            raise UsageError(
                f"results could overwrite the scans in {self.folder}; give an --out that does not "
                "hold it"
            )

    def sources(self) -> list[str]:
        """The scans in their order, as paths below the folder with ``/`` between.

        Hidden files and the folder of results are left out. A folder that is a scan is not
        searched for others.
        """
        found: list[str] = []
        out = self.out.resolve()
        for here, folders, files in os.walk(self.folder):
            inside = Path(here)
            for name in sorted(folders):
                path = inside / name
                if name.startswith(".") or path.resolve() == out:
                    folders.remove(name)
                elif self.patterns and self._is_scan(path):
                    folders.remove(name)
                    found.append(path.relative_to(self.folder).as_posix())
            folders.sort()
            found += [
                (inside / name).relative_to(self.folder).as_posix()
                for name in files
                if not name.startswith(".") and self._is_scan(inside / name)
            ]
        return sorted(found)

    def _is_scan(self, path: Path) -> bool:
        if not self.patterns:
            return named_like_scan(path.name)
        relative = PurePosixPath(path.relative_to(self.folder).as_posix())
        return any(relative.match(pattern) for pattern in self.patterns)

    def source(self, name: str) -> Path:
        """The scan called ``name``."""
        return self.folder / name

    def result(self, name: str) -> Path:
        """The folder of its results."""
        return self.out / name
