"""Errors that say what was expected, what came, and what to do."""


class FeatherError(Exception):
    """Base of every error this package raises on purpose; one clear sentence, no traceback."""

    exit_code = 1


class DataError(FeatherError):
    """A file or an array is not what it has to be: broken, empty, foreign, or of a wrong shape."""


class ShapeError(DataError):
    """An array's axes do not fit where it was put."""


class UsageError(FeatherError):
    """The caller asked for something that does not exist: an unknown name, a value out of range."""

    exit_code = 2


class MissingExtraError(FeatherError):
    """An optional dependency is not installed; the message holds the command that installs it."""


def described(error: Exception, hint: str) -> str:
    """What to say of any error; of one that nobody foresaw with ``hint`` behind."""
    if isinstance(error, FeatherError):
        return str(error)
    if isinstance(error, OSError):
        return f"{error.strerror or error}: {error.filename or ''}".strip(": ")
    if isinstance(error, MemoryError) or "allocate" in str(error) or "out of memory" in str(error):
        return "not enough memory for this size; use fewer slices, frames or coils at a time"
    return f"unexpected {type(error).__name__}: {error} ({hint})"
