"""What became of a scan, as a worker tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: why a worker is killed, as a rule
MEMORY = "it may need more memory than there is"


@dataclass(frozen=True)
class Result:
    """What became of a scan.

    Attributes:
        source: its name in the archive.
        record: of its results; none if it failed.
        reason: why it failed, in one sentence.
    """

    source: str
    record: Mapping[str, Any] | None = None
    reason: str = ""
