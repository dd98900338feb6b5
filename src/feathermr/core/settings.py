"""Settings from a command line or a file, checked and converted to the fields of a record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, ClassVar, Literal, Protocol, TypeVar, get_args, get_origin, get_type_hints

from feathermr.core.errors import UsageError
from feathermr.core.registry import look_up

Setting = str | int | float | bool | None


class Record(Protocol):
    """A frozen dataclass whose fields are words, numbers or truth values."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


R = TypeVar("R", bound=Record)


def with_settings(record: R, settings: Mapping[str, Setting] | None, owner: str) -> R:
    """The record with other values for some of its fields.

    Args:
        record: with the values that stay where no setting says otherwise.
        settings: by field; text is converted to the field's type, and one of several words (a
            ``Literal``) must be among them.
        owner: what the settings are of, as an error names it.

    Raises:
        UsageError: an unknown setting, or a value of the wrong kind.
    """
    known = {field.name: getattr(record, field.name) for field in fields(record)}
    hints = get_type_hints(type(record))
    chosen: dict[str, Any] = {}
    for key, value in (settings or {}).items():
        default = look_up(known, key, f"setting of {owner}")
        if get_origin(hints[key]) is Literal:
            look_up(dict.fromkeys(get_args(hints[key])), str(value), f"value of {key}")
        chosen[key] = _convert(default, value, key)
    return replace(record, **chosen)


def _convert(default: object, value: Setting, key: str) -> Setting:
    if isinstance(default, bool):
        if str(value).lower() not in ("true", "false"):
            raise UsageError(f"{key} must be true or false, not '{value}'")
        return str(value).lower() == "true"
    kind: type[str] | type[int] | type[float] = type(default)  # type: ignore[assignment]
    try:
        converted = kind(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise UsageError(f"{key} must be of kind {kind.__name__}, not '{value}'") from None
    if isinstance(value, float) and kind is int and converted != value:
        raise UsageError(f"{key} must be a whole number, not {value}")
    if isinstance(converted, (int, float)) and not 0 <= converted < float("inf"):
        raise UsageError(f"{key} must be zero or positive and finite, not {value}")
    return converted
