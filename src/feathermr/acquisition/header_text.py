"""The header as text, so that a file of any format can carry all of it."""

import json
from dataclasses import asdict, fields
from typing import Any

from feathermr.acquisition.record import Header
from feathermr.core.errors import DataError


def header_to_text(header: Header) -> str:
    """The header as one line of JSON."""
    return json.dumps(asdict(header))


def header_from_text(text: str) -> Header:
    """The header that `header_to_text` wrote.

    Raises:
        DataError: the text is not such a header; the sentence names the field.
    """
    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        raise DataError(f"the header is not JSON: {error}") from error
    known = {field.name for field in fields(Header)}
    if not isinstance(values, dict) or set(values) - known:
        raise DataError("the header holds fields that this version does not know")
    try:
        return Header(**{name: _checked(name, value) for name, value in values.items()})
    except (TypeError, ValueError) as error:
        raise DataError(f"the header does not hold what it must: {error}") from error


def _checked(name: str, value: Any) -> Any:
    """``value`` with the type that the field ``name`` has."""
    if name in ("source", "subject", "anatomy"):
        return str(value)
    if name == "origin":
        if value not in ("measured", "simulated", "image"):
            raise ValueError(f"origin is '{value}'")
        return value
    if name == "phase_axis":
        return int(value)
    if name == "notes":
        return tuple(str(note) for note in value)
    if name == "frame_times":
        return _numbers(value, len(value))
    if value is None:
        return None
    if name == "spacing":
        return _numbers(value, 3)
    if name == "image_shape":
        return tuple(int(size) for size in _numbers(value, 2))
    if name == "affine":
        if len(value) != 4:
            raise ValueError("affine is not 4 x 4")
        return tuple(_numbers(row, 4) for row in value)
    return float(value)


def _numbers(values: Any, count: int) -> tuple[float, ...]:
    if len(values) != count:
        raise ValueError(f"{len(values)} numbers where {count} belong")
    return tuple(float(value) for value in values)
