"""Look a name up in a literal table; no string is ever turned into an import."""

import difflib
from collections.abc import Mapping
from typing import TypeVar

from feathermr.core.errors import UsageError

T = TypeVar("T")


def look_up(table: Mapping[str, T], name: str, kind: str) -> T:
    """The entry called ``name``.

    Raises:
        UsageError: there is none; the sentence proposes the nearest name or lists all.
    """
    if name in table:
        return table[name]
    near = difflib.get_close_matches(name, table, n=1)
    hint = f"did you mean '{near[0]}'?" if near else f"there are: {', '.join(sorted(table))}"
    raise UsageError(f"no {kind} is called '{name}'; {hint}")
