"""Read a tree of frozen dataclasses from plain mappings; every key and every type is checked."""

import dataclasses
import difflib
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeVar

from feathermr.core.errors import UsageError

T = TypeVar("T")

#: how a type is called in a sentence
WORDS = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}


def read(kind: type[T], given: object, where: str = "") -> T:
    """The dataclass ``kind`` from a mapping of its fields; those left out keep their defaults.

    Args:
        kind: a dataclass whose fields are numbers, texts, choices, lists of fixed type, mappings
            or dataclasses.
        given: what the file says.
        where: dotted path to it, for the sentence of an error.

    Raises:
        UsageError: an unknown key, a missing one, a value of another type or out of range.
    """
    if given is None:
        given = {}
    if not isinstance(given, Mapping):
        raise UsageError(f"{where or 'a recipe'} must be keys with values, not {given!r}")
    hints = typing.get_type_hints(kind)
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    for key in given:
        if key not in fields:
            raise UsageError(_unknown(str(key), list(fields), where))
    for name, field in fields.items():
        free = field.default is dataclasses.MISSING, field.default_factory is dataclasses.MISSING
        if all(free) and name not in given:
            raise UsageError(f"{_join(where, name)} is missing; give it a value")
    values = {key: _value(hints[key], value, _join(where, key)) for key, value in given.items()}
    try:
        return kind(**values)
    except UsageError as error:
        raise UsageError(f"{where}: {error}" if where else str(error)) from None


def plain(tree: Any) -> Any:
    """A dataclass as mappings, lists and plain values: what `read` takes."""
    if dataclasses.is_dataclass(tree) and not isinstance(tree, type):
        return {field.name: plain(getattr(tree, field.name)) for field in dataclasses.fields(tree)}
    if isinstance(tree, Mapping):
        return {key: plain(value) for key, value in tree.items()}
    if isinstance(tree, tuple | list):
        return [plain(value) for value in tree]
    return tree


def extended(kind: type, base: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The mapping ``base`` of a dataclass's fields with those that ``given`` names in their place.

    Only the fields of dataclasses are joined one by one: any other value, a mapping too, replaces
    the base's as a whole.
    """
    hints = typing.get_type_hints(kind)
    joined = dict(base)
    for key, value in given.items():
        hint, below = hints.get(key), joined.get(key)
        both = isinstance(below, Mapping) and isinstance(value, Mapping)
        if both and isinstance(hint, type) and dataclasses.is_dataclass(hint):
            joined[key] = extended(hint, below or {}, value)
        else:
            joined[key] = value
    return joined


def override(given: Mapping[str, Any], changes: Mapping[str, str]) -> dict[str, Any]:
    """The mapping with values at dotted keys set to what the texts mean.

    Raises:
        UsageError: a key leads through a value that has no keys.
    """
    changed: dict[str, Any] = dict(plain(given))
    for key, text in changes.items():
        *branches, leaf = key.split(".")
        place = changed
        for branch in branches:
            inner = place.setdefault(branch, {})
            if inner is None:
                inner = place[branch] = {}
            if not isinstance(inner, dict):
                raise UsageError(f"cannot set {key}: '{branch}' is a value and has no keys")
            place = inner
        place[leaf] = _meaning(text)
    return changed


def _meaning(text: str) -> Any:
    """Keys with values in braces, a list in brackets, a number, true or false, none; else text."""
    stripped = text.strip()
    if stripped.startswith("{") and stripped.endswith("}"):
        pairs = [part.partition(":") for part in stripped[1:-1].split(",") if part.strip()]
        return {key.strip(): _meaning(value) for key, _, value in pairs}
    if stripped.startswith("[") and stripped.endswith("]"):
        inside = stripped[1:-1].strip()
        return [_meaning(part) for part in inside.split(",")] if inside else []
    words: Mapping[str, Any] = {"true": True, "false": False, "none": None, "null": None}
    return words[stripped.lower()] if stripped.lower() in words else _number(stripped)


def _number(text: str) -> int | float | str:
    """A whole number or a number as Python writes them, ``1e-3`` included; else the text."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _value(hint: Any, given: Any, where: str) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return _number(given) if isinstance(given, str) else given
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return read(hint, given, where)
    if origin in (typing.Union, types.UnionType):
        if given is None and type(None) in arguments:
            return None
        return _value(next(one for one in arguments if one is not type(None)), given, where)
    if origin is Literal:
        return _choice(arguments, given, where)
    if origin is tuple:
        return _tuple(arguments, given, where)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        if not isinstance(given, Mapping):
            raise UsageError(f"{where} must be keys with values, not {given!r}")
        return {
            str(key): _value(arguments[1], value, _join(where, str(key)))
            for key, value in given.items()
        }
    return _plain_value(hint, given, where)


def _choice(choices: Sequence[Any], given: Any, where: str) -> Any:
    if given in choices:
        return given
    near = difflib.get_close_matches(str(given), [str(one) for one in choices], n=1)
    hint = f"did you mean '{near[0]}'?" if near else f"one of: {', '.join(map(str, choices))}"
    raise UsageError(f"{where} cannot be '{given}'; {hint}")


def _tuple(hints: Sequence[Any], given: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(given, list | tuple):
        raise UsageError(f"{where} must be a list, not {given!r}")
    if len(hints) == 2 and hints[1] is Ellipsis:
        hints = [hints[0]] * len(given)
    if len(hints) != len(given):
        raise UsageError(f"{where} must have {len(hints)} values, not {len(given)}")
    pairs = enumerate(zip(hints, given, strict=True))
    return tuple(_value(hint, value, f"{where}[{index}]") for index, (hint, value) in pairs)


def _plain_value(hint: type, given: Any, where: str) -> Any:
    """YAML reads ``2e-4`` as a text; where a number is wanted it is one."""
    if hint in (int, float) and isinstance(given, str):
        given = _number(given)
    if hint is float and isinstance(given, int) and not isinstance(given, bool):
        given = float(given)
    if hint is int and isinstance(given, float) and given.is_integer():
        given = int(given)
    fits = isinstance(given, hint) and (hint is bool or not isinstance(given, bool))
    if not fits or given != given:
        raise UsageError(f"{where} must be {WORDS.get(hint, hint.__name__)}, not {given!r}")
    return given


def _unknown(key: str, known: Sequence[str], where: str) -> str:
    near = difflib.get_close_matches(key, known, n=1)
    hint = f"did you mean '{near[0]}'?" if near else f"there are: {', '.join(known)}"
    return f"{where or 'the recipe'} has no key '{key}'; {hint}"


def _join(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name
